"""`POST /-/reload` and `GET /api/catalog`."""

import asyncio
import shutil
from pathlib import Path

import pytest

import router.reload
import router.web.api.catalog
from router.edition import Edition, UnsettledError
from router.reload import MOST_PROBLEMS
from tests.catalogs import CATALOG
from tests.router.making import NOON, minutes
from tests.router.road import WEBHOOK_TOKEN, Road

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ONCALL = "oncall/plataforma.yaml"


@pytest.fixture
def folder(road: Road) -> Path:
    """The catalog's files; the router runs by another catalog until it reads them."""
    shutil.copytree(CATALOG, road.settings.catalog)
    return road.settings.catalog


def spoil(folder: Path) -> None:
    text = (folder / ONCALL).read_text()
    (folder / ONCALL).write_text(text.replace("policy: plataforma", "policy: platforma"))


async def test_a_good_catalog_is_taken_up_and_then_unchanged(road: Road, folder: Path) -> None:
    assert "platform-1" not in road.worker.catalog.names
    road.clock.advance(minutes(90))

    first = await road.api("POST", "/-/reload")
    second = await road.api("POST", "/-/reload")

    assert "platform-1" in road.worker.catalog.names
    version = road.worker.catalog.version
    assert (first.status_code, first.json()) == (200, {"catalog": version, "changed": True})
    assert (second.status_code, second.json()) == (200, {"catalog": version, "changed": False})
    assert (await road.api("GET", "/api/catalog")).json() == {
        "version": version,
        "loaded_at": (NOON + minutes(90)).isoformat(),
        "refused": None,
    }
    assert await road.metric(f'guardia_catalog_info{{version="{version}"}}') == "1.0"
    assert await road.metric('guardia_catalog_reloads_total{outcome="changed"}') == "1.0"


async def test_a_bad_catalog_is_422_with_each_problem_and_its_place(
    road: Road, folder: Path
) -> None:
    spoil(folder)

    answer = await road.api("POST", "/-/reload")

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["detail"] == (
        "The catalog's files have 1 problem; catalog edition-1 stays in force."
    )
    assert told["catalog"] == road.worker.catalog.version == "edition-1"
    (problem,) = told["problems"]
    assert (problem["code"], problem["line"], problem["column"]) == ("unknown-reference", 50, 13)
    assert problem["path"] == f"{folder}/{ONCALL}"
    assert problem["message"] == "there is no policy `platforma`"
    assert problem["fix"]
    shown = (await road.api("GET", "/api/catalog")).json()
    assert shown["version"] == "edition-1"
    assert shown["refused"] == {"at": NOON.isoformat(), "count": 1, "problems": [problem]}
    assert await road.metric("guardia_catalog_last_reload_successful") == "0.0"


async def test_very_many_problems_are_counted_and_the_first_are_told(
    road: Road, folder: Path
) -> None:
    for number in range(MOST_PROBLEMS + 50):
        (folder / "oncall" / f"{number:03}.yaml").write_text("people: 7\n")

    told = (await road.api("POST", "/-/reload")).json()

    assert len(told["problems"]) == MOST_PROBLEMS
    assert told["detail"].startswith(
        "The catalog's files have 250 problems, of which the first 200 follow; catalog"
    )


@pytest.mark.parametrize(("method", "path"), [("POST", "/-/reload"), ("GET", "/api/catalog")])
async def test_a_stranger_reloads_and_sees_nothing(
    road: Road, folder: Path, method: str, path: str
) -> None:
    spoil(folder)
    for headers in ({}, {"Authorization": f"Bearer {WEBHOOK_TOKEN}"}):
        answer = await road.client.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert "edition-1" not in answer.text
    assert await road.metric("guardia_catalog_last_reload_successful") == "1.0"


async def test_reading_is_no_reason_to_reload(road: Road, folder: Path) -> None:
    assert (await road.api("GET", "/-/reload")).status_code == 405
    assert (await road.api("GET", "/api/catalog")).json()["version"] == "edition-1"
    assert road.worker.catalog.version == "edition-1"


async def test_files_that_change_meanwhile_are_to_be_tried_again(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(_root: Path) -> Edition:
        raise UnsettledError("they change")

    monkeypatch.setattr(router.reload, "read_edition", change)

    answer = await road.api("POST", "/-/reload")

    assert answer.status_code == 503
    assert "changed while they were read" in answer.json()["detail"]


async def test_a_file_system_that_hangs_keeps_nobody_waiting_for_ever(
    road: Road, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readable = asyncio.Event()

    async def hang(*_: object) -> Edition:
        await readable.wait()
        return Edition(digest="", catalog=road.worker.catalog, problems=(), files={})

    with monkeypatch.context() as hanging:
        hanging.setattr(router.web.api.catalog, "WAIT_SECONDS", 0.001)
        hanging.setattr(asyncio, "to_thread", hang)
        answer = await road.api("POST", "/-/reload")
    assert answer.status_code == 503
    assert "could not be read in time" in answer.json()["detail"]

    readable.set()
    # In its turn: the one that hung was not left half done, and did not end before its end.
    assert (await road.api("POST", "/-/reload")).status_code == 200
    assert await road.metric('guardia_catalog_reloads_total{outcome="unchanged"}') == "1.0"
    assert await road.metric('guardia_catalog_reloads_total{outcome="changed"}') == "1.0"

"""A changed catalog is taken up without a restart, and a bad one changes nothing (G9)."""

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from router.store.engine import open_engine
from router.store.tables import editions
from tests.catalogs import CATALOG, copy_catalog
from tests.delivery.router_process import (
    ROOT,
    RouterProcess,
    Town,
    guardia,
    open_town,
    running,
)
from tests.fakes.serving import PATIENCE_SECONDS
from tests.router.making import alert_body, notification_body

ONCALL = "oncall/plataforma.yaml"
CHANGED = "a changed catalog is in force"
UNCHANGED = "the catalog is unchanged"
REFUSED = "the catalog's files are refused, the running catalog stays"
STANDS_IN = "the catalog's files are bad, the router starts with the last good ones"
# How often the router looks at the files; as in production where a test says nothing.
OFTEN = "router.main:POLL_SECONDS=0.1"
SELDOM = "router.main:POLL_SECONDS=600"  # not before it is told to
FIRST_STEP = "      - schedules: [primary]\n"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(tmp_path) as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class Files:
    """The catalog's files, in which the first step of the policy names one person."""

    folder: Path

    def write(self, text: str) -> None:
        """Put the file there in one go."""
        draft = self.folder.with_name("draft")
        draft.write_text(text)
        draft.rename(self.folder / ONCALL)

    def page_first(self, person: str) -> None:
        self.write(first_step(person))

    def restore(self, person: str) -> None:
        """Put good files in the place of whatever is left, nearly at once."""
        good = Files(Path(shutil.copytree(CATALOG, self.folder.with_name("good"))))
        good.page_first(person)
        self.take_away()
        good.folder.rename(self.folder)

    def spoil(self, person: str = "platform-1") -> None:
        self.write(first_step(person).replace("policy: plataforma", "policy: platforma"))

    def empty(self) -> None:
        """Leave a file as one that was cut off."""
        self.write("")

    def take_away(self) -> None:
        """Leave nothing, in one go, as where a volume is not mounted."""
        if self.folder.exists():
            self.folder.rename(self.folder.with_name("gone"))


def first_step(person: str) -> str:
    text = (CATALOG / ONCALL).read_text()
    assert FIRST_STEP in text
    return text.replace(FIRST_STEP, f"      - people: [{person}]\n")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    copied = Files(copy_catalog(tmp_path))
    copied.page_first("platform-1")
    return copied


@contextmanager
def going_by(files: Files, town: Town, *, sets: str = OFTEN) -> Iterator[RouterProcess]:
    with running(town, sets=sets, GUARDIA_CATALOG=str(files.folder)) as router:
        yield router


def post_critical(router: RouterProcess, name: str) -> None:
    """Send an alert that opens an incident of its own."""
    alert = alert_body("firing", severity="critical", environment="prod", alertname=name)
    group = {"alertname": name}
    body = notification_body(alert, groupLabels=group, groupKey=f'{{}}:{{alertname="{name}"}}')
    assert router.post(body) == 200


def wait_for_pages(town: Town, *people: str) -> None:
    """Wait until these people were woken, in this order, and assert that nobody else was."""
    town.pagerduty.wait_for(lambda fake: len(fake.pages) >= len(people))
    assert [page.person for page in town.pagerduty.pages] == list(people)


def ask(router: RouterProcess, method: str, path: str) -> Any:
    headers = {"Authorization": "Bearer api-token"}
    return httpx.request(
        method, f"{router.url}{path}", headers=headers, timeout=PATIENCE_SECONDS
    ).json()


def metric(router: RouterProcess, sample: str) -> float:
    for line in httpx.get(f"{router.url}/metrics", timeout=PATIENCE_SECONDS).text.splitlines():
        if line.startswith(f"{sample} "):
            return float(line.removeprefix(sample))
    raise AssertionError(f"there is no {sample}")


def client(town: Town, router: RouterProcess) -> dict[str, str]:
    return town.environment(GUARDIA_URL=router.url)


def only_wait(_town: Town, _router: RouterProcess) -> None:
    """Do nothing: the router finds the change itself, by its own interval."""


def send_sighup(_town: Town, router: RouterProcess) -> None:
    router.process.send_signal(signal.SIGHUP)


def call_reload(town: Town, router: RouterProcess) -> None:
    told = guardia("reload", environment=client(town, router))
    assert told.returncode == 0, told.stderr
    version = ask(router, "GET", "/api/catalog")["version"]
    assert told.stdout == f"catalog {version} is in force now\n"


@pytest.mark.parametrize("tell", [only_wait, send_sighup, call_reload])
def test_the_next_page_goes_by_the_changed_catalog(
    town: Town, files: Files, tell: Callable[[Town, RouterProcess], None]
) -> None:
    with going_by(files, town, sets="" if tell is only_wait else SELDOM) as router:
        before = ask(router, "GET", "/api/catalog")
        post_critical(router, "Before")
        wait_for_pages(town, "platform-1")

        files.page_first("platform-2")
        tell(town, router)
        version = router.wait_for_log(CHANGED)["catalog"]
        post_critical(router, "After")
        wait_for_pages(town, "platform-1", "platform-2")

        after = ask(router, "GET", "/api/catalog")
        assert after["version"] == version != before["version"]
        assert after["loaded_at"] > before["loaded_at"]
        assert metric(router, f'guardia_catalog_info{{version="{version}"}}') == 1
        assert metric(router, 'guardia_catalog_reloads_total{outcome="changed"}') == 1
        assert metric(router, "guardia_catalog_last_reload_successful") == 1
        assert router.stop() == 0
    assert "ERROR" not in {line["level"] for line in router.lines}


def test_a_bad_catalog_is_refused_and_the_running_one_goes_on_paging_until_it_is_mended(
    town: Town, files: Files
) -> None:
    with going_by(files, town) as router:
        version = ask(router, "GET", "/api/catalog")["version"]
        assert metric(router, "guardia_catalog_last_reload_successful") == 1

        files.spoil("platform-2")
        router.wait_for_log(REFUSED)

        assert metric(router, "guardia_catalog_last_reload_successful") == 0
        assert metric(router, 'guardia_catalog_reloads_total{outcome="refused"}') == 1
        shown = ask(router, "GET", "/api/catalog")
        assert shown["version"] == version
        (problem,) = shown["refused"]["problems"]
        assert problem["message"] == "there is no policy `platforma`"
        place = f"{files.folder}/{ONCALL}:{problem['line']}:{problem['column']}"
        router.wait_for_log(f"{place}: unknown-reference: there is no policy `platforma`")
        logged = [line["message"] for line in router.lines if line["level"] == "ERROR"]
        assert logged == [REFUSED, f"{place}: unknown-reference: there is no policy `platforma`"]
        told = guardia("reload", environment=client(town, router))
        assert told.returncode == 1
        assert told.stdout.startswith(f"{place}: error[unknown-reference]: there is no policy")
        assert f"catalog {version} stays in force" in told.stdout
        post_critical(router, "WhileRefused")
        wait_for_pages(town, "platform-1")

        files.page_first("platform-3")
        router.wait_for_log(CHANGED)
        assert metric(router, "guardia_catalog_last_reload_successful") == 1
        assert ask(router, "GET", "/api/catalog")["refused"] is None
        post_critical(router, "Mended")
        wait_for_pages(town, "platform-1", "platform-3")
        assert router.stop() == 0


def test_what_a_changed_catalog_needs_and_does_not_find_is_warned_of(
    town: Town, files: Files
) -> None:
    with going_by(files, town, sets=SELDOM) as router:
        text = (files.folder / ONCALL).read_text()
        files.write(text.replace("- pagerduty: platform-3", "- pagerduty: platform-9"))
        assert ask(router, "POST", "/-/reload")["changed"]
        assert router.stop() == 0

    warned = [line["message"] for line in router.lines if line["level"] == "WARNING"]
    (missing,) = (message for message in warned if "cannot read the secret" in message)
    assert "pagerduty-platform-9" in missing


def test_a_stranger_cannot_have_the_catalog_reloaded(town: Town, files: Files) -> None:
    with going_by(files, town) as router:
        for headers in ({}, {"Authorization": "Bearer webhook-token"}):
            answer = httpx.post(f"{router.url}/-/reload", headers=headers, timeout=PATIENCE_SECONDS)
            assert answer.status_code == 401
        assert metric(router, 'guardia_catalog_reloads_total{outcome="unchanged"}') == 0


def at_once(_router: RouterProcess) -> None:
    """Kill while the request is read, or the files are."""


def in_force(router: RouterProcess) -> None:
    """Kill when the new catalog is in force, without a look at the answer."""
    router.wait_for_log(CHANGED)


@pytest.mark.parametrize("moment", [at_once, in_force])
def test_killed_while_it_reloads_it_pages_by_the_new_catalog_after_its_start(
    town: Town, files: Files, moment: Callable[[RouterProcess], None]
) -> None:
    with going_by(files, town, sets=SELDOM) as router:
        files.page_first("platform-2")
        kill_in_reload(router, moment)

    with going_by(files, town) as restarted:
        post_critical(restarted, "AfterTheStart")
        wait_for_pages(town, "platform-2")
        assert restarted.stop() == 0


@pytest.mark.parametrize("moment", [at_once, in_force])
def test_killed_while_it_reloads_a_page_that_was_on_its_way_still_goes_out(
    town: Town, files: Files, moment: Callable[[RouterProcess], None]
) -> None:
    town.pagerduty.hold_next()  # the request arrives, and nothing is done with it
    with going_by(files, town, sets=SELDOM) as router:
        post_critical(router, "OnItsWay")
        town.pagerduty.wait_for(lambda fake: fake.held == 1)
        files.page_first("platform-2")
        kill_in_reload(router, moment)

    with going_by(files, town) as restarted:
        wait_for_pages(town, "platform-1")  # whom the policy named when the incident opened
        assert restarted.stop() == 0


def kill_in_reload(router: RouterProcess, moment: Callable[[RouterProcess], None]) -> None:
    with socket.create_connection(
        ("127.0.0.1", router.port), timeout=PATIENCE_SECONDS
    ) as connection:
        connection.sendall(
            b"POST /-/reload HTTP/1.1\r\nHost: router\r\nContent-Length: 0\r\n"
            b"Authorization: Bearer api-token\r\n\r\n"
        )
        moment(router)
        router.kill()


def test_a_configmap_is_taken_up_when_kubernetes_swaps_it(town: Town, tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    for edition, person in (("..2026_11_24", "platform-1"), ("..2026_11_25", "platform-2")):
        shutil.copytree(CATALOG, volume / edition)
        (volume / edition / ONCALL).write_text(first_step(person))
    (volume / "..data").symlink_to("..2026_11_24")
    for name in ("catalog.yaml", "oncall"):
        (volume / name).symlink_to(f"..data/{name}")
    with running(town, sets=OFTEN, GUARDIA_CATALOG=str(volume)) as router:
        (volume / "..data_tmp").symlink_to("..2026_11_25")
        (volume / "..data_tmp").rename(volume / "..data")
        shutil.rmtree(volume / "..2026_11_24")

        router.wait_for_log(CHANGED)
        post_critical(router, "AfterTheSwap")
        wait_for_pages(town, "platform-2")
        assert metric(router, 'guardia_catalog_reloads_total{outcome="refused"}') == 0


def test_a_signal_during_the_start_does_not_end_the_router(town: Town) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # a database that does not answer
        silent.settimeout(PATIENCE_SECONDS)
        database = f"postgresql://guardia@127.0.0.1:{silent.getsockname()[1]}/guardia"
        process = subprocess.Popen(
            [sys.executable, "-m", "guardia.cli.main", "serve"],
            cwd=ROOT,
            env=town.environment(GUARDIA_DATABASE=database),
            stderr=subprocess.DEVNULL,
        )
        connection, _ = silent.accept()
        process.send_signal(signal.SIGHUP)
        connection.close()

    assert process.wait(PATIENCE_SECONDS) == 2  # by itself: there is no database


def test_a_signal_with_nothing_changed_changes_nothing(town: Town, files: Files) -> None:
    with going_by(files, town, sets=SELDOM) as router:
        before = ask(router, "GET", "/api/catalog")
        for count in (1, 2):
            router.process.send_signal(signal.SIGHUP)
            router.wait_for_log(UNCHANGED, count=count)
        assert ask(router, "GET", "/api/catalog") == before
        assert metric(router, 'guardia_catalog_reloads_total{outcome="unchanged"}') == 2
        assert router.stop() == 0


@pytest.mark.parametrize("ruin", [Files.spoil, Files.empty, Files.take_away])
def test_started_anew_while_the_files_are_bad_it_pages_by_the_last_good_ones(
    town: Town, files: Files, ruin: Callable[[Files], None]
) -> None:
    with going_by(files, town) as router:
        post_critical(router, "BeforeTheEdit")
        wait_for_pages(town, "platform-1")
        files.page_first("platform-2")
        version = router.wait_for_log(CHANGED)["catalog"]
        post_critical(router, "Before")
        wait_for_pages(town, "platform-1", "platform-2")
        ruin(files)
        router.kill()

    with going_by(files, town) as restarted:
        assert restarted.wait_for_log(STANDS_IN)["catalog"] == version
        assert metric(restarted, "guardia_catalog_last_reload_successful") == 0
        assert metric(restarted, f'guardia_catalog_info{{version="{version}"}}') == 1
        shown = ask(restarted, "GET", "/api/catalog")
        assert shown["version"] == version
        problems = shown["refused"]["problems"]
        logged = [line["message"] for line in restarted.lines if line["level"] == "ERROR"]
        assert logged[:2] == [STANDS_IN, REFUSED]
        assert len(logged[2:]) == len(problems) == shown["refused"]["count"] > 0
        assert all(one["message"] in line for one, line in zip(problems, logged[2:], strict=True))
        post_critical(restarted, "WhileBad")
        wait_for_pages(town, "platform-1", "platform-2", "platform-2")

        files.restore("platform-3")
        restarted.wait_for_log(CHANGED)
        assert metric(restarted, "guardia_catalog_last_reload_successful") == 1
        assert ask(restarted, "GET", "/api/catalog")["refused"] is None
        post_critical(restarted, "Mended")
        wait_for_pages(town, "platform-1", "platform-2", "platform-2", "platform-3")
        assert restarted.stop() == 0


def test_a_second_start_while_the_files_are_bad_still_pages_by_the_last_good_ones(
    town: Town, files: Files
) -> None:
    with going_by(files, town) as router:
        version = ask(router, "GET", "/api/catalog")["version"]
        router.kill()
    files.spoil()

    for name, pages in (("First", 1), ("Second", 2)):
        with going_by(files, town) as restarted:
            assert ask(restarted, "GET", "/api/catalog")["version"] == version
            post_critical(restarted, name)
            wait_for_pages(town, *["platform-1"] * pages)
            restarted.kill()


def test_bad_files_that_are_taken_back_after_the_start_are_in_force_as_before(
    town: Town, files: Files
) -> None:
    with going_by(files, town) as router:
        assert router.stop() == 0
    files.spoil()

    with going_by(files, town) as restarted:
        files.page_first("platform-1")
        restarted.wait_for_log(UNCHANGED)
        assert metric(restarted, "guardia_catalog_last_reload_successful") == 1
        assert ask(restarted, "GET", "/api/catalog")["refused"] is None
        assert restarted.stop() == 0


def start_in_vain(town: Town, files: Files, **changed: str) -> subprocess.CompletedProcess[str]:
    environment = town.environment(GUARDIA_CATALOG=str(files.folder), **changed)
    refused = guardia("serve", environment=environment)
    assert "Traceback" not in refused.stderr
    return refused


def test_a_first_start_with_bad_files_is_refused_with_their_problems(
    town: Town, files: Files
) -> None:
    files.spoil()

    for _ in range(2):  # the first leaves nothing that the second would go by
        refused = start_in_vain(town, files)

        assert refused.returncode == 1
        assert f"{files.folder}/{ONCALL}:50:13: error[unknown-reference]" in refused.stdout
        assert "the database has no catalog that was in force before" in refused.stderr


def test_a_first_start_without_a_folder_is_a_wrong_setting(town: Town, files: Files) -> None:
    files.take_away()

    refused = start_in_vain(town, files)

    assert refused.returncode == 2
    assert f"GUARDIA_CATALOG: there is no folder {files.folder}; " in refused.stderr


def test_last_good_files_that_this_release_does_not_read_are_told_beside_the_problems(
    town: Town, files: Files
) -> None:
    with going_by(files, town) as router:
        version = ask(router, "GET", "/api/catalog")["version"]
        assert router.stop() == 0
    engine = open_engine(f"sqlite:///{town.folder}/guardia.db")
    with engine.begin() as tx:
        tx.execute(update(editions).values(files={"catalog.yaml": "schema: 2\n"}))
    engine.dispose()
    files.spoil()

    refused = start_in_vain(town, files)

    assert refused.returncode == 1
    assert "error[unknown-reference]" in refused.stdout
    assert f"catalog {version}, which was in force before, cannot stand in" in refused.stderr


def test_bad_files_and_a_database_that_cannot_be_opened_are_told_together(
    town: Town, files: Files
) -> None:
    files.spoil()

    refused = start_in_vain(town, files, GUARDIA_DATABASE="sqlite:////nonexistent/guardia.db")

    assert refused.returncode == 1
    assert "error[unknown-reference]" in refused.stdout
    assert "cannot open the database of GUARDIA_DATABASE" in refused.stderr

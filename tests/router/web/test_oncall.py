"""The API of schedules and overrides at run time: what it takes, refuses and tells."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from router.oncall.model import Restriction, Role
from router.web.api import overrides as overrides_api
from tests.router.making import NOON, person, roster, rotation, schedule, scheduled
from tests.router.road import WEBHOOK_TOKEN, Road

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PATHS = [
    ("GET", "/api/oncall"),
    ("GET", "/api/schedules/primary.ics"),
    ("GET", "/api/people/ana.ics"),
    ("GET", "/api/overrides"),
    ("POST", "/api/overrides"),
    ("POST", "/api/overrides/1/cancel"),
]
OFFICE = Restriction(weekdays=frozenset(range(7)), since=time(8, 0), to=time(18, 0))


@pytest.fixture(autouse=True)
def schedules(road: Road) -> None:
    """Ana and Ben take weekly turns in `primary`; `office` has Ben from 08:00 to 18:00 UTC."""
    office = scheduled(rotation("ben", zone="UTC"), name="office")
    layer = replace(office.layers[0], only=(OFFICE,))
    on_call = roster(
        *road.worker.catalog.roster.people.values(),
        person("mute", addresses=[]),
        replace(person("vera"), role=Role.VIEWER),
        schedules=[schedule("primary", "ana", "ben"), replace(office, layers=(layer,))],
    )
    road.worker.catalog = replace(road.worker.catalog, roster=on_call)


def asked(**fields: Any) -> dict[str, Any]:
    usual = {
        "schedule": "primary",
        "person": "ben",
        "from": "2026-11-24T14:00:00+01:00",
        "until": "2026-11-24T18:30:00Z",
        "by": "Engineer ana",
        "reason": "a train",
    }
    return {name: value for name, value in (usual | fields).items() if value is not None}


async def make(road: Road, **fields: Any) -> dict[str, Any]:
    answer = await road.api("POST", "/api/overrides", json=asked(**fields))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def cancel(road: Road, number: int, by: str = "Engineer ben") -> dict[str, Any]:
    answer = await road.api("POST", f"/api/overrides/{number}/cancel", json={"by": by})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(road: Road, query: str = "") -> list[dict[str, Any]]:
    answer = await road.api("GET", f"/api/overrides{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["overrides"]
    return found


async def who(road: Road, at: str | None = None, of: str = "primary") -> dict[str, Any]:
    answer = await road.api("GET", "/api/oncall", params={} if at is None else {"at": at})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = next(one for one in answer.json()["schedules"] if one["schedule"] == of)
    return found


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_a_stranger_sees_and_changes_nothing(road: Road, method: str, path: str) -> None:
    await make(road)
    body = asked() if path == "/api/overrides" else {"by": "x"}
    for headers in ({}, {"Authorization": f"Bearer {WEBHOOK_TOKEN}"}):
        answer = await road.client.request(
            method, path, headers=headers, json=body if method == "POST" else None
        )
        assert answer.status_code == 401
        assert "Engineer" not in answer.text
    (only,) = await listed(road)
    assert only["cancelled_at"] is None


async def test_it_is_made_counts_at_once_and_says_what_comes_out_of_it(road: Road) -> None:
    made = await make(road)

    assert {name: made[name] for name in made if name != "shifts"} == {
        "number": 1,
        "schedule": "primary",
        "zone": "Atlantic/Cape_Verde",
        "person": "ben",
        "name": "Engineer ben",
        "starts_at": "2026-11-24T13:00:00+00:00",
        "ends_at": "2026-11-24T18:30:00+00:00",
        "reason": "a train",
        "created_at": "2026-11-24T12:00:00+00:00",
        "created_by": "Engineer ana",
        "cancelled_at": None,
        "cancelled_by": None,
        "remark": None,
        "warnings": [],
    }
    assert [(one["person"], one["starts_at"][:16]) for one in made["shifts"]] == [
        ("ana", "2026-11-23T10:00"),
        ("ben", "2026-11-24T13:00"),
        ("ana", "2026-11-24T18:30"),
    ]
    inside = await who(road, "2026-11-24T13:00:00.500Z")
    assert inside["shift"] == {
        "person": "ben",
        "name": "Engineer ben",
        "starts_at": "2026-11-24T13:00:00+00:00",
        "ends_at": "2026-11-24T18:30:00+00:00",
        "because": "override 1 of primary, made at run time by Engineer ana: a train",
    }
    assert inside["next"]["person"] == "ana"


async def test_who_is_on_call_now_is_asked_without_a_time(road: Road) -> None:
    await make(road)
    before = await who(road)
    road.clock.advance(HOUR)
    during = await who(road)

    assert (before["shift"]["person"], before["next"]["person"]) == ("ana", "ben")
    assert (during["shift"]["person"], during["next"]["person"]) == ("ben", "ana")
    assert (await who(road, "2026-11-24T03:00:00Z", of="office"))["shift"] is None


async def test_what_has_begun_begins_now_since_what_was_is_not_changed(road: Road) -> None:
    made = await make(road, **{"from": "2026-11-01T00:00:00Z"})
    assert made["starts_at"] == "2026-11-24T12:00:00+00:00"


async def test_a_cancelled_one_ends_and_who_did_it_is_kept(road: Road) -> None:
    made = await make(road)
    road.clock.advance(2 * HOUR)

    cancelled = await cancel(road, made["number"])
    again = await cancel(road, made["number"], by="Engineer ana")

    assert cancelled["cancelled_at"] == "2026-11-24T14:00:00+00:00"
    assert [one["cancelled_by"] for one in (cancelled, again)] == ["Engineer ben"] * 2
    assert [one["person"] for one in cancelled["shifts"]] == ["ben", "ana"]
    assert (await who(road))["shift"]["person"] == "ana"
    assert (await who(road, "2026-11-24T13:30:00Z"))["shift"]["person"] == "ben"
    assert await listed(road) == []
    (kept,) = await listed(road, "?state=all")
    assert (kept["created_by"], kept["cancelled_by"]) == ("Engineer ana", "Engineer ben")


async def test_what_has_ended_is_not_cancelled(road: Road) -> None:
    made = await make(road)
    road.clock.advance(DAY)
    answer = await road.api("POST", "/api/overrides/1/cancel", json={"by": "Engineer ben"})
    assert answer.status_code == 409
    assert answer.json()["detail"] == f"Override 1 ended at {made['ends_at']}."


@pytest.mark.parametrize("number", ["2", "0", "x", "9" * 18, "1" * 5000])
async def test_an_unknown_override_is_404(road: Road, number: str) -> None:
    await make(road)
    answer = await road.api("POST", f"/api/overrides/{number}/cancel", json={"by": "ben"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"schedule": "primry"}, "The catalog has no such schedule. Did you mean primary?"),
        ({"person": "anna"}, "The catalog has no such person. Did you mean ana?"),
        ({"person": "mute"}, "Engineer mute has no address for pages"),
        ({"person": "vera"}, "Engineer vera is a viewer and could not answer: choose somebody"),
        ({"until": "2026-11-24T12:30:00Z"}, "It must end after it begins."),
        ({"from": "2026-11-23T12:00:00Z", "until": "2026-11-24T12:00:00Z"}, "end in the past"),
        ({"until": "2062-11-24T18:30:00Z"}, "It must end within two years"),
        ({"from": "2026-11-24 14:00"}, "`from` must be a time with its offset"),
        ({"until": "2026-11-24T18:30:00"}, "`until` must be a time with its offset"),
        ({"until": "2026-11-24"}, "`until` must be a time with its offset"),
        ({"until": "2026-11-31T18:30:00Z"}, "`until` must be a time with its offset"),
        ({"until": "9999-12-31T23:59:59-23:59"}, "`until` must be a time with its offset"),
        ({"until": "2026-11-24T18:30:00+99:99"}, "`until` must be a time with its offset"),
        ({"until": "x" * 5000}, "`until` must be a time with its offset"),
        ({"until": 7}, "The body must be JSON such as"),
        ({"until": None}, "The body must be JSON such as"),
        ({"by": None}, "The body must be JSON that says by whom, such as"),
        ({"who": "ben"}, "The body must be JSON such as"),
        ({"by": " "}, "`by` must be 1 to 200 printable characters on one line."),
        ({"by": "two\nlines"}, "`by` must be 1 to 200"),
        ({"reason": "x" * 501}, "`reason` must be 1 to 500"),
        ({"reason": "\x1b[2J"}, "`reason` must be 1 to 500"),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_the_reason(
    road: Road, fields: dict[str, Any], sentence: str
) -> None:
    answer = await road.api("POST", "/api/overrides", json=asked(**fields))

    # 400 for what has another form than the document says, 422 for what cannot be meant.
    assert answer.status_code == (400 if "JSON such as" in sentence else 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert sentence in answer.json()["detail"]
    assert await listed(road, "?state=all") == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"{}", b'{"by": 7}'])
@pytest.mark.parametrize("path", ["/api/overrides", "/api/overrides/1/cancel"])
async def test_what_is_no_such_json_is_refused(road: Road, path: str, body: bytes) -> None:
    await make(road)
    says_nobody = path.endswith("cancel") and body in (b"", b"{}")
    expected = 422 if says_nobody else 400
    assert (await road.api("POST", path, content=body)).status_code == expected
    assert len(await listed(road)) == 1


async def test_a_body_that_is_too_large_is_413(road: Road) -> None:
    answer = await road.api("POST", "/api/overrides", json=asked(reason="x" * 20_000))
    assert answer.status_code == 413


async def test_a_reason_may_be_left_out(road: Road) -> None:
    assert (await make(road, reason=None))["reason"] == ""
    assert (await make(road, reason=" "))["reason"] == ""


async def test_an_overlap_and_a_gap_are_said(road: Road) -> None:
    await make(road)
    overlap = await make(road, person="ana", reason=None)
    gap = await make(road, schedule="office", until="2026-11-24T22:00:00Z")

    assert overlap["warnings"] == [
        "It counts before override 1 (Engineer ben, made by Engineer ana,"
        " Tue 2026-11-24 12:00 Atlantic/Cape_Verde to Tue 2026-11-24 17:30 Atlantic/Cape_Verde)"
        " where the two overlap."
    ]
    assert gap["warnings"] == [
        "Nobody is on call by office from Tue 2026-11-24 22:00 UTC to Wed 2026-11-25 08:00 UTC."
    ]
    left = await cancel(road, gap["number"])
    assert left["warnings"] == [
        "Nobody is on call by office from Tue 2026-11-24 18:00 UTC to Tue 2026-11-24 22:00 UTC."
    ]
    assert [(one["person"], one["because"]) for one in left["shifts"]] == [
        ("ben", "rotation of office"),
        (None, "gap of office"),
    ]


async def test_the_later_of_two_counts_and_cancelling_it_brings_the_other_back(
    road: Road,
) -> None:
    await make(road)
    later = await make(road, person="ana")
    at = "2026-11-24T15:00:00Z"

    assert "override 2 of primary" in (await who(road, at))["shift"]["because"]
    await cancel(road, later["number"])
    assert "override 1 of primary" in (await who(road, at))["shift"]["because"]


async def test_what_the_catalog_does_not_know_any_more_is_listed_with_that_remark(
    road: Road,
) -> None:
    await make(road)
    catalog = road.worker.catalog
    left = roster(person("ana"), schedules=[schedule("primary", "ana")])
    road.worker.catalog = replace(catalog, roster=left)

    (only,) = await listed(road)
    assert only["remark"] == "the catalog has no person ben any more: it is passed over"
    assert (await who(road, "2026-11-24T15:00:00Z"))["shift"]["person"] == "ana"

    road.worker.catalog = replace(catalog, roster=roster(person("ana"), person("ben")))
    (only,) = await listed(road)
    assert only["remark"] == "the catalog has no schedule primary any more: it is passed over"
    assert (await cancel(road, 1))["shifts"] == []


async def test_the_history_is_the_newest_first_and_as_long_as_asked_for(road: Road) -> None:
    for reason in ("a train", "a bus", "a boat"):
        await make(road, reason=reason)
    await cancel(road, 2)

    assert [one["number"] for one in await listed(road)] == [1, 3]
    assert [one["number"] for one in await listed(road, "?state=all")] == [3, 2, 1]
    assert [one["number"] for one in await listed(road, "?state=all&limit=2")] == [3, 2]
    for query in ("?state=x", "?limit=0", "?limit=501", "?limit=x", "?limit=" + "1" * 5000):
        assert (await road.api("GET", f"/api/overrides{query}")).status_code == 400


async def test_there_is_an_end_to_how_many_there_may_be(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overrides_api, "MOST", 2)
    for reason in ("a train", "a bus"):
        await make(road, reason=reason)

    refused = await road.api("POST", "/api/overrides", json=asked(reason="a boat"))
    again = await make(road, reason="a bus")
    await cancel(road, 1)

    assert refused.status_code == 409
    assert again["number"] == 2
    assert (await make(road, reason="a boat"))["number"] == 3


async def test_what_is_sent_again_is_answered_with_the_one_that_is_made(road: Road) -> None:
    """As by a program whose answer was lost: it may try until it has one."""
    first = await make(road)
    assert await make(road) == first
    road.clock.advance(2 * HOUR)
    assert (await make(road))["number"] == 1, "it has begun, and would begin now"
    assert len(await listed(road, "?state=all")) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"person": "ana"},
        {"schedule": "office"},
        {"from": "2026-11-24T13:00:01Z"},
        {"until": "2026-11-24T18:30:01Z"},
        {"reason": "a bus"},
        {"by": "Engineer ben"},
    ],
)
async def test_what_differs_in_anything_is_another(road: Road, fields: dict[str, str]) -> None:
    await make(road)
    assert (await make(road, **fields))["number"] == 2


async def test_one_that_is_covered_or_cancelled_meanwhile_is_made_anew(road: Road) -> None:
    await make(road)
    await make(road, person="ana")
    assert (await make(road))["number"] == 3, "or ana would stay on call"
    await cancel(road, 3)
    assert (await make(road))["number"] == 4


@pytest.mark.parametrize(
    "at", ["", "now", "2026-11-24T14:00:00", "2026-11-24 14:00", "2026-11-24T14:00:00+01:00 x"]
)
async def test_a_time_that_is_none_is_422(road: Road, at: str) -> None:
    answer = await road.api("GET", "/api/oncall", params={"at": at})
    assert answer.status_code == 422
    assert "with its offset" in answer.json()["detail"]


@pytest.mark.parametrize("at", ["1900-01-01T00:00:00+14:00", "2199-12-31T23:59:59-12:00"])
async def test_the_first_and_the_last_time_that_can_be_asked_for(road: Road, at: str) -> None:
    assert (await who(road, at))["shift"]["person"] in ("ana", "ben")


async def test_a_plus_that_an_address_turned_into_a_space_is_said(road: Road) -> None:
    answer = await road.api("GET", "/api/oncall?at=2026-11-24T14:00:00+01:00")
    assert answer.status_code == 422
    assert "%2B" in answer.json()["detail"]


def events(content: bytes) -> list[tuple[str, str]]:
    read = Calendar.from_ical(content)
    return [(str(one["SUMMARY"]), str(one["DESCRIPTION"])) for one in read.walk("VEVENT")]


async def test_calendars_have_what_was_changed_at_run_time(road: Road) -> None:
    await make(road)

    of_schedule = await road.api("GET", "/api/schedules/primary.ics")
    of_person = await road.api("GET", "/api/people/ben.ics")

    for answer in (of_schedule, of_person):
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        assert (
            "Engineer ben on call (primary)",
            "override 1 of primary, made at run time by Engineer ana: a train",
        ) in events(answer.content)
    assert {summary for summary, _ in events(of_schedule.content)} == {
        "Engineer ana on call (primary)",
        "Engineer ben on call (primary)",
    }
    assert {summary for summary, _ in events(of_person.content)} == {
        "Engineer ben on call (primary)",
        "Engineer ben on call (office)",
    }


async def test_a_calendar_keeps_what_was_and_its_uids(road: Road) -> None:
    def starts(content: bytes) -> list[datetime]:
        return [one.decoded("DTSTART") for one in Calendar.from_ical(content).walk("VEVENT")]

    def uids(content: bytes) -> set[str]:
        return {str(one["UID"]) for one in Calendar.from_ical(content).walk("VEVENT")}

    await make(road)
    before = (await road.api("GET", "/api/schedules/primary.ics")).content
    road.clock.advance(3 * DAY)
    after = (await road.api("GET", "/api/schedules/primary.ics")).content

    assert min(starts(before)) <= NOON - 28 * DAY
    assert max(starts(before)) >= NOON + 175 * DAY
    assert uids(before) & uids(after) == uids(before)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/api/schedules/primry.ics", "Did you mean primary?"),
        ("/api/people/anna.ics", "Did you mean ana?"),
        ("/api/people/" + "x" * 3000 + ".ics", "The catalog has no such person."),
    ],
)
async def test_an_unknown_calendar_is_404_with_the_nearest_name(
    road: Road, path: str, hint: str
) -> None:
    answer = await road.api("GET", path)
    assert answer.status_code == 404
    assert hint in answer.json()["detail"]


async def test_a_store_that_is_closed_is_503(road: Road) -> None:
    road.store.close()
    calls: list[Callable[[], Any]] = [
        lambda: road.api("POST", "/api/overrides", json=asked()),
        lambda: road.api("GET", "/api/overrides"),
        lambda: road.api("GET", "/api/oncall"),
    ]
    for call in calls:
        assert (await call()).status_code == 503

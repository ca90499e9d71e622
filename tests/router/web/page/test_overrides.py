"""An override by the page: what is filled in is what is shown, and that is what is made."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from router.language import LANGUAGES
from router.oncall.model import Override, PersonId, Roster, Schedule, ScheduleId
from router.oncall.overrides import MadeOverride
from router.store.audit import list_audit
from router.store.overrides import list_past_overrides
from tests.router.road import Fakes, HandClock
from tests.router.web.page.visit import BASE, Page, Site, Visitor, open_site

EVENING = {"from": "2026-11-24T18:00", "until": "2026-11-25T09:00"}
USUAL = {"schedule": "primary", "person": "ben", "for": "", "from": "", "until": "", "reason": ""}


def made(site: Site) -> list[MadeOverride]:
    return site.road.store.read_now(partial(list_past_overrides, limit=10))


async def preview(visitor: Visitor, **fields: str) -> Page:
    """Send the form as it is shown at first, with what is filled in."""
    answer = await visitor.get(f"/overrides/preview?{urlencode(USUAL | fields)}")
    page = Page(answer)
    page.words.insert(0, f"[{answer.status_code}]")
    return page


def filled(page: Page) -> dict[str, str]:
    """Return what the preview's form would make."""
    return {one["name"]: one["value"] for one in page.all("input") if one["type"] == "hidden"}


async def make(visitor: Visitor, fields: Mapping[str, str]) -> str:
    """Tap on what makes it; return where that leads."""
    sent = {name: value for name, value in fields.items() if name != "form_token"}
    answer = await visitor.post("/overrides", sent)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix(BASE)


def change(site: Site, **fields: object) -> None:
    """Give the schedule `primary` other values."""
    catalog = site.road.worker.catalog
    schedules = dict(catalog.roster.schedules)
    primary = ScheduleId("primary")
    changed: Schedule = replace(schedules[primary], **fields)  # type: ignore[arg-type]
    roster = Roster(people=catalog.roster.people, schedules=schedules | {primary: changed})
    site.road.worker.catalog = replace(catalog, roster=roster)


def move(site: Site, who: str, zone: str) -> None:
    """Have somebody read by another clock than their schedule's, Cape Verde's."""
    catalog = site.road.worker.catalog
    people = dict(catalog.roster.people)
    people[PersonId(who)] = replace(people[PersonId(who)], zone=ZoneInfo(zone))
    roster = Roster(people=people, schedules=catalog.roster.schedules)
    site.road.worker.catalog = replace(catalog, roster=roster)


async def test_a_time_that_was_written_counts_though_no_length_was_chosen(site: Site) -> None:
    visitor = await site.come()
    page = await preview(visitor, **EVENING)
    assert "from 24 Nov 2026 18:00 UTC−1 until 25 Nov 2026 09:00 UTC−1" in page.text
    await make(visitor, filled(page))
    (one,) = made(site)
    assert one.ends_at == datetime(2026, 11, 25, 10, tzinfo=UTC)


async def test_nothing_chosen_is_the_usual_length_from_now(site: Site) -> None:
    page = await preview(await site.come())
    assert "from 24 Nov 2026 11:00 UTC−1 until 24 Nov 2026 15:00 UTC−1" in page.text
    assert "warning" not in [one.get("class") for one in page.all("p")]


@pytest.mark.parametrize("chosen", ["8h", "4h", "handoff"])
async def test_a_length_and_a_time_at_once_are_refused_with_both_still_there(
    site: Site, chosen: str
) -> None:
    page = await preview(await site.come(), **EVENING, **{"for": chosen})
    assert page.text.startswith("[400]")
    assert "You chose how long and wrote a time too" in page.text
    assert [one["value"] for one in page.all("option") if "selected" in one][-1] == chosen
    assert EVENING["until"] in [one.get("value") for one in page.all("input")]


async def test_what_is_to_be_changed_is_filled_in_and_can_be_chosen_anew(site: Site) -> None:
    visitor = await site.come()
    page = await preview(visitor, **EVENING, reason="a train & a bus")
    (back,) = [one for one in page.addresses() if one.startswith(f"{BASE}/overrides/new")]
    form = Page(await visitor.get(back.removeprefix(BASE)))
    selected = [one["value"] for one in form.all("option") if "selected" in one]
    assert selected == ["primary", "ben", "written"]
    inputs = {one["name"]: one["value"] for one in form.all("input") if one["name"] != "form_token"}
    assert inputs == EVENING | {"reason": "a train & a bus"}
    # Now a length is a choice of somebody's, whichever it is.
    assert "4h" in [one["value"] for one in form.all("option")]


async def test_what_is_sent_too_late_is_shown_again_as_a_browser_takes_it(site: Site) -> None:
    visitor = await site.come()
    noon = {"from": "2026-11-24T11:30", "until": "2026-11-24T12:30"}
    shown = filled(await preview(visitor, **noon))
    site.road.clock.advance(timedelta(hours=2))
    answer = await visitor.post("/overrides", {**shown, "form_token": await visitor.form_token()})
    assert answer.status_code == 400
    assert "It would end in the past: what is over is not changed." in Page(answer).text
    values = [one.get("value") for one in Page(answer).all("input")]
    assert set(noon.values()) <= set(values)


async def test_a_beginning_that_is_past_is_said_and_the_length_counts_from_it(site: Site) -> None:
    """It is 11:00 in Cape Verde."""
    visitor = await site.come()
    page = await preview(visitor, **{"from": "2026-11-24T10:40", "for": "2h"})
    assert "24 Nov 2026 10:40 UTC−1 is past: it begins now" in page.text
    assert "from 24 Nov 2026 11:00 UTC−1 until 24 Nov 2026 12:40 UTC−1" in page.text

    gone = await preview(visitor, **{"from": "2026-11-20T18:00", "for": "8h"})
    assert gone.text.startswith("[400]")
    assert "It would end in the past" in gone.text


async def test_the_minute_that_runs_is_not_past(site: Site) -> None:
    site.road.clock.advance(timedelta(seconds=40))
    page = await preview(await site.come(), **{"from": "2026-11-24T11:00"})
    assert "is past" not in page.text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"from": "2026-11-26T18:00", "until": "2026-11-25T09:00"}, "It must end after it begins."),
        ({"until": "2030-11-25T09:00"}, "It must end within two years"),
        ({"for": "written"}, "Fill in until when, or choose how long."),
        ({"until": "9999-12-31T23:59"}, "“9999-12-31T23:59” is no time that can be meant here"),
        ({"from": "soon" * 50}, f"“{'soon' * 10}” is no time that can be meant here"),
    ],
)
async def test_no_sentence_names_what_only_programs_know(
    site: Site, fields: dict[str, str], sentence: str
) -> None:
    page = await preview(await site.come(), **fields)
    assert page.text.startswith("[400]")
    assert sentence in page.text
    assert "`" not in page.text


@pytest.mark.parametrize("seconds", [0, 7])
async def test_a_double_tap_makes_one_and_tells_it_once(site: Site, seconds: int) -> None:
    visitor = await site.come()
    shown = filled(await preview(visitor, reason="a train"))
    first = await make(visitor, shown)
    site.road.clock.advance(timedelta(seconds=seconds))
    assert await make(visitor, shown) == first
    assert len(made(site)) == 1
    rows = site.road.store.read_now(partial(list_audit, limit=100))
    assert len([one for one in rows if one.entry.action == "override"]) == 1
    await site.road.worker.turn()
    assert len(site.road.fakes.slack.messages) == 1


async def test_after_making_it_is_said_who_takes_over(site: Site) -> None:
    visitor = await site.come()
    where = await make(visitor, filled(await preview(visitor, **EVENING)))
    shown = Page(await visitor.get(where))
    assert (
        "The override is made. Engineer ben takes over primary"
        " from 24 Nov 2026 18:00 UTC−1 until 25 Nov 2026 09:00 UTC−1."
    ) in shown.text


async def test_after_cancelling_it_is_said_which_other_one_is_in_force(site: Site) -> None:
    visitor = await site.come()
    await make(visitor, filled(await preview(visitor, reason="first")))
    await make(visitor, filled(await preview(visitor, reason="second", **{"for": "2h"})))
    ended = await visitor.post("/overrides/2/cancel")
    shown = Page(await visitor.get(ended.headers["location"].removeprefix(BASE)))
    assert (
        "The override is cancelled. By primary, Engineer ben is on call now, until"
        " 24 Nov 2026 15:00 UTC−1 (override 1 of primary, made at run time by Engineer ana: first)."
    ) in shown.text
    ended = await visitor.post("/overrides/1/cancel")
    shown = Page(await visitor.get(ended.headers["location"].removeprefix(BASE)))
    assert "By primary, Engineer ana is on call now, until 30 Nov 2026 09:00 UTC−1" in shown.text


async def test_after_cancelling_one_to_come_it_is_said_who_is_on_call_then(site: Site) -> None:
    visitor = await site.come()
    await make(visitor, filled(await preview(visitor, **EVENING)))
    ended = await visitor.post("/overrides/1/cancel")
    shown = Page(await visitor.get(ended.headers["location"].removeprefix(BASE)))
    assert "Engineer ana is on call from 24 Nov 2026 18:00 UTC−1" in shown.text


async def test_a_gap_that_cancelling_leaves_is_a_warning(site: Site) -> None:
    change(site, layers=())
    visitor = await site.come()
    await make(visitor, filled(await preview(visitor)))
    ended = await visitor.post("/overrides/1/cancel")
    shown = await visitor.get(ended.headers["location"].removeprefix(BASE))
    left = "Nobody is on call by primary from 24 Nov 2026 11:00 UTC−1 to 24 Nov 2026 15:00 UTC−1."
    assert left in Page(shown).text
    assert "alert" in [one.get("role") for one in Page(shown).all("p")]
    change(site, gaps_intended=True)
    shown = await visitor.get(ended.headers["location"].removeprefix(BASE))
    assert left in Page(shown).text
    assert "alert" not in [one.get("role") for one in Page(shown).all("p")]


async def test_an_address_alone_makes_nobody_believe_that_one_was_cancelled(site: Site) -> None:
    visitor = await site.come()
    await make(visitor, filled(await preview(visitor)))
    for query in ("cancelled=1", "cancelled=7", "made=7", "cancelled=x", "made=" + "9" * 30):
        shown = await visitor.get(f"/oncall?{query}")
        assert shown.status_code == 200
        assert "is cancelled" not in Page(shown).text


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Auditor vera is a viewer and could not answer: choose somebody else"),
        ("es", "Auditor vera tiene el rol «viewer» y no podría responder: elija a otra persona"),
        ("pt", "Auditor vera tem a função “viewer” e não poderia responder: escolha outra pessoa"),
    ],
)
async def test_a_viewer_takes_over_from_nobody(
    secrets_dir: Path, fakes: Fakes, clock: HandClock, language: str, told: str
) -> None:
    async with open_site(secrets_dir, fakes, clock, language=language) as site:
        catalog = site.road.worker.catalog
        people, vera = dict(catalog.roster.people), PersonId("vera")
        people[vera] = replace(people[vera], addresses=people[PersonId("ben")].addresses)
        site.road.worker.catalog = replace(catalog, roster=replace(catalog.roster, people=people))
        visitor = await site.come()

        options = [one["value"] for one in Page(await visitor.get("/overrides/new")).all("option")]
        page = await preview(visitor, person="vera")
        sent = await visitor.post("/overrides", USUAL | {"person": "vera"})
        number = await site.raise_alert()
        given = await visitor.post(f"/incidents/{number}/reassign", {"to": "person:vera"})

        assert "ben" in options
        assert "vera" not in options
        assert page.text.startswith("[400]")
        assert told in page.text
        assert sent.status_code == 400
        assert made(site) == []
        assert given.status_code == 409
        assert told in Page(given).text
        shown = await site.road.show(number)
        assert "vera" not in [one["person"] for one in shown["messages"]]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_one_of_the_catalog_that_it_covers_is_named_with_its_person(
    site: Site, language: str
) -> None:
    catalog = site.road.worker.catalog
    people = {one: replace(each, language=language) for one, each in catalog.roster.people.items()}
    site.road.worker.catalog = replace(
        catalog, roster=Roster(people=people, schedules=catalog.roster.schedules)
    )
    begins = datetime(2026, 11, 24, 20, tzinfo=UTC)
    own = Override(
        person=PersonId("ada"), starts_at=begins, ends_at=begins + timedelta(hours=2), reason="fair"
    )
    change(site, overrides=(own,))
    page = await preview(await site.come(), **EVENING)
    warned = [one for one in page.all("p") if one.get("class") == "warning"]
    assert len(warned) == 1
    assert "(Head of operations, " in page.text
    assert "19:00 UTC−1" in page.text


async def test_everything_is_by_the_clock_of_the_reader_and_by_name(site: Site) -> None:
    """Ana reads in Madrid, two hours ahead of her schedule's clock."""
    visitor = await site.come()
    await make(visitor, filled(await preview(visitor, **EVENING)))
    move(site, "ana", "Europe/Madrid")
    form = Page(await visitor.get("/overrides/new"))
    assert "By your clock: Europe/Madrid (CET)." in form.text
    page = await preview(visitor, person="ada", **EVENING)
    assert "from 24 Nov 2026 18:00 CET until 25 Nov 2026 09:00 CET" in page.text
    assert (
        "override 1 (Engineer ben, made by Engineer ana, 24 Nov 2026 20:00 CET"
        " to 25 Nov 2026 11:00 CET)"
    ) in page.text
    assert "UTC−1" not in page.text
    await make(visitor, filled(page))
    newest, _ = made(site)
    assert newest.starts_at == datetime(2026, 11, 24, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "told", "hours"),
    [
        # Clocks skip 02:00 to 03:00: what they skip is right after it.
        ("2026-03-29T02:30", "2026-03-29T04:00", "03:00 CEST until", 1),
        ("2026-03-29T01:00", "2026-03-29T04:00", "01:00 CET until", 2),
        # They show 02:00 to 03:00 twice: the first of the two is meant.
        ("2026-10-25T02:30", "2026-10-25T04:00", "02:30 CEST until", 2.5),
        ("2026-10-25T01:00", "2026-10-25T02:30", "01:00 CEST until", 1.5),
    ],
)
async def test_on_days_when_clocks_change_the_preview_says_which_time_is_meant(
    site: Site, since: str, until: str, told: str, hours: float
) -> None:
    site.road.clock.now = datetime.fromisoformat(f"{since[:10]}T00:00:00Z") - timedelta(days=1)
    move(site, "ana", "Europe/Madrid")
    visitor = await site.come()
    page = await preview(visitor, **{"from": since, "until": until})
    assert told in page.text
    await make(visitor, filled(page))
    (one,) = made(site)
    assert one.ends_at - one.starts_at == timedelta(hours=hours)


async def test_history_shows_an_announcement_in_the_readers_language_and_clock(
    site: Site,
) -> None:
    catalog = site.road.worker.catalog
    people = dict(catalog.roster.people)
    people[PersonId("ana")] = replace(people[PersonId("ana")], language="pt")
    roster = Roster(people=people, schedules=catalog.roster.schedules)
    site.road.worker.catalog = replace(catalog, roster=roster)
    visitor = await site.come()
    await make(visitor, filled(await preview(visitor, reason="um comboio", **EVENING)))
    await visitor.post("/overrides/1/cancel")
    history = Page(await visitor.get("/history")).text
    assert "Engineer ben assume o turno de primary de 24 nov 2026 18:00 UTC−1" in history.replace(
        "nov.", "nov"
    ).replace(" de 2026", " 2026")
    assert "Substituição feita por Engineer ana: um comboio" in history
    assert "Engineer ana anulou a substituição 1" in history
    assert "takes over" not in history
    assert "takes over" not in Page(await visitor.get("/incidents/1")).text

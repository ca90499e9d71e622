"""G8 with whole processes: by a moved wall clock, over handoffs and the change of the clocks."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from icalendar import Calendar

from tests.catalogs import copy_catalog
from tests.delivery.router_process import RouterProcess, Town, outage, running
from tests.fakes.serving import PATIENCE_SECONDS

ONCALL = "oncall/plataforma.yaml"
MINUTE = timedelta(minutes=1)
# In Madrid clocks go forward on 2027-03-28, from 02:00 to 03:00: 01:00 UTC.
HANDOFF = datetime(2027, 3, 29, 7, 0, tzinfo=UTC)  # 09:00 there, an hour earlier than a week ago
SCHEDULE = """  - id: primary
    zone: Europe/Madrid
    layers:
      - name: all
        people: [platform-1, platform-2, platform-3]
        shift: 7d
        starts: 2026-01-05
        handoff: 09:00
    overrides:
      - {person: platform-3, from: 2027-03-28 01:30, until: 2027-03-28 04:30}
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    copied = copy_catalog(tmp_path)
    text = (copied / ONCALL).read_text()
    begin, end = text.index("  - id: primary\n"), text.index("  - id: secondary\n")
    (copied / ONCALL).write_text(text[:begin] + SCHEDULE + text[end:])
    return copied


def wake(town: Town, router: RouterProcess, at: datetime) -> str:
    """Return who is woken by an outage of that instant, and end it."""
    town.set_clock(at)
    before = len(town.pagerduty.pages)
    name = f"At{at:%d-%H-%M}"
    assert router.post(outage(name)) == 200
    town.pagerduty.wait_for(lambda fake: len(fake.pages) > before)
    (page,) = town.pagerduty.pages[before:]
    assert router.post(outage(name, "resolved")) == 200
    return page.person


def shown_by_calendar(router: RouterProcess, instants: Iterable[datetime]) -> dict[datetime, str]:
    """Return who has the shift by the calendar that people subscribe to."""
    headers = {"Authorization": "Bearer api-token"}
    url = f"{router.url}/api/schedules/primary.ics"
    calendar = Calendar.from_ical(httpx.get(url, headers=headers, timeout=PATIENCE_SECONDS).text)
    shown = {}
    for at in instants:
        (event,) = [
            one
            for one in calendar.walk("VEVENT")
            if one.decoded("dtstart") <= at < one.decoded("dtend")
        ]
        name = str(event["SUMMARY"]).removesuffix(" on call (primary)")
        shown[at] = name.replace("Platform engineer ", "platform-")
    return shown


def test_over_the_change_of_the_clocks_who_the_calendar_shows_is_woken(
    town: Town, catalog: Path
) -> None:
    instants = {
        # The override: 01:30 to 04:30 on the wall are two hours of that night.
        datetime(2027, 3, 28, 0, 29, tzinfo=UTC): "platform-1",
        datetime(2027, 3, 28, 0, 30, tzinfo=UTC): "platform-3",
        datetime(2027, 3, 28, 2, 29, tzinfo=UTC): "platform-3",
        datetime(2027, 3, 28, 2, 30, tzinfo=UTC): "platform-1",
        HANDOFF - MINUTE: "platform-1",
        HANDOFF: "platform-2",
    }
    town.set_clock(min(instants))
    with running(town, GUARDIA_CATALOG=str(catalog)) as router:
        shown = shown_by_calendar(router, instants)
        woken = {at: wake(town, router, at) for at in instants}
        assert router.stop() == 0

    assert woken == instants
    assert shown == instants


def test_a_step_that_is_due_at_the_instant_of_a_handoff_wakes_who_takes_over(
    town: Town, catalog: Path
) -> None:
    text = (catalog / ONCALL).read_text()
    assert text.count("schedules: [secondary]") == 1
    text = text.replace("schedules: [secondary]", "schedules: [primary]")
    (catalog / ONCALL).write_text(text)
    town.set_clock(HANDOFF - 16 * MINUTE)
    with running(town, GUARDIA_CATALOG=str(catalog)) as router:
        town.set_clock(HANDOFF - 15 * MINUTE)
        assert router.post(outage("BeforeTheHandoff")) == 200
        town.pagerduty.wait_for(lambda fake: len(fake.pages) == 1)
        due = router.ask("/api/incidents/1")["escalation"]["due_at"]
        town.set_clock(datetime.fromisoformat(due))
        town.pagerduty.wait_for(lambda fake: len(fake.pages) == 2)
        assert router.stop() == 0

    assert HANDOFF <= datetime.fromisoformat(due) < HANDOFF + MINUTE
    assert [page.person for page in town.pagerduty.pages] == ["platform-1", "platform-2"]

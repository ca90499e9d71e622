"""G7 with whole processes: whoever cannot be reached costs no time, and is known beforehand."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.catalogs import copy_catalog
from tests.delivery.router_process import Town, critical, guardia, running

NIGHT = datetime(2027, 3, 2, 3, 0, tzinfo=ZoneInfo("Atlantic/Cape_Verde"))
FIRST_TWO_STEPS = "      - schedules: [primary]\n      - schedules: [secondary]\n"
OFFICE_THEN_ONE = "      - schedules: [primary]\n      - people: [platform-3]\n"
OFFICE = """  - id: primary
    zone: Atlantic/Cape_Verde
    layers:
      - name: office
        people: [platform-1]
        shift: 7d
        starts: 2026-01-05
        handoff: 09:00
        only: [{from: 09:00, to: 18:00}]
"""
MAIL = "      - email: platform-3@conecta360.example\n"


def test_an_empty_schedule_a_lost_key_and_a_provider_that_is_down_cost_no_quarter_of_an_hour(
    town: Town,
) -> None:
    oncall = "oncall/plataforma.yaml"
    catalog = copy_catalog(town.folder, changes={oncall: (FIRST_TWO_STEPS, OFFICE_THEN_ONE)})
    text = (catalog / oncall).read_text().replace(MAIL, "")
    begin, end = text.index("  - id: primary\n"), text.index("  - id: secondary\n")
    (catalog / oncall).write_text(text[:begin] + OFFICE + text[end:])
    (town.folder / "pagerduty-platform-3").unlink()
    town.set_clock(NIGHT)

    checked = guardia(
        *("oncall", "check", "--catalog", str(catalog), "--from", "2027-03-02", "--weeks", "1"),
        environment=town.environment(),
    )
    assert checked.returncode == 1, checked.stderr
    assert "schedule primary" in checked.stdout
    assert "cannot be paged by pagerduty platform-3" in checked.stdout

    with (
        town.pagerduty.refusing_connections(),
        running(town, GUARDIA_CATALOG=str(catalog)) as router,
    ):
        began = town.now()
        assert router.post(critical()) == 200
        router.wait_for("/api/incidents/1", lambda found: len(tried(found)) == 2)
        assert town.now() < began + timedelta(minutes=1)  # past both steps already

        town.move_clock(timedelta(seconds=31))
        to = {"platform-1@conecta360.example", "platform-2@conecta360.example"}
        town.smtp.wait_for(lambda fake: to <= {mail.message["To"] for mail in fake.mails})
        shown = router.ask("/api/incidents/1")

    assert shown["escalation"]["due_at"] is None
    assert town.pagerduty.pages == ()
    told = [row["text"] for row in shown["timeline"]]
    assert any("primary" in text and "nobody" in text for text in told)


def tried(incident: dict[str, object]) -> list[object]:
    """Return the pages of the last resort that were attempted."""
    messages = incident["messages"]
    assert isinstance(messages, list)
    return [
        one
        for one in messages
        if one["channel"] == "pagerduty"
        and one["attempts"]
        and one["person"] in {"platform-1", "platform-2"}
    ]

"""What every channel tells: who is paged and next, how alerts differ, which addresses link."""

from dataclasses import replace

import pytest

from router.escalation.model import Foreseen
from router.incident.model import IncidentState
from router.message.summary import (
    alert_lines,
    is_web_address,
    paging_sentence,
    place_line,
    state_sentence,
)
from router.oncall.model import PersonId
from tests.router.making import NOON, context, incident, incident_alert, minutes

BEN_NEXT = Foreseen(people=(PersonId("ben"),), at=NOON + minutes(15))


@pytest.mark.parametrize(
    ("paged", "following", "told"),
    [
        ([], None, "This wakes nobody."),
        (
            [],
            BEN_NEXT,
            "Next: ben at 24 Nov 2026 12:15 UTC, unless somebody acknowledges.",
        ),
        (
            ["ana"],
            BEN_NEXT,
            "Paged: Engineer ana. Next: ben at 24 Nov 2026 12:15 UTC,"
            " unless somebody acknowledges.",
        ),
        (["ana", "ben"], None, "Paged: Engineer ana, ben. Nobody is left to page."),
    ],
)
def test_it_says_who_is_paged_and_who_is_next(
    paged: list[str], following: Foreseen | None, told: str
) -> None:
    assert paging_sentence(context(incident(), paged=paged, following=following)) == told


def test_it_fires_since_its_alerts_do_and_not_since_we_were_told() -> None:
    told_late = replace(incident(), opened_at=NOON + minutes(5))
    assert state_sentence(context(told_late)).startswith("Firing since 24 Nov 2026 12:00 UTC;")


@pytest.mark.parametrize("state", [IncidentState.ACKNOWLEDGED, IncidentState.RESOLVED])
def test_once_somebody_has_it_nobody_is_next(state: IncidentState) -> None:
    about = replace(incident(), state=state)
    assert paging_sentence(context(about, paged=["ana"], following=BEN_NEXT)) == ""


def test_each_alert_shows_the_labels_that_tell_it_from_the_others() -> None:
    alerts = [
        incident_alert(
            severity="critical", service="casos", environment="prod", shard="1", region=region
        )
        for region in ("praia", "sal")
    ]
    about = context(incident(*alerts))

    since = "since 24 Nov 2026 12:00 UTC"
    assert alert_lines(about) == [
        f"critical: DatabaseDown on casos, region=praia, {since}",
        f"critical: DatabaseDown on casos, region=sal, {since}",
    ]
    assert place_line(about) == "environment=prod, service=casos, shard=1"
    assert state_sentence(about).startswith("2 alerts fire since")


def test_a_label_that_only_one_alert_has_is_shown_on_that_one() -> None:
    alerts = [
        incident_alert(severity="high", job="a", path="/cases"),
        incident_alert(severity="high", job="a"),
    ]
    lines = alert_lines(context(incident(*alerts)))
    assert sum("path=/cases" in line for line in lines) == 1


def test_what_does_not_fit_is_counted() -> None:
    alerts = [incident_alert(severity="high", instance=f"node-{n:02}") for n in range(25)]
    labels = {f"label_{number:02}": "x" for number in range(12)}
    labelled = replace(incident_alert(), labels=labels)

    assert alert_lines(context(incident(*alerts)))[-1] == "+ 5 more"
    assert place_line(context(incident(labelled))).endswith("label_07=x, + 4 more")


@pytest.mark.parametrize(
    ("href", "safe"),
    [
        ("https://runbooks.conecta360.example/database-down?a=1&b=2#top", True),
        ("HTTP://grafana.internal:3000/d/casos", True),
        ("", False),
        ("runbooks/database-down", False),
        ("https://", False),
        ("javascript://evil.example/%0aalert(1)", False),
        ("ftp://evil.example/", False),
        ("https://evil.example/|Runbook> <!channel", False),
        ('https://evil.example/"onclick=', False),
        ("https://evil.example/\r\nBcc: a@b.example", False),
        ("https://evil.example\\@conecta360.example/", False),
        ("https://[::1", False),
        ("https://evil.example/" + "a" * 2000, False),
    ],
)
def test_only_web_addresses_that_cannot_end_early_become_links(href: str, safe: bool) -> None:
    assert is_web_address(href) is safe

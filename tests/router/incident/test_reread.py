"""What travelled as plain text, and is a sentence of ours again where readers are told it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardia.matcher import parse_matcher
from router.incident.announcement import carry_announcement
from router.incident.describe import incident_title
from router.incident.heartbeat import Heartbeat, Watched
from router.incident.heartbeat_told import render_missing, render_returned
from router.incident.rejection import Untold, apply_rejections
from router.incident.reread import hiding_words, own_words
from router.incident.test_page import open_page_test
from router.language import Reader
from router.oncall.announced import announce_cancelled, announce_made
from router.oncall.model import PersonId, ScheduleId
from router.oncall.overrides import MadeOverride
from router.phrase import Phrase
from tests.router.making import NOON, incident, incident_alert, person

SPANISH, PORTUGUESE = Reader(language="es"), Reader(language="pt")
WATCHDOG = Heartbeat(
    name="watchdog", matchers=(parse_matcher("alertname=Watchdog"),), every=timedelta(minutes=5)
)
MISSED = Watched(name="watchdog", watched_at=NOON, seen_at=NOON, missed_at=NOON)
TOLD = (
    render_missing(WATCHDOG, MISSED),
    render_missing(WATCHDOG, Watched(name="watchdog", watched_at=NOON, missed_at=NOON)),
    render_returned(MISSED, at=NOON, heartbeat=WATCHDOG),
    render_returned(MISSED, at=NOON),
)


@pytest.mark.parametrize("body", TOLD)
def test_each_text_of_an_alert_about_a_heartbeat_is_told_in_ones_language(body: bytes) -> None:
    (alert,) = msgspec.json.decode(body)["alerts"]

    for text in alert["annotations"].values():
        words = own_words(alert["labels"], text)
        assert isinstance(words, Phrase)
        assert SPANISH.say(words) != text


def test_a_missing_heartbeat_says_when_it_came_by_the_readers_clock() -> None:
    (alert,) = msgspec.json.decode(TOLD[0])["alerts"]

    words = own_words(alert["labels"], alert["annotations"]["description"])

    assert "24 nov 2026 12:00 UTC" in SPANISH.say(words)


def test_a_test_page_is_told_in_ones_language() -> None:
    opened = open_page_test(person("ana"), by="Engineer ben", now=NOON).incident

    title = incident_title(opened)

    assert title == "Test page for Engineer ana, asked for by Engineer ben: nothing is wrong"
    assert SPANISH.say(title).startswith("Aviso de prueba para Engineer ana")
    (alert,) = opened.alerts.values()
    assert PORTUGUESE.say(own_words(alert.labels, alert.annotations["description"])).startswith(
        "Não há nenhum problema"
    )


def test_what_was_rejected_is_told_in_ones_language() -> None:
    untold = Untold(
        count=2,
        first_at=NOON,
        last_number=2,
        last_reason="The body is not JSON.",
        last_address="10.0.0.7",
        last_user_agent="curl",
    )
    change = apply_rejections(None, untold, told=0, now=NOON)
    assert change is not None
    (alert,) = change.incident.alerts.values()

    assert SPANISH.say(incident_title(change.incident)).startswith("No se entendió")
    told = SPANISH.say(own_words(alert.labels, alert.annotations["description"]))
    assert "10.0.0.7 (curl): The body is not JSON." in told
    assert told.startswith("Rechazadas hasta ahora: 2")


@pytest.mark.parametrize("reason", ["", "a train", "it is: a train. Made by hand until 18:00 UTC"])
def test_an_announcement_is_told_in_ones_language_and_by_ones_clock(reason: str) -> None:
    made = MadeOverride(
        number=7,
        schedule=ScheduleId("primary"),
        person=PersonId("ben"),
        starts_at=NOON,
        ends_at=NOON + timedelta(hours=4),
        reason=reason,
        created_at=NOON,
        created_by="Engineer ana",
        cancelled_by="Engineer ana",
    )
    madrid = Reader(language="es", zone=ZoneInfo("Europe/Madrid"))
    for said in (announce_made(made, "Engineer ben"), announce_cancelled(made, "Engineer ben")):
        carrier = carry_announcement(said, subject="x", by="Engineer ana", now=NOON).incident
        title = incident_title(carrier)
        assert title == said
        assert madrid.say(title) == madrid.say(said) != said
        assert "24 nov 2026 13:00 CET" in madrid.say(title)


def test_the_same_words_of_anothers_alert_are_theirs() -> None:
    about = incident(incident_alert(summary="The heartbeat x comes again"))

    assert SPANISH.say(incident_title(about)) == "The heartbeat x comes again"


def test_what_hides_an_alert_is_told_in_ones_language() -> None:
    text = (
        "silenced by ana until 2026-11-24 15:00 UTC (moved; silenced before)"
        "; inhibited by ClusterDown; muted by time interval nights"
    )

    words = hiding_words(text)

    assert words == text
    assert SPANISH.say(words) == (
        "silencio de ana hasta el 24 nov 2026 15:00 UTC (moved; silenced before)"
        "; inhibición por ClusterDown; intervalo sin notificaciones nights"
    )


HIDING = st.from_regex(r"(silenced by|inhibited by) .* until .*\(.*\)", fullmatch=True)


@given(text=st.text() | HIDING)
def test_whatever_hides_an_alert_is_told_whole_in_english(text: str) -> None:
    assert hiding_words(text) == text


@given(text=st.text(min_size=1001, max_size=3000))
def test_what_is_longer_than_ours_is_told_as_it_is(text: str) -> None:
    labels = {"alertname": "HeartbeatMissed"}

    assert own_words(labels, f"The heartbeat {text} comes again").endswith(f"{text} comes again")
    assert not isinstance(own_words(labels, f"The heartbeat {text} comes again"), Phrase)

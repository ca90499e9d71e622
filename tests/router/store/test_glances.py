"""Lists say what the whole incident says, and read no alerts for it (what is kept beside it)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, null, update

from router.incident.announcement import carry_announcement
from router.incident.answers import (
    Acknowledge,
    Answer,
    AnswerRefused,
    Comment,
    Resolve,
    Snooze,
    answer,
)
from router.incident.apply import apply_notification, record_ends
from router.incident.glance import IncidentGlance, glance_at
from router.incident.heartbeat import MISSED_ALERT
from router.incident.model import Incident, IncidentState
from router.incident.reconcile import find_stale, mark
from router.incident.reread import heartbeat_missing
from router.incident.revisit import revisit
from router.intake.alertmanager import ListedAlert
from router.language import Reader
from router.phrase import Phrase
from router.store.engine import open_engine
from router.store.history import Sought, list_urgent, search_incidents
from router.store.incidents import find_incident, record_incident
from router.store.tables import alerts, incidents
from tests.router.making import NOON, alert_body, incident, incident_alert, minutes, notification

SPANISH = Reader(language="es")
POOL: tuple[dict[str, str], ...] = (
    {"service": "casos", "severity": "critical", "instance": "1", "region": "a"},
    {"service": "casos", "severity": "high", "instance": "2", "region": "a"},
    {"service": "casos", "severity": "high", "instance": "1", "region": "b"},
    {"service": "usuarios\0\N{FIRE}", "severity": "page"},
    {"alertname": MISSED_ALERT, "heartbeat": "x"},
)
HEARTBEAT = str(heartbeat_missing("x", "5m"))
OWN = {"summary": HEARTBEAT}

told = st.lists(
    st.tuples(st.sampled_from(POOL), st.sampled_from(["firing", "resolved"])), min_size=1
)
steps = st.one_of(
    st.tuples(st.just("told"), told),
    st.tuples(st.just("ends"), told),
    st.tuples(st.just("suppressed"), st.booleans()),
    st.tuples(
        st.sampled_from(["acknowledge", "snooze", "resolve", "comment", "stale", "time"]), st.none()
    ),
)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


@given(changes=st.lists(steps, max_size=12))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_list_says_what_the_incident_says_after_any_change(
    engine: Engine, changes: list[tuple[str, Any]]
) -> None:
    with engine.connect() as tx, tx.begin() as undone:
        for number, (kind, about) in enumerate(changes):
            _change(tx, kind, about, now=NOON + minutes(7 * number))
            _compare(tx)
        undone.rollback()


def _change(tx: Connection, kind: str, about: Any, *, now: datetime) -> None:
    """Change the newest incident in one of the ways that there are."""
    newest = next(iter(search_incidents(tx, Sought(), limit=1)), None)
    before = None if newest is None else find_incident(tx, newest.number)
    after = _after(before, kind, about, now=now)
    if after is not None:
        record_incident(tx, before if after.number is not None else None, after)


def _after(before: Incident | None, kind: str, about: Any, *, now: datetime) -> Incident | None:
    if kind == "told":
        body = notification(*[_told(labels, status) for labels, status in about])
        change = apply_notification(before, body, now=now, reopen_within=minutes(15))
    elif before is None:
        return None
    elif kind == "ends":
        body = notification(*[_told(labels, status) for labels, status in about])
        change = None if before.is_open else record_ends(before, body, now=now)
    elif kind == "suppressed":
        change = mark(before, _listed(before, hidden=about), now=now)
    elif kind == "stale":
        change = find_stale(before, after=minutes(10), now=now)
    elif kind == "time":
        change = revisit(before, now=now)
    else:
        answers: dict[str, Answer] = {
            "acknowledge": Acknowledge(by="Engineer ana"),
            "snooze": Snooze(by="Engineer ana", until=now + minutes(10)),
            "resolve": Resolve(by="Engineer ana"),
            "comment": Comment(by="Engineer ana", text="we look"),
        }
        try:
            change = answer(before, answers[kind], now=now)
        except AnswerRefused:
            return None
    return None if change is None else change.incident


def _told(labels: dict[str, str], status: str) -> dict[str, Any]:
    body = alert_body(status, **labels)
    return body | {"annotations": OWN} if "heartbeat" in labels else body


def _listed(about: Incident, *, hidden: bool) -> dict[str, ListedAlert]:
    return {
        one.fingerprint: ListedAlert(
            fingerprint=one.fingerprint,
            labels=one.labels,
            annotations=one.annotations,
            starts_at=one.starts_at,
            generator_url="",
            group_labels={},
            suppressed_by="silenced by s1" if hidden else None,
        )
        for one in about.alerts.values()
    }


def _compare(tx: Connection) -> None:
    found = search_incidents(tx, Sought(), limit=99)
    whole = [glance_at(_whole(tx, one.number)) for one in found]
    assert found == whole
    assert [_in_spanish(one) for one in found] == [_in_spanish(one) for one in whole]
    still_open = [one for one in whole if one.state is not IncidentState.RESOLVED]
    assert sorted(list_urgent(tx, limit=99).first, key=lambda one: -one.number) == still_open
    for service in ("casos", "usuarios\0\N{FIRE}", "none"):
        of_it = [one.number for one in found if service in _services(_whole(tx, one.number))]
        sought = search_incidents(tx, Sought(service=service), limit=99)
        assert [one.number for one in sought] == of_it


def _whole(tx: Connection, number: int) -> Incident:
    found = find_incident(tx, number)
    assert found is not None
    return found


def _in_spanish(one: IncidentGlance) -> str:
    return SPANISH.say(one.alerts.title)


def _services(about: Incident) -> set[str | None]:
    return {alert.labels.get("service") for alert in about.alerts.values()}


@pytest.fixture
def tx(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


@pytest.fixture
def asked(engine: Engine) -> Iterator[list[str]]:
    """The statements that the database was asked, from here on."""
    found: list[str] = []

    def remember(_c: object, _u: object, sql: str, *_: object) -> None:
        found.append(sql)

    event.listen(engine, "before_cursor_execute", remember)
    yield found
    event.remove(engine, "before_cursor_execute", remember)


def _store(tx: Connection, *, count: int) -> list[Incident]:
    """Keep as many incidents, of three alerts each, the newest first."""
    kept = []
    for number in range(count):
        members = [
            incident_alert(severity="high", service="casos", n=f"{number}.{one}")
            for one in range(3)
        ]
        new = replace(incident(*members), number=None, key=f"group {number}")
        kept.append(record_incident(tx, None, new))
    return kept[::-1]


@pytest.mark.parametrize("count", [1, 20])
def test_a_list_is_read_by_a_few_statements_and_none_reads_alerts(
    tx: Connection, asked: list[str], count: int
) -> None:
    kept = _store(tx, count=count)
    asked.clear()

    found = search_incidents(tx, Sought(service="casos"), limit=50)
    urgent = list_urgent(tx, limit=50)

    assert found == [glance_at(one) for one in kept]
    assert len(urgent.first) == count
    assert _tables(asked) == ["incidents"] * 3
    assert not [sql for sql in asked if "alerts" in sql]


def test_alerts_are_read_of_those_alone_that_an_earlier_release_wrote(
    tx: Connection, asked: list[str]
) -> None:
    kept = _store(tx, count=20)
    old = [kept[3], kept[11]]
    (row, *_) = tx.execute(incidents.select()).all()
    tx.execute(update(incidents).values(glance={**row.glance, "total": 99}))  # as no alerts say
    numbers = [one.stored_number for one in old]
    tx.execute(update(incidents).where(incidents.c.number.in_(numbers)).values(glance=null()))
    unread = update(alerts).where(alerts.c.incident_number.not_in(numbers))
    tx.execute(unread.values(severity="no severity, so whoever reads it fails"))
    asked.clear()

    found = search_incidents(tx, Sought(), limit=50)

    assert _tables(asked) == ["incidents", "alerts"]
    assert [one for one in found if one.number in numbers] == [glance_at(one) for one in old]
    assert [one.alerts.total for one in found if one.number not in numbers] == [99] * 18
    record_incident(tx, old[0], old[0])
    record_incident(tx, old[1], old[1])
    asked.clear()
    assert search_incidents(tx, Sought(), limit=50) == found
    assert _tables(asked) == ["incidents"]


def _tables(asked: list[str]) -> list[str]:
    return [sql.partition("FROM ")[2].split()[0] for sql in asked]


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        [],
        "text",
        {"title": 3},
        {"title": "x", "phrase": None, "labels": {"a": 1}, "total": 1, "firing": 1, "at": []},
    ],
)
def test_what_nobody_can_read_is_read_from_the_alerts(tx: Connection, damaged: Any) -> None:
    kept = _store(tx, count=3)
    tx.execute(update(incidents).values(glance=damaged))
    assert search_incidents(tx, Sought(), limit=9) == [glance_at(one) for one in kept]


def test_a_damaged_phrase_is_told_in_english(tx: Connection) -> None:
    alert = incident_alert(alertname=MISSED_ALERT, summary=HEARTBEAT)
    record_incident(tx, None, replace(incident(alert), number=None))
    (row,) = tx.execute(incidents.select()).all()
    (found,) = search_incidents(tx, Sought(), limit=9)
    assert isinstance(found.alerts.title, Phrase)
    assert _in_spanish(found) != HEARTBEAT

    spoilt = {**row.glance, "phrase": [{"template": "{x}", "with": {}}]}
    tx.execute(update(incidents).values(glance=spoilt))

    (found,) = search_incidents(tx, Sought(), limit=9)
    assert _in_spanish(found) == HEARTBEAT


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "resolved", "resolved_at": NOON},
        {"severity": "low"},
        {"reopened": 1},
    ],
)
def test_what_an_earlier_release_changed_since_is_read_from_the_alerts(
    tx: Connection, changed: dict[str, Any]
) -> None:
    """It leaves the column as it is, while replicas are replaced one by one."""
    _store(tx, count=1)
    (row,) = tx.execute(incidents.select()).all()
    stale = {**row.glance, "title": "as it was", "phrase": None, "total": 1}
    tx.execute(update(incidents).values(glance=stale))
    (found,) = search_incidents(tx, Sought(), limit=9)
    assert found.alerts.title == "as it was"  # nothing tells that it is stale

    tx.execute(update(incidents).values(**changed))

    (found,) = search_incidents(tx, Sought(), limit=9)
    assert found == glance_at(_whole(tx, 1))
    assert found.alerts.total == 3


def test_of_alerts_without_end_little_is_kept(tx: Connection) -> None:
    long: dict[str, Any] = {f"label_{number}": "\N{FIRE}" * 9000 for number in range(100)}
    members = [
        replace(incident_alert(summary="\N{FIRE} " * 9000, **long), fingerprint=str(one))
        for one in range(3)
    ]
    record_incident(tx, None, replace(incident(*members), number=None))
    (row,) = tx.execute(incidents.select()).all()
    assert len(str(row.glance)) < 4000
    assert len(search_incidents(tx, Sought(), limit=9)) == 1


def test_an_announcement_and_an_incident_without_alerts_are_listed(tx: Connection) -> None:
    announced = carry_announcement("Ana takes over", subject="override/1", by="ana", now=NOON)
    first = record_incident(tx, None, announced.incident)
    second = record_incident(tx, None, replace(incident(), number=None, alerts={}))
    assert search_incidents(tx, Sought(), limit=9) == [glance_at(second), glance_at(first)]

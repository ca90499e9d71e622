"""A page to try out whether somebody's addresses work: an incident of its own, about nothing."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from router.incident.apply import apply_notification, incident_key
from router.incident.describe import cut_at_word, one_line
from router.incident.model import Change, Incident
from router.incident.reread import TEST_ALERT, page_test, page_test_explained
from router.intake.notification import Notification, Status, parse_notification
from router.oncall.model import Person
from router.phrase import Phrase, phrase

TEST_STEP: Final = "test"  # in the place of a step's number in dedup keys
LASTS: Final = timedelta(minutes=10)  # long enough to be heard and acknowledged
APART: Final = timedelta(minutes=1)  # two tests of one person: a loop must not wake anybody
_LONGEST_NAME: Final = 100


class PageTestRefused(Exception):  # noqa: N818 - says what it is; a sentence for people
    """It is too soon for another test, for so long. `reason` is one plain sentence."""

    def __init__(self, reason: str, wait: timedelta) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


def find_test_key(person: Person) -> str:
    """Return the key that all tests of this person have."""
    return incident_key(_told("firing", _labels(person), {}))


def is_page_test(incident: Incident) -> bool:
    """Say whether it is a test page, and not an alert of that name that was received."""
    return any(
        one.labels.get("alertname") == TEST_ALERT
        and incident.key == incident_key(_told("firing", dict(one.labels), {}))
        for one in incident.alerts.values()
    )


def refuse_too_soon(person: Person, last: Incident | None, *, now: datetime) -> None:
    """Raise PageTestRefused when the person's last test is not yet APART ago."""
    if last is None or now - last.opened_at >= APART:
        return
    wait = max(last.opened_at + APART - now, timedelta(seconds=1))
    reason = phrase(
        "{person} had a test page less than a minute ago: the next can be sent in {wait}.",
        person=_line(person.name),
        wait=wait,
    )
    raise PageTestRefused(reason, wait)


def open_page_test(person: Person, *, by: str, now: datetime) -> Change:
    """Return the incident of a test: nothing routes or escalates it."""
    minutes = LASTS // timedelta(minutes=1)
    annotations = {
        "summary": str(page_test(_line(person.name), _by(by))),
        "description": str(page_test_explained(minutes)),
    }
    told = _told("firing", _labels(person), annotations, starts_at=now)
    change = apply_notification(None, told, now=now)
    if change is None:
        raise ValueError("an alert that fires opens an incident")
    return change


def explain_page_test(by: str) -> Phrase:
    """Return why the person is paged, as the page says it."""
    return phrase(
        "This is a test that {by} asked for: nothing is wrong, nobody else is paged.", by=_by(by)
    )


def render_end(test: Incident) -> bytes:
    """Return the notification that ends a test.

    By what it says, the alert ended when it began. So, should another test of
    the same person be open when it is applied, it speaks of the past there
    and ends nothing.
    """
    (alert,) = test.alerts.values()
    return _body("resolved", dict(alert.labels), dict(alert.annotations), starts_at=alert.starts_at)


def _labels(person: Person) -> dict[str, str]:
    return {"alertname": TEST_ALERT, "person": person.id, "severity": "low"}


def _told(
    status: Status,
    labels: dict[str, str],
    annotations: dict[str, str],
    *,
    starts_at: datetime | None = None,
) -> Notification:
    return parse_notification(_body(status, labels, annotations, starts_at=starts_at))


def _body(
    status: Status,
    labels: dict[str, str],
    annotations: dict[str, str],
    *,
    starts_at: datetime | None,
) -> bytes:
    alert: dict[str, Any] = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": starts_at,
        "endsAt": starts_at if status == "resolved" else None,
    }
    body = {"version": "4", "receiver": "guardia", "status": status, "alerts": [alert]}
    return msgspec.json.encode(body)


def _by(by: str) -> str:
    return _line(by) or "somebody"


def _line(text: str) -> str:
    return cut_at_word(one_line(text), _LONGEST_NAME)

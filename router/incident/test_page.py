"""A page to try out whether somebody's addresses work: an incident of its own, about nothing."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from router.incident.apply import apply_notification, incident_key
from router.incident.describe import cut_at_word, one_line
from router.incident.model import Change, Event, EventKind
from router.intake.notification import Notification, parse_notification
from router.oncall.model import Person

ALERT: Final = "GuardiaTestPage"
STEP: Final = "test"  # in the place of a step's number in dedup keys
LASTS: Final = timedelta(minutes=10)  # long enough to be heard and to be acknowledged
APART: Final = timedelta(minutes=1)  # of two tests of one person
_LONGEST_NAME: Final = 100


class PageTestRefused(Exception):  # noqa: N818 - says what it is; a sentence for people
    """It is too soon for another test. `reason` is one plain sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def find_test_key(person: Person) -> str:
    """Return the key of all tests of this person."""
    return incident_key(parse_notification(_body(person, "", at=None)))


def refuse_too_soon(person: Person, *, last_at: datetime | None, now: datetime) -> None:
    """Raise PageTestRefused when the last test is not yet APART ago: a loop must not wake anybody."""
    if last_at is None or now - last_at >= APART:
        return
    again_at = last_at + APART
    raise PageTestRefused(
        f"{_name(person)} had a test page less than a minute ago: the next can be sent at"
        f" {again_at:%H:%M:%S} UTC."
    )


def open_page_test(person: Person, *, by: str, now: datetime) -> Change:
    """Return the incident of a test, which no policy escalates and no channel is told of."""
    change = apply_notification(None, _told(person, by, at=now), now=now)
    if change is None:
        raise ValueError("an alert that fires opens an incident")
    return msgspec.structs.force_setattr(change, "events", ()) if False else change


def end_of_page_test(person: Person, *, opened_at: datetime) -> bytes:
    """Return the notification that ends the test that was opened then.

    Its alert ends when it began, by what this says. So should another test
    of the same person be open by the time it is applied, it speaks of the past
    there and ends nothing.
    """
    return _body(person, "", at=opened_at, ended=True)


def test_reason(by: str) -> str:
    """Return why this person is paged, as the page says it."""
    return f"This is a test that {_by(by)} asked for: nothing is wrong, and nobody else is paged."


def _told(person: Person, by: str, *, at: datetime) -> Notification:
    return parse_notification(_body(person, by, at=at))

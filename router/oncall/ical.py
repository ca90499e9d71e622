"""Shifts as an iCalendar document, which calendar programs show and subscribe to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from icalendar import Calendar, Event

from router.language import IN_ENGLISH, Reader
from router.oncall.model import ScheduleId, Shift

PRODUCT = "-//Guardia//On call//EN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One shift of one schedule; `name` is the person's, as shown to colleagues."""

    schedule: ScheduleId
    shift: Shift
    name: str


def render_ical(
    entries: Iterable[Entry],
    *,
    title: str,
    organisation: str,
    now: datetime,
    reader: Reader = IN_ENGLISH,
) -> bytes:
    """Return a calendar with one event a shift, in UTC: each viewer sees their own clock.

    An event keeps its UID as long as the schedule, the person and the start
    stay, so that a new edition replaces it. `organisation` keeps the UIDs of two
    installations apart. `now` says when this edition was made. The events leave
    their time free: who is on call can still be invited.

    Source: RFC 5545, 3.6.1 "Event Component"; RFC 7986, 5.1 "NAME".
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("name", title)
    calendar.add("x-wr-calname", title)  # what most programs read instead of NAME
    for entry in entries:
        calendar.add_component(_event(entry, reader, organisation=organisation, now=now))
    text: bytes = calendar.to_ical()
    return text


def _event(entry: Entry, reader: Reader, *, organisation: str, now: datetime) -> Event:
    shift = entry.shift
    begins = f"{shift.starts_at:%Y%m%dT%H%M%SZ}"
    event = Event()
    event.add(
        "uid",
        str(
            uuid5(NAMESPACE_URL, f"guardia:{organisation}/{entry.schedule}/{shift.person}/{begins}")
        ),
    )
    event.add("dtstamp", now)
    event.add("dtstart", shift.starts_at)
    event.add("dtend", shift.ends_at)
    words = reader.text("{person} on call ({schedule})", person=entry.name, schedule=entry.schedule)
    event.add("summary", words)
    event.add("description", reader.say(shift.because))
    event.add("transp", "TRANSPARENT")
    return event

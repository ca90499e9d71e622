"""The iCalendar document, as a reader of the same standard understands it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from router.language import Reader
from router.oncall.ical import Entry, render_ical
from router.oncall.model import PersonId, ScheduleId, Shift
from router.phrase import phrase

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
ENTRY = Entry(
    schedule=ScheduleId("primary"),
    shift=Shift(
        person=PersonId("ana"), starts_at=NOON, ends_at=NOON + WEEK, because="rotation of primary"
    ),
    name="Engineer ana",
)


def render(*entries: Entry, now: datetime = NOON, organisation: str = "Example") -> bytes:
    return render_ical(entries, title="On call: primary", organisation=organisation, now=now)


def uids(*entries: Entry, organisation: str = "Example") -> list[str]:
    read = Calendar.from_ical(render(*entries, organisation=organisation))
    return [str(event["UID"]) for event in read.walk("VEVENT")]


def test_an_event_has_the_shift_in_utc_and_says_who_and_why() -> None:
    read = Calendar.from_ical(render(ENTRY))
    (event,) = read.walk("VEVENT")

    assert (str(read["VERSION"]), str(read["X-WR-CALNAME"])) == ("2.0", "On call: primary")
    assert event.decoded("DTSTART") == NOON
    assert event.decoded("DTEND") == NOON + WEEK
    assert event.decoded("DTSTAMP") == NOON
    assert str(event["SUMMARY"]) == "Engineer ana on call (primary)"
    assert str(event["DESCRIPTION"]) == "rotation of primary"
    assert event.errors == []


def test_an_event_is_told_in_the_readers_language() -> None:
    because = phrase("rotation of {schedule}", schedule="primary")
    entry = replace(ENTRY, shift=replace(ENTRY.shift, because=because))

    made = render_ical([entry], title="x", organisation="y", now=NOON, reader=Reader(language="es"))

    (event,) = Calendar.from_ical(made).walk("VEVENT")
    assert str(event["SUMMARY"]) == "Engineer ana de guardia (primary)"
    assert str(event["DESCRIPTION"]) == "rotación de primary"


def test_lines_are_as_the_standard_has_them() -> None:
    text = render(ENTRY)
    lines = text.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert b"DTSTART:20261124T120000Z" in lines
    assert all(len(line) <= 75 for line in lines)


def test_a_shift_keeps_its_uid_when_only_its_end_or_reason_changes() -> None:
    shorter = replace(ENTRY.shift, ends_at=NOON + timedelta(days=2), because="layer a of primary")
    renamed = replace(ENTRY, shift=shorter, name="Somebody else")
    assert uids(renamed) == uids(ENTRY)


def test_other_shifts_other_schedules_and_other_installations_have_other_uids() -> None:
    later = replace(ENTRY, shift=replace(ENTRY.shift, starts_at=NOON + timedelta(hours=1)))
    other_person = replace(ENTRY, shift=replace(ENTRY.shift, person=PersonId("bea")))
    other_schedule = replace(ENTRY, schedule=ScheduleId("secondary"))
    found = [
        *uids(ENTRY, later, other_person, other_schedule),
        *uids(ENTRY, organisation="Another"),
    ]
    assert len(set(found)) == 5


def test_the_same_question_gives_the_same_bytes() -> None:
    assert render(ENTRY) == render(ENTRY)


def test_nothing_to_show_is_a_calendar_without_events() -> None:
    assert Calendar.from_ical(render()).walk("VEVENT") == []


@given(name=st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=200))
def test_any_name_and_reason_is_read_back(name: str) -> None:
    entry = replace(ENTRY, name=name, shift=replace(ENTRY.shift, because=f"override: {name}"))
    (event,) = Calendar.from_ical(render(entry)).walk("VEVENT")
    assert str(event["SUMMARY"]) == f"{name} on call (primary)"
    assert str(event["DESCRIPTION"]) == f"override: {name}"


def test_a_name_cannot_add_a_line() -> None:
    entry = replace(ENTRY, name="ana\r\nBEGIN:VALARM\r\nX:")
    read = Calendar.from_ical(render(entry))
    assert [one.name for one in read.walk()] == ["VCALENDAR", "VEVENT"]

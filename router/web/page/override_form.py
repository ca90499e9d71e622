"""What the form of an override asks for, by the clock of whoever fills it in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from guardia.duration import parse_duration
from router.language import Reader
from router.oncall.model import PersonId, Roster, Schedule, ScheduleId
from router.oncall.overrides import WantedOverride, find_obstacle
from router.oncall.shifts import on_call
from router.oncall.wall_clock import has_offset, parse_moment
from router.phrase import Phrase, phrase
from router.web.api.overrides import LONGEST_REASON

LENGTHS: Final = ("1h", "2h", "4h", "8h", "12h", "1d")
USUAL: Final = "4h"  # for who chooses nothing
HANDOFF: Final = "handoff"  # until the turn that runs then ends
WRITTEN: Final = "written"  # until the time that is written below
_FIELDS: Final = ("schedule", "person", "for", "from", "until", "reason")
_TIMES: Final = ("from", "until")
_SHOWN: Final = 40  # characters of what is no time
_PICKED: Final = timedelta(minutes=1)  # which pickers of times count in


class Unclear(Exception):  # noqa: N818 - a sentence for people
    """What was filled in cannot be meant. `sentence` says what to change."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a form asks for; `remark` says what became of a time that is past."""

    wanted: WantedOverride
    remark: Phrase | None


def given_in(fields: Mapping[str, str], zone: ZoneInfo) -> dict[str, str]:
    """Return what was filled in, as the form shows it again.

    Until nothing is chosen, `for` is empty, so a time that was written counts alone.
    """
    given = {name: fields[name].strip() for name in _FIELDS if name in fields}
    if given.get("until") and not given.get("for"):
        given["for"] = WRITTEN
    return given | {name: _as_picked(given[name], zone) for name in _TIMES if name in given}


def read_asked(
    fields: Mapping[str, str],
    roster: Roster,
    overridden: Roster,
    reader: Reader,
    *,
    by: str,
    now: datetime,
) -> Asked:
    """Return what is asked for; times are by the reader's clock, unless they have an offset.

    `overridden` is the roster with all overrides. Raises Unclear.
    """
    schedule = overridden.schedules.get(ScheduleId(fields.get("schedule", "")))
    if schedule is None:
        raise Unclear(phrase("Choose one of the schedules."))
    reason = " ".join(fields.get("reason", "").split())
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        raise Unclear(phrase("The reason must be one line of at most 500 characters."))
    written = _moment(fields, "from", reader.zone)
    begins = now.replace(microsecond=0) if written is None else written
    wanted = WantedOverride(
        schedule=schedule.id,
        person=PersonId(fields.get("person", "")),
        starts_at=max(begins, now.replace(microsecond=0)),
        ends_at=_end(fields, schedule, reader, begins, now=now),
        reason=reason,
        by=by,
    )
    if obstacle := find_obstacle(roster, wanted, now=now):
        raise Unclear(obstacle)
    return Asked(wanted=wanted, remark=_remark(begins, now=now))


def _remark(begins: datetime, *, now: datetime) -> Phrase | None:
    if begins > now - _PICKED:
        return None
    return phrase("{at} is past: it begins now, and what was stays as it was.", at=begins)


def _end(
    fields: Mapping[str, str],
    schedule: Schedule,
    reader: Reader,
    begins: datetime,
    *,
    now: datetime,
) -> datetime:
    """Return when it ends. What is chosen and written at once is refused, not guessed."""
    until = _moment(fields, "until", reader.zone)
    chosen = fields.get("for", "")
    if until is not None:
        if chosen not in ("", WRITTEN):
            raise Unclear(
                phrase(
                    "You chose how long and wrote a time too:"
                    " choose “until the time written below”, or empty that time."
                )
            )
        return until
    if chosen == WRITTEN:
        raise Unclear(phrase("Fill in until when, or choose how long."))
    if chosen == HANDOFF:
        turn = on_call(schedule, max(begins, now))
        if turn is None:
            raise Unclear(phrase("Nobody is on call then, so no turn ends: write until when."))
        return turn.ends_at
    if chosen and chosen not in LENGTHS:
        raise Unclear(phrase("Choose until when."))
    return begins + parse_duration(chosen or USUAL)


def _moment(fields: Mapping[str, str], name: str, zone: ZoneInfo) -> datetime | None:
    text = fields.get(name, "").strip()
    try:
        return parse_moment(text, zone) if text else None
    except ValueError:
        sentence = phrase(
            "“{text}” is no time that can be meant here: one is written 2026-12-24 18:00.",
            text=text[:_SHOWN],
        )
        raise Unclear(sentence) from None


def _as_picked(text: str, zone: ZoneInfo) -> str:
    """Return a time as pickers of browsers take it; what is none, and what they sent, as it is."""
    if not has_offset(text):
        return text
    try:
        return f"{parse_moment(text, zone).astimezone(zone):%Y-%m-%dT%H:%M}"
    except ValueError:
        return text

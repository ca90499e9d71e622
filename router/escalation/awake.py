"""Who says that they are awake is told by what does not ring: once an incident, for some hours.

It is for whoever sits at it already: another incident of the same outage is
news, and no reason to be rung again. Nothing else about an escalation changes:
who does not answer is passed over at the same time as ever.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from router.address import Address
from router.escalation.model import Page
from router.oncall.model import Person, PersonId
from router.oncall.wall_clock import wall_instant
from router.phrase import phrase

LONGEST: Final = timedelta(hours=12)  # beyond a night, and a phone that was put away
QUIET: Final = ("email", "slack")  # channels that wake nobody by themselves


class AwakeRefused(Exception):  # noqa: N818 - says what it is; a sentence for people
    """Nobody is taken to be awake for that long. `reason` is one plain sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Awake:
    """Until when people said that they are awake, and who was told of this incident before.

    `told` are rung when their turn comes again: then they did not see it, or it is news.
    """

    until: Mapping[PersonId, datetime] = field(default_factory=dict)
    told: frozenset[PersonId] = frozenset()

    def address_for(self, person: Person, *, now: datetime) -> Address | None:
        """Return by what to tell somebody in place of ringing; None: they are rung as ever."""
        until = self.until.get(person.id)
        if until is None or until <= now or person.id in self.told:
            return None
        if not person.addresses or person.addresses[0].channel in QUIET:
            return None
        return next((one for one in person.addresses if one.channel in QUIET), None)

    def after(self, pages: Iterable[Page]) -> "Awake":
        """Return it with those told whom these pages tell."""
        told = {page.person for page in pages if page.is_quiet}
        return replace(self, told=self.told | told) if told else self


NOBODY: Final = Awake()


def quiet_first(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Return in which order an awake person's addresses are tried: when one fails, all others."""
    quiet = next((one for one in addresses if one.channel in QUIET), None)
    if quiet is None:
        return addresses
    return (quiet, *(one for one in addresses if one != quiet))


def awake_for(length: timedelta, *, now: datetime) -> datetime:
    """Return until when somebody is awake who says for how long. Raises AwakeRefused."""
    if not timedelta() < length <= LONGEST:
        reason = phrase(
            "Say for how long you are awake, {most} at most: for longer, take over with an"
            " override or leave the phone on.",
            most=LONGEST,
        )
        raise AwakeRefused(reason)
    return now + length


def awake_until(clock: time, zone: ZoneInfo, *, now: datetime) -> datetime:
    """Return when the wall clock of `zone` shows `clock` next. Raises AwakeRefused."""
    today = now.astimezone(zone).date()
    days = (today + timedelta(days=ahead) for ahead in range(3))
    ends_at = next(at for day in days if (at := wall_instant(day, clock, zone)) > now)
    return awake_for(ends_at - now, now=now)

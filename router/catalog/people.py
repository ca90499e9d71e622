"""People of the on-call files, and addresses wherever they are written."""

import re
from typing import Final
from zoneinfo import ZoneInfo

from guardia.document import Pointer
from guardia.reading import Reading
from router.address import Address
from router.oncall.model import Person, PersonId, Role

_SLACK_MEMBER: Final = re.compile(r"[UW][A-Z0-9]{2,30}", re.ASCII)
_WHY_ZONE: Final = "the zone says by which clock this person is told times"


def read_people(reading: Reading) -> list[Person]:
    """Return the people one file declares."""
    return [_person(reading, ("people", index)) for index in range(reading.count(("people",)))]


def check_sign_ins(readings: list[Reading]) -> None:
    """Note each name at sign-in, or Slack account, that two people have: who would it be?"""
    for key, what in (("sign_in", "name at sign-in"), ("slack", "Slack account")):
        seen: dict[str, str] = {}
        for reading in readings:
            for at in (("people", index, key) for index in range(reading.count(("people",)))):
                many = key == "sign_in" and reading.value(at) is not None
                places = [(*at, each) for each in range(reading.count(at))] if many else [at]
                for place in places:
                    _check_once(reading, place, what, seen)


def _check_once(reading: Reading, at: Pointer, what: str, seen: dict[str, str]) -> None:
    name, person = reading.value(at), reading.value((*at[:2], "id"))
    if name is None:
        return
    first = seen.setdefault(name.casefold(), person)
    if first != person:
        reading.problem(
            "duplicate-id",
            at,
            f"{what} `{name}` is also that of `{first}`",
            label=f"`{first}` has it too",
            why="what somebody does would be recorded as done by another",
            fix="leave it with the one whose it is",
        )


def _person(reading: Reading, at: Pointer) -> Person:
    addresses = read_addresses(reading, (*at, "pages"))
    mailbox = next((one.address for one in addresses if one.channel == "email"), None)
    member = next((one.address for one in addresses if _is_member(one)), None)
    sign_ins = reading.value((*at, "sign_in")) or ([mailbox] if mailbox else [])
    return Person(
        id=PersonId(reading.value((*at, "id"))),
        name=reading.value((*at, "name")),
        addresses=addresses,
        role=Role(reading.value((*at, "role"), Role.RESPONDER)),
        language=reading.value((*at, "language")),
        zone=_zone(reading, (*at, "zone")),
        phone=reading.value((*at, "phone")),
        sign_ins=tuple(name.casefold() for name in sign_ins),
        slack=reading.value((*at, "slack")) or member,
    )


def _is_member(address: Address) -> bool:
    return address.channel == "slack" and _SLACK_MEMBER.fullmatch(address.address) is not None


def _zone(reading: Reading, at: Pointer) -> ZoneInfo | None:
    return None if reading.value(at) is None else reading.zone(at, why=_WHY_ZONE)


def read_addresses(reading: Reading, at: Pointer) -> tuple[Address, ...]:
    """Return the addresses in the list at `at`, in its order; none when it is left out."""
    return tuple(
        Address(channel=channel, address=address)
        for entry in reading.value(at, ())
        for channel, address in entry.items()
    )

"""Which person of the catalog a name at sign-in belongs to."""

from collections.abc import Iterable, Mapping
from typing import Final

from router.oncall.model import Person, PersonId, Role

LONGEST_NAME: Final = 320  # of an e-mail address: 64 + 1 + 255 characters (RFC 5321, 4.5.3.1)


def find_person(people: Mapping[PersonId, Person], name: str) -> Person | None:
    """Return whose name at sign-in this is, capitals or not; None for nobody's.

    A foreign letter that folds into an ASCII one, as the Kelvin sign does into
    k, makes a name nobody's: else who may choose such a name at the provider
    would be somebody else here.
    """
    wanted = name.strip()
    if not wanted or any(not char.isascii() and char.casefold().isascii() for char in wanted):
        return None
    folded = wanted.casefold()
    return next((one for one in people.values() if folded in one.sign_ins), None)


def is_usable(name: str) -> bool:
    """Say whether this can be a name at all: one short line."""
    return 0 < len(name.strip()) <= LONGEST_NAME and name.isprintable()


def administrators(people: Iterable[Person]) -> list[str]:
    """Return the names of who may help somebody that cannot sign in."""
    return sorted(one.name for one in people if one.role is Role.ADMINISTRATOR)

"""People of the on-call files, and addresses wherever they are written."""

from guardia.document import Pointer
from guardia.reading import Reading
from router.address import Address
from router.oncall.model import Person, PersonId


def read_people(reading: Reading) -> list[Person]:
    """Return the people one file declares."""
    return [
        Person(
            id=PersonId(reading.value(("people", index, "id"))),
            name=reading.value(("people", index, "name")),
            addresses=read_addresses(reading, ("people", index, "pages")),
        )
        for index in range(reading.count(("people",)))
    ]


def read_addresses(reading: Reading, at: Pointer) -> tuple[Address, ...]:
    """Return the addresses in the list at `at`, in its order; none when it is left out."""
    return tuple(
        Address(channel=channel, address=address)
        for entry in reading.value(at, ())
        for channel, address in entry.items()
    )

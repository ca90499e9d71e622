"""How many attempts of a lane are under way, so that who answers slowly delays no other."""

from collections import Counter
from typing import Final, Self

from router.address import Address
from router.store.leases import Full

CHANNEL_SLOTS: Final = 32
ADDRESS_SLOTS: Final = 4  # an address that hangs leaves the others of its channel most


class Slots:
    """The attempts under way: so many a channel, and of these so many an address."""

    def __init__(self, by_address: Counter[Address] | None = None) -> None:
        self._by_address = Counter(by_address or {})
        self._by_channel: Counter[str] = Counter()
        for address, count in self._by_address.items():
            self._by_channel[address.channel] += count

    def copy(self) -> Self:
        """Return the same, to count on for a plan."""
        return type(self)(self._by_address)

    def take(self, address: Address) -> bool:
        """Count one more attempt; False when there is no room for it."""
        if (
            self._by_address[address] >= ADDRESS_SLOTS
            or self._by_channel[address.channel] >= CHANNEL_SLOTS
        ):
            return False
        self._by_address[address] += 1
        self._by_channel[address.channel] += 1
        return True

    def free(self, address: Address) -> None:
        """Count one attempt less."""
        self._by_channel[address.channel] -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def full(self) -> Full:
        """Return where there is no room."""
        return Full(
            channels=frozenset(
                name for name, count in self._by_channel.items() if count >= CHANNEL_SLOTS
            ),
            addresses=frozenset(
                address for address, count in self._by_address.items() if count >= ADDRESS_SLOTS
            ),
        )

"""What every channel offers to the worker."""

from datetime import timedelta
from typing import Protocol

from router.channels.outcome import Outcome
from router.channels.rate import Rate
from router.message.model import MessageContext


class Channel(Protocol):
    """One way to reach people."""

    @property
    def closes_pages(self) -> bool:
        """Say whether pages on it are acknowledged and resolved by messages of their own."""

    @property
    def edits_notices(self) -> bool:
        """Say whether a notice is brought up to date in place; else each occasion is a message."""

    @property
    def has_threads(self) -> bool:
        """Say whether the steps of an escalation are told one by one under the notice."""

    @property
    def rate(self) -> Rate:
        """Say how much one address takes, so that the outbox never runs into the limit."""

    @property
    def settles_within(self) -> timedelta:
        """Say how long the end of a page may be lost that follows soon upon the page; 0: never."""

    def prepare(self) -> None:
        """Load what the first attempt would wait for, libraries above all; in a thread."""

    def secrets(self, address: str) -> tuple[str, ...]:
        """Return the names of the files in the folder of secrets that the address needs."""

    async def attempt(self, context: MessageContext) -> Outcome:
        """Send once, with no retry inside. Never holds a transaction of the store."""

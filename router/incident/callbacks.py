"""What somebody chose at a message of ours, in Slack or by a link in an e-mail."""

from dataclasses import dataclass
from enum import StrEnum

from router.oncall.model import Person, PersonId
from router.phrase import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One choice that came back. Who chose is known: Slack signs it, or we signed the link.

    `reference` is what the message is about: `installation/incident`, or the
    dedup key of a page or digest. `person` is None for nobody of the catalog;
    `name` is then what they call themselves.
    """

    via: str  # slack, email
    id: str  # the same when the same choice is told again
    choice: str
    reference: str
    person: PersonId | None
    name: str
    address: str | None = None  # of the network
    lasts: bool = False  # of a link, which may be used again once what it did does not stand


class Refused(StrEnum):
    """Why nothing was done."""

    STRANGER = "stranger"  # nobody of the catalog
    ROLE = "role"
    FOREIGN = "foreign"  # of another installation
    UNKNOWN = "unknown"  # no such incident, or choice, any more
    REPEATED = "repeated"
    OVER = "over"
    SENSELESS = "senseless"  # for this incident now


class CallbackRefused(Exception):  # noqa: N818 - says what it is; a sentence for people
    """Nothing was changed. `reason` is one plain sentence."""

    def __init__(self, why: Refused, reason: str) -> None:
        super().__init__(reason)
        self.why = why
        self.reason = reason


def admit(person: Person | None, reference: str, *, installation: str) -> Person:
    """Return who may answer by a message of this installation. Raises CallbackRefused."""
    if person is None:
        reason = phrase(
            "You are not in the on-call catalog any more: ask whoever keeps it to add you."
        )
        raise CallbackRefused(Refused.STRANGER, reason)
    if not person.may_answer:
        reason = phrase(
            "Your role in the on-call catalog is viewer, and viewers only look: ask whoever"
            " keeps it for the role responder."
        )
        raise CallbackRefused(Refused.ROLE, reason)
    if reference.partition("/")[0] != installation:
        reason = phrase("This is of another installation of Guardia.")
        raise CallbackRefused(Refused.FOREIGN, reason)
    return person


def nothing_there(*, of_digest: bool) -> CallbackRefused:
    """Return the refusal of an answer to what is not there, or to a digest that tells nothing."""
    reason = phrase("There is no such incident any more, or no such choice.")
    if of_digest:
        reason = phrase(
            "None of its incidents is left in this page, so there is nothing to answer."
        )
    return CallbackRefused(Refused.UNKNOWN, reason)


def senseless(reason: str) -> CallbackRefused:
    """Return the refusal of an answer that makes no sense for its incident now."""
    return CallbackRefused(Refused.SENSELESS, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What was done. `told` is a sentence for who did it; empty: the message shows it."""

    outcome: str  # acknowledged, resolved, noted
    told: str = ""

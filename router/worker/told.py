"""What one message tells of several incidents, and where each of them can be seen."""

from collections.abc import Iterable

from router.incident.model import Incident
from router.message.model import Message, MessageKind, Told
from router.phrase import Phrase, phrase


def message_name(message: Message) -> Phrase:
    """Return what is sent and where to, to begin a sentence with."""
    place = f"{message.address.channel} {message.address.address}"
    return {
        MessageKind.PAGE: phrase("Page to {place}", place=place),
        MessageKind.ACKNOWLEDGE: phrase("Acknowledge to {place}", place=place),
        MessageKind.RESOLVE: phrase("Resolve to {place}", place=place),
        MessageKind.NOTICE: phrase("Notice to {place}", place=place),
        MessageKind.ESCALATION: phrase("Escalation to {place}", place=place),
        MessageKind.SUMMARY: phrase("Summary to {place}", place=place),
        MessageKind.DIGEST: phrase("Digest to {place}", place=place),
        MessageKind.ANNOUNCEMENT: phrase("Announcement to {place}", place=place),
    }[message.kind]


def incident_url(number: int, external_url: str | None) -> str:
    """Return where people see an incident; empty without an address to begin with."""
    return f"{external_url}/incidents/{number}" if external_url else ""


def tell_incidents(
    found: Iterable[tuple[int, Incident | None]], *, external_url: str | None
) -> tuple[Told, ...]:
    """Return those that are still stored, in their order."""
    return tuple(
        Told(number=number, incident=incident, url=incident_url(number, external_url))
        for number, incident in found
        if incident is not None
    )

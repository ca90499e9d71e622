"""What Alertmanager lists of itself: bytes of its API to the alerts that fire, and what hides them.

Source: Alertmanager, api/v2/openapi.yaml: `GET /alerts/groups`, `GET /silences`, `GET /status`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec

_NAMED: Final = 3  # how many silences of one alert are named
_LONGEST: Final = 200


class UnreadableListing(Exception):  # noqa: N818 - says what it is; a sentence for operators
    """What answered is no Alertmanager, or one that we do not understand."""


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    state: str
    silenced_by: Sequence[str] = ()
    inhibited_by: Sequence[str] = ()
    muted_by: Sequence[str] = ()  # by a time interval; since Alertmanager 0.28


class _Alert(msgspec.Struct, frozen=True, rename="camel"):
    labels: Annotated[dict[str, str], msgspec.Meta(min_length=1)]
    annotations: Mapping[str, str]
    starts_at: datetime
    fingerprint: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{1,64}\Z")]  # as in notifications
    status: _Status
    generator_url: str = msgspec.field(name="generatorURL", default="")


class _Receiver(msgspec.Struct, frozen=True):
    name: str


class _Group(msgspec.Struct, frozen=True):
    labels: Mapping[str, str]
    receiver: _Receiver
    alerts: Sequence[_Alert]


class _Silence(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    created_by: str
    comment: str
    ends_at: datetime


class _Process(msgspec.Struct, frozen=True):
    uptime: datetime  # when it was started, whatever its name says


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAlert:
    """An alert that fires as Alertmanager knows it, in one of its groups.

    `suppressed_by` says for people what hides it: silences, other alerts or
    a mute time; None: nothing does.
    """

    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    generator_url: str
    group_labels: Mapping[str, str]
    suppressed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What one peer lists. `started_at` is when that peer was started."""

    alerts: Mapping[str, ListedAlert]  # by fingerprint
    started_at: datetime


def parse_listing(groups: bytes, silences: bytes, status: bytes, *, receiver: str) -> Listing:
    """Return the alerts of the groups that go to `receiver`.

    Raises UnreadableListing, also for one alert that no notification could
    tell of: what lists such a thing is no Alertmanager.
    """
    try:
        found = msgspec.json.decode(groups, type=list[_Group])
        known = msgspec.json.decode(silences, type=list[_Silence])
        process = msgspec.json.decode(status, type=_Process)
        return _listing(found, known, process, receiver=receiver)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise UnreadableListing(f"what answers is not Alertmanager's API v2: {error}") from None


def _listing(
    found: Sequence[_Group], known: Sequence[_Silence], process: _Process, *, receiver: str
) -> Listing:
    names = {
        alert.fingerprint: alert.labels.get("alertname", alert.fingerprint)
        for group in found
        for alert in group.alerts
    }
    shown = {silence.id: _show_silence(silence) for silence in known}
    alerts = {
        alert.fingerprint: _listed(alert, group, shown, names)
        for group in found
        if group.receiver.name == receiver
        for alert in group.alerts
    }
    return Listing(alerts=alerts, started_at=process.uptime.astimezone(UTC))


def merge(listings: Iterable[Listing]) -> dict[str, ListedAlert]:
    """Return what all peers list together.

    An alert is suppressed when every peer that lists it says so: when in
    doubt, people are woken.
    """
    merged: dict[str, ListedAlert] = {}
    for listing in listings:
        for fingerprint, alert in listing.alerts.items():
            known = merged.get(fingerprint)
            if known is None or known.suppressed_by is not None:
                merged[fingerprint] = alert
    return merged


def _listed(
    alert: _Alert, group: _Group, silences: Mapping[str, str], names: Mapping[str, str]
) -> ListedAlert:
    return ListedAlert(
        fingerprint=alert.fingerprint,
        labels=alert.labels,
        annotations=alert.annotations,
        starts_at=alert.starts_at.astimezone(UTC),
        generator_url=alert.generator_url,
        group_labels=group.labels,
        suppressed_by=_suppressed_by(alert.status, silences, names),
    )


def _suppressed_by(
    status: _Status, silences: Mapping[str, str], names: Mapping[str, str]
) -> str | None:
    reasons = [f"silenced by {silences.get(one, one)}" for one in status.silenced_by]
    reasons += [f"inhibited by {names.get(one, one)}" for one in status.inhibited_by]
    reasons += [f"muted by time interval {one}" for one in status.muted_by]
    if not reasons:
        return None
    return "; ".join(_printable(reason)[:_LONGEST] for reason in reasons[:_NAMED])


def _show_silence(silence: _Silence) -> str:
    until = silence.ends_at.astimezone(UTC)
    return f"{silence.created_by} until {until:%Y-%m-%d %H:%M} UTC ({silence.comment})"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)

"""What a list shows of an incident, kept in its row so that no list reads alerts."""

from typing import Any

import msgspec
from sqlalchemy import Row

from router.incident.glance import AlertsGlance, glance_at_alerts
from router.incident.model import Incident
from router.phrase import encode_phrase
from router.store.phrases import read_phrase


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The column's JSON. Fields that a later release adds are passed over."""

    title: str
    phrase: list[dict[str, Any]] | None
    labels: dict[str, str]
    total: int
    firing: int
    at: tuple[str, str, int]  # how the incident stood: state, severity, how often reopened


def encode_glance(incident: Incident) -> dict[str, Any]:
    """Return what the column holds."""
    found = glance_at_alerts(incident)
    kept = _Kept(
        title=str(found.title),
        phrase=encode_phrase(found.title),
        labels=dict(found.labels),
        total=found.total,
        firing=found.firing,
        at=(incident.state.value, incident.severity.value, incident.reopened),
    )
    encoded: dict[str, Any] = msgspec.to_builtins(kept)
    return encoded


def read_glance(row: Row[Any]) -> AlertsGlance | None:
    """Return what a row of the table keeps, or None where the alerts must be read.

    An earlier release keeps nothing, and leaves what is there when it changes
    the incident, as while replicas are replaced one by one: then it does not
    stand as it did. What nobody can read counts as nothing.
    """
    try:
        kept = msgspec.convert(row.glance, _Kept)
    except msgspec.ValidationError:
        return None
    if kept.at != (row.state, row.severity, row.reopened):
        return None
    return AlertsGlance(
        title=read_phrase(kept.phrase, kept.title),
        labels=kept.labels,
        total=kept.total,
        firing=kept.firing,
    )

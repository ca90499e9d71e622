"""Heartbeats of the on-call files: alerts that must keep coming."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from guardia.document import Pointer
from guardia.matcher import Matcher
from guardia.reading import Reading
from guardia.severity import Severity
from router.incident.heartbeat import HEARTBEAT_LABEL, MISSED_ALERT, Heartbeat

SHORTEST: Final = timedelta(seconds=30)  # we look every few seconds
_OWN_LABELS: Final = ("alertname", HEARTBEAT_LABEL, "severity")


def read_heartbeats(reading: Reading) -> list[Heartbeat]:
    """Return the heartbeats of one file in their order."""
    return [
        _heartbeat(reading, ("heartbeats", index))
        for index in range(reading.count(("heartbeats",)))
    ]


def _heartbeat(reading: Reading, at: Pointer) -> Heartbeat:
    matchers = reading.matchers(
        (*at, "match"),
        why="what is read otherwise than meant is missed, or takes alerts from people",
        fix="""write it as in Alertmanager: 'alertname="Watchdog"'""",
    )
    if len(matchers) == reading.count((*at, "match")) and not _names_alert(matchers):
        _too_wide(reading, at)
    return Heartbeat(
        name=reading.value((*at, "name")),
        matchers=matchers,
        every=_every(reading, (*at, "every")),
        severity=Severity(reading.value((*at, "severity"), Severity.CRITICAL)),
        labels=_labels(reading, (*at, "labels")),
    )


def _names_alert(matchers: tuple[Matcher, ...]) -> bool:
    return any(
        one.name == "alertname" and one.operator == "=" and one.value not in ("", MISSED_ALERT)
        for one in matchers
    )


def _too_wide(reading: Reading, at: Pointer) -> None:
    reading.problem(
        "heartbeat-too-wide",
        (*at, "match"),
        f"heartbeat `{reading.value((*at, 'name'))}` does not name its alert",
        label="needs the alert's name",
        why="what a heartbeat takes opens no incident: alerts that it was not meant for would"
        " wake nobody",
        fix="""add the matcher of the alert that always fires, such as 'alertname="Watchdog"'""",
    )


def _every(reading: Reading, at: Pointer) -> timedelta:
    every = reading.duration(at)
    if every is not None and every < SHORTEST:
        reading.problem(
            "interval-too-short",
            at,
            f"a heartbeat would be missing after {reading.value(at)}",
            label="must be at least 30s",
            why="Alertmanager is not that punctual, and somebody would be woken for nothing",
            fix="use three times the interval at which it comes, or more",
        )
    return every or SHORTEST


def _labels(reading: Reading, at: Pointer) -> Mapping[str, str]:
    labels: Mapping[str, str] = reading.value(at, {})
    for name in labels:
        if name in _OWN_LABELS:
            reading.problem(
                "label-reserved",
                (*at, name),
                f"the label `{name}` already has a meaning",
                label="must be a name of your own",
                why="the alert that says that a heartbeat is missing has it already",
                fix=f"use another name than these: {', '.join(_OWN_LABELS)}",
                of_key=True,
            )
    return labels

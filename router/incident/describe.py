"""An incident in labels and in one line, for people."""

from collections.abc import Collection, Sequence
from datetime import datetime
from unicodedata import category

from router.incident.model import Incident, IncidentAlert
from router.incident.reread import own_words
from router.incident.words import severity_word
from router.phrase import Phrase, listed, phrase

_NAMED = 5  # how many alerts a sentence names before it counts the rest
_TITLE_LENGTH = 300
# Letters and a sign that Unicode counts as visible, and that are drawn as nothing: the fillers
# of Hangul, and Braille without a dot.
_EMPTY = dict.fromkeys(map(ord, "\u115f\u1160\u2800\u3164\uffa0"), " ")


def worst_alert(incident: Incident) -> IncidentAlert | None:
    """Return the worst firing alert (of all alerts when none fires); the oldest of equals."""
    return min(shown_alerts(incident), key=_rank, default=None)


def ranked_alerts(incident: Incident) -> list[IncidentAlert]:
    """Return the firing alerts (all alerts when none fires), the worst first, then the oldest."""
    return sorted(shown_alerts(incident), key=_rank)


def _rank(alert: IncidentAlert) -> tuple[int, datetime, str]:
    return -alert.severity.urgency, alert.starts_at, alert.fingerprint


def shown_alerts(incident: Incident) -> list[IncidentAlert]:
    """Return the firing alerts, or all of them when none fires."""
    firing = [alert for alert in incident.alerts.values() if alert.firing]
    return firing or list(incident.alerts.values())


def incident_labels(incident: Incident) -> dict[str, str]:
    """Return the labels common to all firing alerts (to all alerts when none fires).

    `severity` is the raw label of the worst of them, so that people see
    foreign severities as they came. Routes look at each alert instead.
    """
    alerts = shown_alerts(incident)
    worst = worst_alert(incident)
    if worst is None:
        return {}
    common = _common_labels(worst, alerts)
    if "severity" in worst.labels:
        common["severity"] = worst.labels["severity"]
    return common


def incident_title(incident: Incident) -> str:
    """Return one plain line that says what is wrong: the worst alert's summary, else its name.

    A summary is others' text. What is ours in it is a phrase, for readers to be told.
    """
    worst = worst_alert(incident)
    if worst is None:
        return phrase("An incident without alerts")
    # The same alert at a milder severity says nothing new: an SLO burns at all four at once.
    others = _count_subjects(shown_alerts(incident)) - 1
    summary = cut_at_word(one_line(worst.annotations.get("summary", "")), _TITLE_LENGTH)
    title = own_words(worst.labels, summary) or alert_name(worst)
    return title if not others else phrase("{title} (and {count} more)", title=title, count=others)


def incident_description(incident: Incident) -> str:
    """Return the worst alert's description as one line; empty when it has none."""
    worst = worst_alert(incident)
    if worst is None:
        return ""
    return own_words(worst.labels, one_line(worst.annotations.get("description", "")))


def _count_subjects(alerts: Sequence[IncidentAlert]) -> int:
    """Return how many label sets there are, whatever the severity.

    Compared by the few labels that differ: it is asked of thousands at each notification.
    """
    same = _common_labels(alerts[0], alerts).keys() | {"severity"}
    return len(
        {frozenset([pair for pair in one.labels.items() if pair[0] not in same]) for one in alerts}
    )


def _common_labels(first: IncidentAlert, alerts: Sequence[IncidentAlert]) -> dict[str, str]:
    """Return those of the first that all have; each alert is looked at once."""
    common = dict(first.labels)
    for alert in alerts:
        labels = alert.labels
        if not common.items() <= labels.items():
            common = {name: value for name, value in common.items() if labels.get(name) == value}
    return common


def alert_name(alert: IncidentAlert) -> str:
    """Return the alert's name and what it is about, for a sentence; one too long is no phrase."""
    labels = alert.labels
    about = [one_line(labels.get(label, "")) for label in ("service", "instance")]
    where = ", ".join(text for text in about if text)
    name = one_line(labels.get("alertname", "")) or _nameless(alert)
    named = phrase("{alert} on {place}", alert=name, place=where) if where else name
    return cut_at_word(named, _TITLE_LENGTH)


def _nameless(alert: IncidentAlert) -> str:
    pairs = [f"{name}={value}" for name, value in sorted(alert.labels.items())[:3]]
    return phrase("An alert with {labels}", labels=one_line(", ".join(pairs)))


def listed_alerts(alerts: Collection[IncidentAlert]) -> Phrase:
    """Return the names of the alerts for a sentence; many are counted, so that it stays short."""
    worst_first = sorted(alerts, key=lambda alert: (-alert.severity.urgency, alert.fingerprint))
    names = [
        phrase("{alert} ({severity})", alert=alert_name(one), severity=severity_word(one.severity))
        for one in worst_first[:_NAMED]
    ]
    more = len(alerts) - len(names)
    return listed(*names, *([phrase("and {count} more", count=more)] if more else []), by="; ")


def one_line(text: str) -> str:
    """Return the text as one line of visible characters: a label can hold anything.

    Line ends, control characters, marks that reverse the direction of writing
    and letters that are empty become blanks; runs of blanks become one.
    """
    shown = "".join(char if char.isprintable() else " " for char in text.translate(_EMPTY))
    line = " ".join(shown.split())
    # Marks are shown at what they stand on: by themselves they are nothing to read.
    return line if any(char != " " and category(char) != "Mn" for char in line) else ""


def cut_at_word(text: str, limit: int) -> str:
    """Return the text in at most `limit` characters, cut after a whole word where there is one."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    words, blank, _ = kept.rpartition(" ")
    # One word without end is cut inside: half of the room should still say something.
    return (words if blank and len(words) >= limit // 2 else kept).rstrip() + "…"

"""Words for how bad an incident is and how it stands, to be told in the reader's language."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from guardia.severity import Severity
from router.incident.model import IncidentState
from router.phrase import Phrase, phrase

_SEVERITIES: Final[Mapping[Severity, Phrase]] = MappingProxyType(
    {
        Severity.CRITICAL: phrase("critical"),
        Severity.HIGH: phrase("high"),
        Severity.MEDIUM: phrase("medium"),
        Severity.LOW: phrase("low"),
    }
)
_STATES: Final[Mapping[IncidentState, Phrase]] = MappingProxyType(
    {
        IncidentState.TRIGGERED: phrase("triggered"),
        IncidentState.ACKNOWLEDGED: phrase("acknowledged"),
        IncidentState.RESOLVED: phrase("resolved"),
    }
)


def severity_word(severity: Severity) -> Phrase:
    """Return the word for a severity of ours; a label's value is told as it is instead."""
    return _SEVERITIES[severity]


def state_word(state: IncidentState) -> Phrase:
    """Return the word for how an incident stands."""
    return _STATES[state]

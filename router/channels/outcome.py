"""What one attempt to send came to: a closed list, also the metrics' labels."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class FailureReason(StrEnum):
    """Why an attempt failed."""

    UNREACHABLE = "unreachable"  # no connection, timeout, TLS
    RATE_LIMITED = "rate_limited"
    PROVIDER_ERROR = "provider_error"  # the provider's own 5xx or internal error
    CREDENTIALS = "credentials"  # missing or refused
    ADDRESS = "address"  # the address does not exist or may not be written to
    CONTENT = "content"  # the provider refuses what we sent
    INTERNAL = "internal"  # our own mistake: the log has it with a traceback
    EXPIRED = "expired"  # given up: it failed for so long that what it tells is old


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Accepted. `provider_id` is what the channel needs to edit or follow it later."""

    provider_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Not accepted; the same may work later, not before `after` when the provider said so."""

    reason: FailureReason
    detail: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Will not be accepted as it is: sending the same again is of no use."""

    reason: FailureReason
    detail: str


Outcome = Sent | Retry | Refused

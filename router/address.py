"""Where a message can go: a channel and an address on it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One place that can receive a message.

    `channel` is a name registered in `router.channels` ("pagerduty", "email",
    "slack", "webhook"). `address` is what that channel understands: a mailbox, a
    Slack channel or person, and for PagerDuty and webhooks the *name* of the
    secrets, never a key itself (R19: no secret in the catalog or the database).
    """

    channel: str
    address: str

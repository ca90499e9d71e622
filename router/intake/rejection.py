"""What is kept of a POST that could not be understood, and the alert that tells of it (G3)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from guardia.label import fingerprint
from router.phrase import phrase

# What is kept of a body beyond the limit: enough to see who sent what.
KEPT_OF_TOO_LARGE: Final = 64 * 1024

REJECTION_LABELS: Final[Mapping[str, str]] = {
    "alertname": "NotificationRejected",
    "severity": "medium",
}
REJECTION_SUMMARY: Final = phrase("A notification could not be understood and was not acted on")
REJECTION_FINGERPRINT: Final = fingerprint(REJECTION_LABELS)
# Nobody can send one: the key of what is received is 64 hexadecimal digits.
REJECTION_KEY: Final = "rejected"
# Whole and readable, so that also a release that does not know the key tells people.
REJECTION_BODY: Final = json.dumps(
    {
        "version": "4",
        "status": "firing",
        "receiver": "guardia",
        "groupLabels": {},
        "alerts": [
            {
                "status": "firing",
                "labels": REJECTION_LABELS,
                "annotations": {"summary": str(REJECTION_SUMMARY)},
            }
        ],
    },
    separators=(",", ":"),
).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One POST of somebody with a valid token that was refused with a 4xx."""

    received_at: datetime
    reason: str  # one plain sentence, the one the sender got
    body: bytes  # as it came; only its beginning when it was too large
    size_bytes: int  # of the whole body: as declared, else as much of it as had come
    address: str  # from where the connection came: the sender or its proxy; may be empty
    user_agent: str  # as the sender calls itself; may be empty

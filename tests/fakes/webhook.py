"""A receiver of signed webhooks that verifies each as docs/operations/channels.md tells to."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tests.fakes.failures import Answer, Call
from tests.fakes.serving import HttpFake, utc_now

OLDEST_SECONDS = 300


class WebhookFake(HttpFake):
    """Takes what is signed with `key`, is new, and was not taken before; 401 for the rest."""

    def __init__(self, *, key: str, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now=now)
        self._key = key
        self._seen: set[str] = set()
        self._taken: list[dict[str, Any]] = []

    @property
    def taken(self) -> tuple[dict[str, Any], ...]:
        """Return the bodies that were taken, in order."""
        with self.changed:
            return tuple(self._taken)

    def answer(self, call: Call) -> Answer:
        timestamp = call.headers.get("x-guardia-timestamp", "")
        signature = call.headers.get("x-guardia-signature", "")
        signed = timestamp.encode() + b"." + call.body
        expected = "v1=" + hmac.new(self._key.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            return Answer(status=401, body={"error": "signature"})
        if abs(self.now().timestamp() - int(timestamp)) > OLDEST_SECONDS:
            return Answer(status=401, body={"error": "too old"})
        if signature in self._seen:
            return Answer(status=401, body={"error": "seen before"})
        body = json.loads(call.body)
        if body["version"] != 1:
            return Answer(status=422, body={"error": "version"})
        self._seen.add(signature)
        self._taken.append(body)
        return Answer(body={})

    def failure_answer(self, status: int) -> Mapping[str, Any]:
        return {"status": status}

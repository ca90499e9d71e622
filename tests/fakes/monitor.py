"""Somebody outside who waits for a sign of life, at a URL that is its only credential."""

from collections.abc import Mapping
from typing import Any

from tests.fakes.failures import Answer, Call
from tests.fakes.serving import HttpFake

PATH = "/ping/0f3c"


class MonitorFake(HttpFake):
    """Counts GETs to its one path; anything else is a stranger's and gets a 404."""

    methods = ("GET",)

    @property
    def ping_url(self) -> str:
        """Return the URL to call."""
        return self.url + PATH

    @property
    def beats(self) -> int:
        """Return how many signs of life came."""
        return sum((call.method, call.path) == ("GET", PATH) for call in self.calls)

    def answer(self, call: Call) -> Answer | None:
        return Answer(body={}) if (call.method, call.path) == ("GET", PATH) else None

    def failure_answer(self, status: int) -> Mapping[str, Any]:
        return {"status": status}

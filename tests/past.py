"""Series with their past, and the real Prometheus that answers for them.

A past is written as OpenMetrics with timestamps, of which promtool makes blocks.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.servers import prometheus
from tests.tooling import ToolSet

Labels = tuple[tuple[str, str], ...]
Sample = tuple[float, float | str]  # Unix seconds, value
# By metric name, then by labels: a name's series stand together, as OpenMetrics asks.
Past = dict[str, dict[Labels, list[Sample]]]


def labels_of(labels: Mapping[str, str]) -> Labels:
    """Return labels as the key of a series."""
    return tuple(sorted(labels.items()))


def write_past(path: Path, past: Past) -> None:
    """Write series; the samples of each are in the order of time."""
    with path.open("w", encoding="utf-8") as text:
        for name, by_labels in past.items():
            for labels, samples in by_labels.items():
                inside = ",".join(f"{label}={json.dumps(value)}" for label, value in labels)
                text.writelines(f"{name}{{{inside}}} {value} {at}\n" for at, value in samples)
        text.write("# EOF\n")


class QueryError(Exception):
    """What Prometheus said against a query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A folder of blocks and the programs that read them."""

    tools: ToolSet
    storage: Path

    def add(self, file: Path) -> None:
        """Make blocks of a file of OpenMetrics, and delete it; no Prometheus may be running."""
        # Of two hours each by default, and the file is read once for each of them.
        command: list[str | Path] = [
            self.tools.promtool, "tsdb", "create-blocks-from", "--max-block-duration=54h",
            "openmetrics", "--quiet",
        ]  # fmt: skip
        subprocess.run([*command, file, self.storage], check=True, capture_output=True)
        file.unlink()

    @contextmanager
    def served(self) -> Iterator["Answers"]:
        """Run Prometheus on the blocks; it scrapes nothing and evaluates no rules."""
        with (
            prometheus(self.tools, "{}", storage=self.storage) as url,
            closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection,
        ):
            yield Answers(connection)


@dataclass(frozen=True, slots=True)
class Answers:
    """The query API of a Prometheus, on one connection for thousands of queries."""

    connection: HTTPConnection

    def instant(self, expression: str, *, at: float) -> list[dict[str, Any]]:
        """Return the series of an instant query, each with its `value`.

        A scalar is one series without labels.
        """
        found = self._ask("query", query=expression, time=str(at))
        if found["resultType"] == "scalar":
            return [{"metric": {}, "value": found["result"]}]
        result: list[dict[str, Any]] = found["result"]
        return result

    def range(
        self, expression: str, *, starts: float, ends: float, step: float
    ) -> list[dict[str, Any]]:
        """Return the series of a range query, each with its `values`."""
        asked = {"start": str(starts), "end": str(ends), "step": str(step)}
        result: list[dict[str, Any]] = self._ask("query_range", query=expression, **asked)["result"]
        return result

    def label_values(self, selector: str, label: str, *, starts: float, ends: float) -> list[str]:
        """Return a label's values among the series that a selector finds."""
        asked = {"match[]": selector, "start": str(starts), "end": str(ends)}
        values: list[str] = self._ask(f"label/{label}/values", **asked)
        return values

    def _ask(self, path: str, **asked: str) -> Any:
        self.connection.request("GET", f"/api/v1/{path}?{urlencode(asked)}")
        answer = json.load(self.connection.getresponse())
        if answer["status"] != "success":
            raise QueryError(f"{answer['error']}: {asked}")
        return answer["data"]

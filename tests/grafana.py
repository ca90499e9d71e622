"""What Grafana asks a Prometheus for when somebody opens a dashboard.

Source: Grafana documentation, "Prometheus query editor" and "Global
variables"; its Prometheus plugin. The step of a range query is the picture's
time divided by its points, rounded, and at least the panel's own interval or
how often Prometheus scrapes; `$__rate_interval` is the larger of the step plus
that least step, and four times the latter.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from guardia.duration import parse_duration
from tests.past import Answers

SCRAPE_SECONDS = 15.0  # as the catalog says, and the data source must
_POINTS = 400  # a picture across a third of a laptop's screen has about as many
_ROUND = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800)
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)", re.DOTALL)

Chosen = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One query as it reaches Prometheus; `starts` equals `ends` for an instant query."""

    board: str  # uid
    panel: str  # its title, or the name of a mark
    letter: str  # refId, empty for a mark
    chosen: tuple[tuple[str, str], ...]
    expression: str
    starts: float
    ends: float
    step: float

    def run(self, answers: Answers) -> list[dict[str, Any]]:
        """Return the series of the answer, each with its `values`, without those that are NaN.

        Values are text still, since nearly none of them is looked at.
        """
        if self.starts == self.ends:
            found = answers.instant(self.expression, at=self.ends)
            series = [{"metric": one["metric"], "values": [one["value"]]} for one in found]
        else:
            series = answers.range(
                self.expression, starts=self.starts, ends=self.ends, step=self.step
            )
        for one in series:
            one["values"] = [pair for pair in one["values"] if pair[1] != "NaN"]
        return [one for one in series if one["values"]]


def choices(
    board: Mapping[str, Any], answers: Answers, *, place: Chosen, at: float
) -> list[Chosen]:
    """Return every choice of a dashboard's variables in one place: each value of each query.

    Variables of several values are left at All, once there is any value.
    `place` maps the variables of the place to theirs.
    """
    span = _span(board["time"]["from"], at)
    found: list[Chosen] = [{}]
    for variable in board["templating"]["list"]:
        if variable["type"] == "custom":
            found = [{**one, variable["name"]: place[variable["name"]]} for one in found]
        elif variable["type"] == "query":
            found = [each for one in found for each in _offered(variable, one, answers, span)]
    return found


def _offered(
    variable: Mapping[str, Any], chosen: Chosen, answers: Answers, span: tuple[float, float]
) -> list[Chosen]:
    """Return a choice with each value that a variable offers, or with All of them."""
    found = values(variable["query"], chosen, answers, starts=span[0], ends=span[1])
    if found and variable["multi"]:
        found = [variable["allValue"]]
    return [{**chosen, variable["name"]: value} for value in found]


def values(
    query: str, chosen: Chosen, answers: Answers, *, starts: float, ends: float
) -> list[str]:
    """Return the values that a variable offers, whose query is label_values(selector, label)."""
    match = _LABEL_VALUES.fullmatch(query)
    assert match is not None, query
    return answers.label_values(_filled(match[1], chosen), match[2], starts=starts, ends=ends)


def asked_of(board: Mapping[str, Any], chosen: Chosen, *, at: float) -> Iterator[Asked]:
    """Yield the query of each panel and mark of a dashboard that is opened at an instant."""
    for panel in board["panels"]:
        span = panel.get("timeFrom", board["time"]["from"])
        for target in panel["targets"]:
            yield _asked(board, panel["title"], target, chosen, _span(span, at))
    for mark in board["annotations"]["list"]:
        target = {"refId": "", "expr": mark["expr"], "interval": mark["step"], "instant": False}
        yield _asked(board, mark["name"], target, chosen, _span(board["time"]["from"], at))


def _asked(
    board: Mapping[str, Any],
    panel: str,
    target: Mapping[str, Any],
    chosen: Chosen,
    span: tuple[float, float],
) -> Asked:
    starts, ends = span
    least = _seconds(target["interval"]) if "interval" in target else SCRAPE_SECONDS
    step = max(least, _rounded((ends - starts) / _POINTS))
    own = {
        "__interval": f"{step:.0f}s",
        "__rate_interval": f"{max(step + least, 4 * least):.0f}s",
        "__range": f"{ends - starts:.0f}s",
        "__range_s": f"{ends - starts:.0f}",
    }
    return Asked(
        board=board["uid"],
        panel=panel,
        letter=target["refId"],
        chosen=tuple(sorted(chosen.items())),
        expression=_filled(target["expr"], {**chosen, **own}),
        starts=ends if target["instant"] else starts // step * step,
        ends=ends if target["instant"] else ends // step * step,
        step=step,
    )


def _filled(text: str, chosen: Chosen) -> str:
    return _VARIABLE.sub(lambda match: chosen[match[1]], text)


def _span(since: str, at: float) -> tuple[float, float]:
    """Return the seconds from `now-6h`, `now/M` (month) or `now/fQ` (quarter) to the instant."""
    now = datetime.fromtimestamp(at, UTC)
    if since.startswith("now-"):
        return at - _seconds(since.removeprefix("now-")), at
    month = {"now/M": now.month, "now/fQ": (now.month - 1) // 3 * 3 + 1}[since]
    return datetime(now.year, month, 1, tzinfo=UTC).timestamp(), at


def _rounded(seconds: float) -> float:
    """Return a step that people read as a length of time, the nearest one."""
    return float(min(_ROUND, key=lambda step: abs(step - seconds)))


def _seconds(text: str) -> float:
    return parse_duration(text).total_seconds()

"""Every query of every dashboard of our own catalog, asked of a real Prometheus with data.

No Grafana server is needed for that: a dashboard is its queries, and these are
asked with their variables filled as Grafana fills them. The data are seven
hours of the example platform's model, scraped each 15 s, in both regions of
production and in staging, with many faults at once; what our rules make of
them; and the pages of a real router over its last minutes.

How our rules come in: the history ends at a fixed instant, so no Prometheus
evaluates it live. Its own backfilling leaves alerts out, and sees nothing that
it records in the same run. So tests.rule_past asks the real Prometheus for each
rule's expression over the whole time, in as many passes as rules read rules,
and for alerts does what `for` and `keep_firing_for` say. That is exact at the
instants of evaluation, which here are multiples of each group's interval.

Then three counts must hold: queries that were asked, without an error; those
without an answer, each excused below with a reason; and lines that equal a
figure added up from the model's events alone. `-rA` shows them.
"""

import json
import logging
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from generator.catalog.model import Catalog
from generator.dashboards.slo import declared_slos
from generator.naming import SLO_DASHBOARD_UID
from generator.write import generate
from tests.catalogs import OWN_CATALOG, read_whole
from tests.figure import Figure
from tests.grafana import Asked, asked_of, choices
from tests.past import Answers, History
from tests.platform_panels import figures
from tests.platform_past import ENDS, SETTING, add_platform, add_router
from tests.rule_past import evaluate_rules
from tests.tooling import ToolSet, require_tool_set

PLACES: tuple[Mapping[str, str], ...] = (
    {"environment": "prod", "region": ".*"},  # All
    {"environment": "prod", "region": "a"},
)
Board = Mapping[str, Any]
Found = Mapping[Asked, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Excuse:
    """Queries that have no answer, and why that is right; none of them may have one."""

    reason: str
    contains: str  # in the query

    def covers(self, asked: Asked) -> bool:
        return self.contains in asked.expression


EXCUSES = (
    Excuse(
        reason="The platform's services redirect nobody: they answer with 200, 404 and 500.",
        contains='code=~"3.."',
    ),
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_whole(OWN_CATALOG)


# One test, since all of it reads one history, which takes most of its time. The oldest
# Prometheus is asked the same queries, of less data, in test_dashboard_queries.
@pytest.mark.parametrize("name", ["current"])
def test_every_query_has_an_answer_and_key_figures_are_right(
    name: str,
    catalog: Catalog,
    subtests: pytest.Subtests,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)  # the router is made to fail, and says so
    files = generate(catalog, ["rules", "dashboards"])
    boards = read_boards(files)
    with history_served(require_tool_set(name), files) as answers:
        found = ask(all_asked(boards, answers), answers)
    empty = [asked for asked, series in found.items() if not series]

    with subtests.test("every dashboard and every SLO was asked for"):
        assert {asked.board for asked in found} == {board["uid"] for board in boards}
        assert chosen_slos(found) == {(one.name, slo.name) for one, slo in declared_slos(catalog)}
    with subtests.test("no query is without an answer"):
        assert [asked for asked in empty if not excused(asked)] == []
    with subtests.test("what is excused has no answer"):
        assert [asked for asked in found if excused(asked) and asked not in empty] == []
    for excuse in EXCUSES:
        with subtests.test("the excuse is needed", reason=excuse.reason):
            assert any(excuse.covers(asked) for asked in empty)
    equal = 0
    for figure in figures():
        with subtests.test(figure.name):
            at, shown = line(found, figure)
            wanted = pytest.approx(figure.value(at), rel=figure.relative, abs=figure.absolute)
            assert shown == wanted, figure.because
            equal += 1
    sys.stdout.write(
        f"{len(found)} queries of {len(boards)} dashboards asked, {len(empty)} without an answer"
        f" (each excused), {equal} lines equal to a figure computed independently\n"
    )


@contextmanager
def history_served(tools: ToolSet, files: Mapping[str, str]) -> Iterator[Answers]:
    """Run a Prometheus that knows the platform's past, the router's, and what rules recorded."""
    rules = [text for path, text in files.items() if path.startswith("rules/")]
    with tempfile.TemporaryDirectory(prefix="guardia-history-") as name_of_folder:
        folder = Path(name_of_folder)
        history = History(tools=tools, storage=folder / "storage")
        add_platform(history, folder)
        add_router(history, folder)
        evaluate_rules(history, rules, starts=SETTING.starts_at, ends=ENDS, folder=folder)
        with history.served() as answers:
            yield answers


def all_asked(boards: tuple[Board, ...], answers: Answers) -> Iterator[Asked]:
    """Yield what Grafana would ask for each dashboard and each choice of its variables."""
    for board in boards:
        for place in PLACES:
            chosen = choices(board, answers, place=place, at=ENDS)
            assert chosen, f"a variable of {board['uid']} has no value"
            for one in chosen:
                yield from asked_of(board, one, at=ENDS)


def ask(asked: Iterable[Asked], answers: Answers) -> Found:
    """Return each query's answer; what several panels or choices ask alike is asked once."""
    found: dict[Asked, list[dict[str, Any]]] = {}
    told: dict[Asked, list[dict[str, Any]]] = {}
    for one in asked:
        question = replace(one, board="", panel="", letter="", chosen=())
        if question not in told:
            told[question] = one.run(answers)
        found[one] = told[question]
    return found


def read_boards(files: Mapping[str, str]) -> tuple[Board, ...]:
    return tuple(
        json.loads(text)
        for path, text in files.items()
        if path.startswith("dashboards/") and path.endswith(".json")
    )


def chosen_slos(found: Found) -> set[tuple[str, str]]:
    """Return the SLOs for which the dashboard of one SLO was asked."""
    chosen = [dict(asked.chosen) for asked in found if asked.board == SLO_DASHBOARD_UID]
    return {(one["service"], one["slo"]) for one in chosen}


def excused(asked: Asked) -> bool:
    return any(excuse.covers(asked) for excuse in EXCUSES)


def line(found: Found, figure: Figure) -> tuple[float, float]:
    """Return the last point, time and value, of the one line that a figure is about.

    A panel may have moved to a dashboard's second page; marks stand on each.
    """
    chosen = {"region": "a"}
    if figure.slo is not None:
        chosen |= dict(zip(("service", "slo"), figure.slo, strict=True))
    (point,) = {
        tuple(one["values"][-1])
        for asked, series in found.items()
        if (asked.panel, asked.letter) == (figure.panel, figure.letter)
        and asked.board.partition("_")[0] == figure.board
        # The router's dashboard has no variables.
        and all(value == dict(asked.chosen).get(name, value) for name, value in chosen.items())
        for one in series
        if figure.labels.items() <= one["metric"].items()
    }
    at, value = point
    return at, float(value)

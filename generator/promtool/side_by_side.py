"""Stories of conditions that one test tells together, as none can feed another's alert.

promtool evaluates every rule of a file in each of its tests: a test for each story would take
the square of what a service has.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from promql_parser import VectorSelector

from generator.catalog.model import Condition
from generator.naming import GROWTH_LIMIT_SERIES, GROWTH_SERIES
from generator.promql.check import Selector, parse_selector, tried_matchers_of
from generator.promql.example import Labels
from generator.promql.finding import read_expression
from generator.promql.tree import walk
from generator.promtool.model import Case, merge
from guardia.matcher import matches_all

_Series = tuple[str, Labels]
_OF_THE_FILE = frozenset({"ALERTS", "ALERTS_FOR_STATE", GROWTH_SERIES, GROWTH_LIMIT_SERIES})


@dataclass(slots=True)
class _Test:
    """Stories that are told together, what their alerts read, and the series that they bring."""

    cases: list[Case] = field(default_factory=list)
    alerts: set[str] = field(default_factory=set)
    read: list[Selector] = field(default_factory=list)
    series: list[_Series] = field(default_factory=list)

    def takes(self, alert: str, read: Iterable[Selector], brought: Iterable[_Series]) -> bool:
        """Say whether a story neither reads what is here, nor brings what is read or is here."""
        if alert in self.alerts:
            return False
        feeds = any(_selects(one, other) for one in self.read for other in brought)
        is_fed = any(_selects(one, other) for one in read for other in self.series)
        return not feeds and not is_fed and not any(one in self.series for one in brought)

    def add(
        self, case: Case, alert: str, read: Iterable[Selector], brought: Iterable[_Series]
    ) -> None:
        self.cases.append(case)
        self.alerts.add(alert)
        self.read += read
        self.series += brought


def side_by_side(stories: Iterable[tuple[Condition, Iterable[Case]]]) -> list[Case]:
    """Return the stories of a file's conditions in few cases, each in the first that takes it.

    Every second condition begins with its last story: an alert with a neighbour's expression
    would be silent while its own should fire. Where it is not known which series an expression
    reads, its stories stay alone.
    """
    tests: list[_Test] = []
    alone: list[Case] = []
    for number, (condition, cases) in enumerate(stories):
        read = _read(condition.expression)
        if read is None:
            alone += cases
            continue
        ordered = list(cases)[:: -1 if number % 2 else 1]
        for case in ordered:
            brought = [_series(text) for text in case.series]
            found = next((one for one in tests if one.takes(condition.alert, read, brought)), None)
            if found is None:
                tests.append(found := _Test())
            found.add(case, condition.alert, read, brought)
    return [*(_told(one.cases, number) for number, one in enumerate(tests, 1)), *alone]


def _told(cases: list[Case], number: int) -> Case:
    return cases[0] if len(cases) == 1 else merge(f"conditions side by side, {number}", cases)


def _read(expression: str) -> list[Selector] | None:
    """Return what selects the series of an expression, whenever they are from.

    None when that is not sure: without a metric by name, or where the file's own rules record.
    """
    found = []
    for part in walk(read_expression(expression).top):
        if not isinstance(part, VectorSelector):
            continue
        if not part.name or part.name in _OF_THE_FILE or part.matchers.or_matchers:
            return None
        try:
            matchers = tried_matchers_of(part)
        except ValueError:
            return None
        found.append(Selector(text="", metric=part.name, matchers=matchers))
    return found


def _series(text: str) -> _Series:
    example = parse_selector(text)
    return example.metric, {one.name: one.value for one in example.matchers}


def _selects(selector: Selector, series: _Series) -> bool:
    metric, labels = series
    return selector.metric == metric and matches_all(selector.matchers, labels)

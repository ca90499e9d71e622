"""Every mutant's verdict, by several workers at once."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from tools.mutate.bench import Bench
from tools.mutate.mutants import Mutant
from tools.mutate.suite import Scenario, Suite

Progress = Callable[[int, int, int], None]  # judged, all, survived

_ANY = ""  # in the place of a scenario's path: all of them together
_UNKNOWN_RATIO = 0.01  # how likely a scenario is red that never was


class Judge:
    """Runs the tests of each mutant until one is red.

    The order of the scenarios decides how long it takes, never the verdict: the
    quickest first, and ahead of them, for their time, those that were red for
    other mutants of the same rule or file.
    """

    def __init__(self, suite: Suite, benches: Sequence[Bench]) -> None:
        self._suite = suite
        self._workers = len(benches)
        self._free: SimpleQueue[Bench] = SimpleQueue()
        for bench in benches:
            self._free.put(bench)
        self._seconds: dict[str, float] = {}
        self._kills: Counter[tuple[object, str]] = Counter()

    def time_scenarios(self) -> float:
        """Run every scenario on the rules as they are and return the seconds of all together.

        Raises SuiteError for a red one.
        """
        with self._bench() as bench:
            self._seconds = {
                scenario.path: bench.time_scenario(scenario) for scenario in self._suite.scenarios
            }
        return sum(self._seconds.values())

    def find_survivors(self, mutants: Sequence[Mutant], progress: Progress) -> set[int]:
        """Return the indexes of the mutants that no test notices. Raises SuiteError."""
        survived: set[int] = set()
        pool = ThreadPoolExecutor(self._workers)
        try:
            waiting: dict[Future[Scenario | None], int] = {
                pool.submit(self._judge, mutant): index for index, mutant in enumerate(mutants)
            }
            for done, future in enumerate(as_completed(waiting), start=1):
                index, killer = waiting[future], future.result()
                if killer is None:
                    survived.add(index)
                else:
                    self._remember(mutants[index], killer)
                progress(done, len(mutants), len(survived))
        finally:
            pool.shutdown(cancel_futures=True)
        return survived

    def _remember(self, mutant: Mutant, killer: Scenario) -> None:
        for origin in (mutant.place, mutant.file):
            for path in (killer.path, _ANY):
                self._kills[origin, path] += 1

    def _judge(self, mutant: Mutant) -> Scenario | None:
        scenarios = sorted(
            self._suite.scenarios_of(mutant.file), key=lambda each: self._rank(mutant, each.path)
        )
        with self._bench() as bench:
            return bench.find_killer(mutant, scenarios)

    def _rank(self, mutant: Mutant, path: str) -> float:
        """Return less for what ends the search sooner: likely to be red, and quick."""
        known = [
            self._kills[origin, path] / (self._kills[origin, _ANY] + 1)
            for origin in (mutant.place, mutant.file)
        ]
        return -(sum(known) + _UNKNOWN_RATIO) / self._seconds[path]

    @contextmanager
    def _bench(self) -> Iterator[Bench]:
        bench = self._free.get()
        try:
            yield bench
        finally:
            self._free.put(bench)


@contextmanager
def benches(suite: Suite, promtool: Path, number: int) -> Iterator[list[Bench]]:
    """Give each worker a folder of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        places = [Path(folder) / str(index) for index in range(number)]
        for place in places:
            place.mkdir()
        yield [Bench(suite, place, promtool) for place in places]

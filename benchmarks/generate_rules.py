"""How long `guardia generate` takes as a whole process, and Sloth for the same SLOs.

    python -m benchmarks.generate_rules [--runs 5]

Ten SLOs a service file. Rules alone are compared, since Sloth writes nothing
else. Sloth comes from `python -m tools.bring peers`.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from benchmarks.catalogs import write_catalog, write_sloth_specs
from benchmarks.figure import Figure, at_most, show
from benchmarks.process import GUARDIA, SLOTH, median_pair, median_seconds

COMMAND = "python -m benchmarks.generate_rules"
SIZES = (10, 100, 1000)
RATIO_TO_SLOTH = 1.0
ALL_SECONDS = 5.0


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    return show(measure(runs=parser.parse_args().runs))


def measure(*, runs: int = 5) -> list[Figure]:
    """Return the figures of every size; without Sloth the comparison is missed."""
    with tempfile.TemporaryDirectory() as name:
        bench = _Bench(Path(name), runs)
        figures = [figure for slos in SIZES for figure in bench.rules(slos)]
        return [*figures, bench.everything(SIZES[-1])]


class _Bench:
    def __init__(self, folder: Path, runs: int) -> None:
        self._folder, self._runs = folder, runs
        self._outputs = count()

    def rules(self, slos: int) -> list[Figure]:
        catalog = write_catalog(self._folder / f"catalog-{slos}", slos=slos)
        specs = write_sloth_specs(self._folder / f"sloth-{slos}", slos=slos)
        ratio = f"generate: rules of {slos} SLOs, Guardia ÷ Sloth"
        if not os.access(SLOTH, os.X_OK):
            sys.stderr.write("Sloth is missing: python -m tools.bring peers\n")
            return [at_most(ratio, None, RATIO_TO_SLOTH, "times", COMMAND)]
        ours, theirs, times = median_pair(
            lambda: self._guardia(catalog, "--only", "rules"),
            lambda: [SLOTH, "generate", "--no-log", "-i", specs, "-o", self._output()],
            runs=self._runs,
            cache=self._folder / "pyc",
        )
        compared = (
            at_most(ratio, round(times, 3), RATIO_TO_SLOTH, "times", COMMAND)
            if slos == SIZES[-1]
            else Figure(name=ratio, value=round(times, 3), unit="times", command=COMMAND)
        )
        return [
            _seconds(f"generate: rules of {slos} SLOs, Guardia", ours),
            _seconds(f"generate: rules of {slos} SLOs, Sloth", theirs),
            compared,
        ]

    def everything(self, slos: int) -> Figure:
        catalog = self._folder / f"catalog-{slos}"
        seconds = median_seconds(
            lambda: self._guardia(catalog), runs=self._runs, cache=self._folder / "pyc"
        )
        name = f"generate: all outputs of {slos} SLOs"
        return at_most(name, round(seconds, 3), ALL_SECONDS, "s", COMMAND)

    def _guardia(self, catalog: Path, *options: str) -> Sequence[str | Path]:
        return [*GUARDIA, "generate", catalog, "--out", self._output(), *options]

    def _output(self) -> Path:
        folder = self._folder / f"out-{next(self._outputs)}"
        folder.mkdir()  # Sloth wants it there
        return folder


def _seconds(name: str, value: float) -> Figure:
    return Figure(name=name, value=round(value, 3), unit="s", command=COMMAND)


if __name__ == "__main__":
    sys.exit(main())

"""How long `guardia check` takes as a whole process: a first catalog, and a thousand services.

python -m benchmarks.check_catalog [--runs 5]
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.catalogs import CATALOG, write_catalog
from benchmarks.figure import Figure, at_most, show
from benchmarks.process import GUARDIA, median_seconds

COMMAND = "python -m benchmarks.check_catalog"
SMALL_SECONDS = 0.3
MANY = 1000
MANY_SECONDS = 1.5


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    return show(measure(runs=parser.parse_args().runs))


def measure(*, runs: int = 5) -> list[Figure]:
    """Return both figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many = write_catalog(folder / "many", slos=MANY, slos_per_service=1)
        return [
            _check("check: 2 services", CATALOG, SMALL_SECONDS, runs, folder / "pyc"),
            _check(f"check: {MANY} service files", many, MANY_SECONDS, runs, folder / "pyc"),
        ]


def _check(name: str, catalog: Path, most: float, runs: int, cache: Path) -> Figure:
    seconds = median_seconds(lambda: [*GUARDIA, "check", catalog], runs=runs, cache=cache)
    return at_most(name, round(seconds, 3), most, "s", COMMAND)


if __name__ == "__main__":
    sys.exit(main())

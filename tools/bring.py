"""Bring the programs that tests and the demo run: `python -m tools.bring [WHAT ...]`.

What cannot be had is said in one line and is no failure here: the test that
needs it fails in CI and is skipped, with the reason, on a user's clone.
"""

import argparse
import sys
from collections.abc import Callable

from tools import browser, current, installed, peers, postgresql
from tools.layout import MONITORING, UnavailableError, is_complete

_FOR_TESTS = (installed.NAME, current.NAME, postgresql.NAME, browser.NAME)
Bring = Callable[[], dict[str, str]]


def main() -> int:
    options = _parse_arguments()
    use_system = not options.unpacked
    ways: dict[str, Bring] = {
        installed.NAME: lambda: installed.bring(use_system=use_system),
        current.NAME: current.bring,
        postgresql.NAME: lambda: postgresql.bring(use_system=use_system),
        browser.NAME: lambda: browser.bring(use_system=use_system),
        peers.NAME: peers.bring,
    }
    if options.what == ["any"]:
        return _bring_any(ways)
    for name in options.what or _FOR_TESTS:
        _say(name, ways[name])
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bring", description=__doc__)
    choices = [*_FOR_TESTS, peers.NAME, "any"]
    parser.add_argument(
        "what",
        nargs="*",
        metavar="WHAT",
        help=f"one or more of: {', '.join(choices)} (one set with Prometheus and Alertmanager);"
        " by default all but peers, which only benchmarks need",
    )
    parser.add_argument(
        "--unpacked",
        action="store_true",
        help="use Debian's packages even where the system has the programs",
    )
    options = parser.parse_args()
    for word in options.what:
        if word not in choices or (word == "any" and len(options.what) > 1):
            parser.error(f"choose from {', '.join(choices)}; `any` stands alone")
    return options


def _bring_any(ways: dict[str, Bring]) -> int:
    """Bring one set for the demo: what is there, else the quicker, else the built one."""
    sets = (installed.NAME, current.NAME)
    if any(is_complete(name, MONITORING) for name in sets):
        return 0
    return 0 if any(_say(name, ways[name]) for name in sets) else 1


def _say(name: str, bring: Bring) -> bool:
    try:
        versions = bring()
    except UnavailableError as problem:
        print(f"{name}: not available: {problem}", flush=True)
        return False
    shown = ", ".join(f"{program} {version}" for program, version in versions.items())
    print(f"{name}: {shown}", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())

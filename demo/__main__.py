"""`make demo`: one fault, one alert, the right two people, and the end of it, in a minute."""

import argparse
import fcntl
import signal
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from demo.processes import StartError
from demo.road import NotSeenError, Road, Seen
from demo.stage import LOCK, ROOT, Stage, stage
from guardia.duration import format_duration
from tests.tooling import SET_NAMES, ToolSet, tool_sets

STEPS = 10
FOLDER = ROOT / ".demo"


def main() -> int:
    """Run the demo; 0 when every step was seen."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "--keep", action="store_true", help="leave everything running afterwards, until Ctrl-C"
    )
    parser.add_argument(
        "--tools", choices=SET_NAMES, help="which Prometheus and Alertmanager (default: any)"
    )
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="where its files go (default: .demo)"
    )
    args = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))  # so that the stage is taken down
    sets = [found for found in tool_sets() if args.tools in (None, found.name)]
    if not sets:
        print("demo: Prometheus and Alertmanager are missing; `make tools` says why")
        return 1
    started = time.monotonic()
    try:
        with _only_one(args.folder.resolve()) as folder:
            return _run(folder, sets[0], keep=args.keep, started=started)
    except StartError as error:
        print(f"demo: {error}")
    except KeyboardInterrupt:
        print("\ndemo: stopped")
    return 1


@contextmanager
def _only_one(folder: Path) -> Iterator[Path]:
    """Hold the folder: a second demo would wipe the files of the first.

    Raises StartError for a folder with files that are not a demo's, and for
    one in which a demo runs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / LOCK).is_file():
        raise StartError(f"{folder} holds files that are not the demo's; name an empty folder")
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartError(f"another demo is running in {folder}") from None
        yield folder


def _run(folder: Path, tools: ToolSet, *, keep: bool, started: float) -> int:
    print(
        f"Starting the platform, Prometheus {tools.versions['prometheus']}, Alertmanager"
        f" {tools.versions['alertmanager']}, the router and fakes of PagerDuty, Slack and mail …"
    )
    with stage(folder, tools) as found:
        print(_settings(found))
        seen = _follow(found)
        print(f"demo: {seen} of {STEPS} steps seen in {time.monotonic() - started:.0f} s")
        if keep:
            _keep(found)
    return 0 if seen == STEPS else 1


def _settings(found: Stage) -> str:
    organisation = found.catalog.organisation
    pairs = found.catalog.services[0].slos[0].burn_windows
    windows = ", ".join(
        f"{pair.severity} {format_duration(pair.long)}/{format_duration(pair.short)}"
        for pair in pairs
    )
    return (
        "Seconds instead of minutes come from demo/catalog.yaml alone: scraped every"
        f" {format_duration(organisation.scrape_interval)}, burn windows {windows}.\n"
    )


def _follow(found: Stage) -> int:
    """Print the steps as they are seen and return how many there were."""
    road = Road(found)
    number = 0
    try:
        broken_at = road.break_platform()
        for number, step in enumerate(road.steps(), start=1):
            print(_line(number, step, broken_at), flush=True)
    except NotSeenError as error:
        print(f"\n{error}\nThe logs are in {found.folder / 'logs'}")
    return number


def _line(number: int, step: Seen, since: datetime) -> str:
    seconds = (step.at - since).total_seconds()
    head = f"{number:>2}  {seconds:>5.1f} s  {step.name:<18} [{step.source}]"
    body = textwrap.fill(step.text, width=92, initial_indent=" " * 14, subsequent_indent=" " * 14)
    return f"{head}\n{body}"


def _keep(found: Stage) -> None:
    print(
        f"\nStill running until Ctrl-C:\n"
        f"  inbox         {found.inbox}\n"
        f"  Prometheus    {found.prometheus}/api/v1/alerts\n"
        f"  Alertmanager  {found.alertmanager}/api/v2/alerts\n"
        f"  platform      {found.platform}/state (POST /break, POST /repair)\n"
        f"  router        GUARDIA_URL={found.router} GUARDIA_API_TOKEN_FILE={found.api_token_file}"
        " .venv/bin/guardia incidents --all",
        flush=True,
    )
    signal.pause()


if __name__ == "__main__":
    sys.exit(main())

"""`guardia verdict`: may a canary go on, by what its service's SLIs count?"""

import argparse
import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generator.catalog.model import Catalog, Service
    from guardia.cli.verdict_asking import Question

FORMATS = ("text", "json")
_EXIT = {"yes": 0, "no": 1, "not enough traffic": 2}
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=7)
_MOST_STEPS = 1000
_FIRST_YEAR, _LAST_YEAR = 2000, 2999  # so that no calendar ends before the history begins
_HELP = """\
Compares what the canary's version failed with what the version before it failed, for each SLI of
the service that counts events, during one step of the rollout. Ask at the end of each step.

exit: 0 yes: go on
      1 no: worse beyond chance, roll back
      2 not enough traffic to tell: wait and ask again; or, without a verdict line, the question
        itself cannot be answered (standard error says why)

At the step that leaves the baseline no traffic, its events before the step stand for it. Without
--baseline the canary is judged by the objective. docs/canary.md states the test, and how often it
is wrong.

example: guardia verdict --prometheus http://prometheus:9090 --service casos --environment prod \\
           --canary 'version="1.5.0"' --baseline 'version="1.4.0"'
"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "verdict",
        help="say whether a canary may go on: yes, no, or not enough traffic",
        description="Say whether a canary may go on: yes, no, or not enough traffic.",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "catalog", nargs="?", default="catalog", type=Path, help="its folder (default: catalog)"
    )
    _add_question(parser)
    _add_test(parser)
    return parser


def _add_question(parser: argparse.ArgumentParser) -> None:
    wanted = parser.add_argument
    wanted("--prometheus", required=True, metavar="URL", help="where the events are counted")
    wanted("--service", required=True, metavar="NAME", help="the service that is rolled out")
    wanted("--canary", required=True, metavar="MATCHERS", help="its new version's series")
    wanted("--baseline", metavar="MATCHERS", help="its version before (default: the objective)")
    wanted("--environment", metavar="NAME", help="needed where the service runs in several")
    wanted("--region", metavar="NAME", help="needed where the environment has several")
    wanted("--at", type=parse_instant, metavar="TIME", help="when the step ended (default: now)")
    wanted("--format", choices=FORMATS, default="text", help="(default: text)")


def _add_test(parser: argparse.ArgumentParser) -> None:
    wanted = parser.add_argument
    wanted(
        "--step",
        type=parse_length,
        default=timedelta(minutes=30),
        metavar="DURATION",
        help="how long this step has lasted (default: 30m)",
    )
    wanted(
        "--history",
        type=parse_length,
        default=timedelta(days=1),
        metavar="DURATION",
        help="how far before the step the baseline is looked at (default: 1d)",
    )
    wanted(
        "--looks",
        type=parse_looks,
        default=4,
        metavar="N",
        help="how often is asked in the whole rollout, repetitions too (default: 4)",
    )
    wanted(
        "--burn-rate",
        type=parse_burn_rate,
        metavar="N",
        help="a worsening that a yes excludes, in error budgets (default: each SLO's worst"
        " burn window pair, 14.4 as a rule)",
    )


def parse_length(text: str) -> timedelta:
    """Return a length of time from the command line. Raises ArgumentTypeError for none."""
    from guardia.duration import guess_duration, parse_duration

    try:
        found = parse_duration(text)
    except ValueError:
        guess = guess_duration(text)
        hint = "such as 30m" if guess is None else f"did you mean {guess}?"
        raise argparse.ArgumentTypeError(f"{text!r} is no duration: {hint}") from None
    if not _SHORTEST <= found <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text} must be from 1m to 7d")
    return found


def parse_looks(text: str) -> int:
    """Return a number of steps. Raises ArgumentTypeError for what is none."""
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not 1 <= int(text) <= _MOST_STEPS:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number from 1 to {_MOST_STEPS}")
    return int(text)


def parse_burn_rate(text: str) -> Fraction:
    """Return a burn rate. Raises ArgumentTypeError for what is none, or below 1."""
    is_number = re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text, re.ASCII) is not None
    if not is_number or Fraction(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number from 1 on, such as 14.4")
    return Fraction(text)


def parse_instant(text: str) -> datetime:
    """Return an instant with its zone. Raises ArgumentTypeError for what names none."""
    found = None
    try:
        if re.fullmatch(r"[0-9]{9,11}(\.[0-9]{1,3})?", text, re.ASCII):
            found = datetime.fromtimestamp(float(text), UTC)
        else:
            found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        pass
    if found is None or found.tzinfo is None or not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be an instant such as 2026-11-28T12:00:00Z, or Unix seconds"
        )
    return found.astimezone(UTC)


def run(args: argparse.Namespace) -> int:
    """Print the verdict and return its exit code.

    Raises UsageError for whatever keeps the question from being answered, also
    for a catalog with problems: 1 would have the canary rolled back.
    """
    from guardia.cli.catalog import load_catalog, render_problems
    from guardia.cli.errors import UsageError
    from guardia.cli.verdict_asking import ask
    from guardia.cli.verdict_prometheus import read_prometheus
    from guardia.cli.verdict_text import render_json, render_text

    loaded = load_catalog(args.catalog)
    if loaded.problems or loaded.generator is None:
        raise UsageError(
            f"the catalog has problems, so nothing is judged by it:\n"
            f"{render_problems(loaded, 'text')}"
        )
    question = _question(args, loaded.generator)
    verdict = ask(question, read_prometheus(args.prometheus))
    _show(render_json(verdict) if args.format == "json" else render_text(verdict))
    return _EXIT[verdict.answer.value]


def _show(text: str) -> None:
    """Print a verdict. It holds also when its reader, such as `head`, has gone."""
    from guardia.cli.output import drop_output

    try:
        print(text, flush=True)
    except BrokenPipeError:  # the command's own exit code for that would mean no
        drop_output()


def _question(args: argparse.Namespace, catalog: "Catalog") -> "Question":
    from generator.verdict.sides import (
        SideError,
        check_apart,
        check_place_labels,
        choose_place,
        parse_matchers,
    )
    from guardia.cli.errors import UsageError
    from guardia.cli.verdict_asking import Question

    organisation = catalog.organisation
    service = _find(catalog, args.service)
    try:
        canary = _named("--canary", parse_matchers, args.canary)
        baseline = None
        if args.baseline is not None:
            baseline = _named("--baseline", parse_matchers, args.baseline)
            check_apart(canary, baseline)
        check_place_labels(organisation, (*canary, *(baseline or ())))
        place = choose_place(organisation, service, args.environment, args.region)
    except SideError as error:
        raise UsageError(str(error)) from None
    return Question(
        organisation=organisation,
        service=service,
        place=place,
        canary=canary,
        baseline=baseline,
        step=args.step,
        history=args.history,
        looks=args.looks,
        burn_rate=args.burn_rate,
        ends_at=args.at or datetime.now(UTC),
    )


def _named(option: str, parse: Any, text: str) -> Any:
    from generator.verdict.sides import SideError

    try:
        return parse(text)
    except SideError as error:
        raise SideError(f"{option}: {error}") from None


def _find(catalog: "Catalog", name: str) -> "Service":
    from guardia.cli.errors import UsageError
    from guardia.word import nearest

    known = {service.name: service for service in catalog.services}
    if name in known:
        return known[name]
    guess = nearest(name, known)
    hint = f"the catalog has {', '.join(known)}" if guess is None else f"did you mean {guess}?"
    raise UsageError(f"there is no service {name!r}: {hint}")

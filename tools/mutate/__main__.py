"""Change every generated rule in every way that matters, and see which change no test notices.

The rules of catalog/, but what presets gave and the times that SLOs repeat of each other, and then
those of every preset with its parameters' examples.

0: at least 95 % of those that are not harmless were noticed, and each survivor is explained in
tools/mutate/harmless.yaml or harmless-presets.yaml; 1: not so; 2: nothing could be judged.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.catalog.model import Catalog
from generator.write import generate, write_files
from guardia.cli.catalog import load_catalog, render_problems
from guardia.cli.errors import UsageError
from tests.tooling import SET_NAMES, find_tool_set
from tools.layout import ROOT
from tools.mutate.bench import find_invalid
from tools.mutate.harmless import (
    DECLARED,
    DECLARED_OF_PRESETS,
    find_reason,
    find_stale,
    read_harmless,
)
from tools.mutate.judge import Judge, benches
from tools.mutate.mutants import Mutant, draw_sample, make_mutants
from tools.mutate.presets import with_stories, without_presets, write_catalog
from tools.mutate.repetitions import without_repetitions
from tools.mutate.report import render_markdown, render_text
from tools.mutate.result import Result, Verdict
from tools.mutate.suite import Suite, SuiteError, read_suite, untested


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is judged together, and how good is good enough."""

    title: str
    suite: Suite
    # In which what is judged elsewhere is left out: presets are a subject, and SLOs repeat.
    catalog: tuple[Path, Catalog] | None = None
    harmless: Path = DECLARED  # which of the reasons nobody but this subject needs


def main() -> int:
    """Judge the mutants of a catalog's rules and print the result."""
    options = _parse_arguments()
    try:
        results = _judge_all(options)
    except (SuiteError, UsageError) as problem:
        print(f"mutate: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print("\n\n".join(map(render_text, results)))
    if options.report is not None:
        options.report.write_text("\n".join(map(render_markdown, results)), encoding="utf-8")
    return 0 if all(result.is_good for result in results) else 1


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.mutate", description=__doc__)
    parser.add_argument(
        "catalog", nargs="?", type=Path, help="only the rules of the catalog in this folder"
    )
    parser.add_argument("--presets", action="store_true", help="only the rules of presets")
    parser.add_argument(
        "--set", choices=SET_NAMES, default=SET_NAMES[0], help="whose promtool judges (%(default)s)"
    )
    parser.add_argument(
        "--only",
        type=_pattern,
        metavar="REGEX",
        help="only mutants of an operator or a rule in whose name this is found",
    )
    parser.add_argument("--sample", type=_positive, metavar="N", help="only N mutants, by chance")
    parser.add_argument("--seed", type=int, default=1, help="of that chance (%(default)s)")
    parser.add_argument("--jobs", type=_positive, default=2, help="workers (%(default)s)")
    parser.add_argument(
        "--report", type=_writable, metavar="FILE", help="also write it as Markdown"
    )
    return parser.parse_args()


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None


def _writable(text: str) -> Path:
    """Refuse at once what would be lost at the end."""
    path = Path(text)
    if path.is_dir() or not path.resolve().parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a file in a folder that is there")
    return path


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def _judge_all(options: argparse.Namespace) -> list[Result]:
    tools = find_tool_set(options.set)
    if tools is None:
        raise SuiteError(f"the tool set `{options.set}` is missing; `make tools` brings it")
    subjects = _read_subjects(options)
    chosen = [(one, _choose(_make_mutants(one), options)) for one in subjects]
    if not any(mutants for _, mutants in chosen):
        raise SuiteError("there is no mutant to judge; give --only another pattern")
    return [
        _judge_subject(subject, mutants, tools.promtool, options)
        for subject, mutants in chosen
        if mutants
    ]


def _read_subjects(options: argparse.Namespace) -> list[Subject]:
    subjects = []
    if not options.presets:
        folder = options.catalog or ROOT / "catalog"
        catalog = _load(folder)
        subjects.append(
            Subject(title="the catalog", suite=_generate(catalog), catalog=(folder, catalog))
        )
    if options.catalog is None:
        with tempfile.TemporaryDirectory(prefix="mutate-") as place:
            suite = with_stories(_generate(_load(write_catalog(Path(place)))))
        subjects.append(
            Subject(
                title="presets",
                suite=suite,
                harmless=DECLARED_OF_PRESETS,
            )
        )
    return subjects


def _judge_subject(
    subject: Subject, chosen: Sequence[Mutant], promtool: Path, options: argparse.Namespace
) -> Result:
    own = read_harmless(subject.harmless.read_text(encoding="utf-8"))
    entries = own + (
        read_harmless(DECLARED.read_text("utf-8")) if subject.harmless != DECLARED else []
    )
    suite = subject.suite.only_for({mutant.file for mutant in chosen})
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        invalid = find_invalid(chosen, Path(folder), promtool)
    mutants = [mutant for index, mutant in enumerate(chosen) if index not in invalid]
    with benches(suite, promtool, options.jobs) as places:
        survived = _judge(Judge(suite, places), mutants)
    survivors = [mutants[index] for index in sorted(survived)]
    # What a part of the mutants does not need may be needed by the others.
    is_whole = options.only is None and options.sample is None
    return Result(
        subject=subject.title,
        verdicts=[
            Verdict(mutant=mutant, killed=False, reason=find_reason(mutant, entries))
            if index in survived
            else Verdict(mutant=mutant, killed=True)
            for index, mutant in enumerate(mutants)
        ],
        invalid=len(invalid),
        stale=find_stale(own, survivors) if is_whole else [],
    )


def _load(folder: Path) -> Catalog:
    loaded = load_catalog(folder)
    if loaded.problems or loaded.generator is None:
        raise SuiteError(f"the catalog has problems:\n{render_problems(loaded, 'text')}")
    return loaded.generator


def _generate(catalog: Catalog) -> Suite:
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        write_files(generate(catalog), Path(folder))
        suite = read_suite(Path(folder))
    for name in untested(suite):
        _say(f"no test names rules/{name}, so all its mutants survive")
    return suite


def _make_mutants(subject: Subject) -> list[Mutant]:
    try:
        mutants = make_mutants(subject.suite.rules)
    except ValueError as error:
        raise SuiteError(f"cannot read a rule: {error}") from None
    if subject.catalog is None:
        return mutants
    folder, catalog = subject.catalog
    own = without_presets(mutants, subject.suite, folder)
    return without_repetitions(own, subject.suite, catalog)


def _choose(mutants: Sequence[Mutant], options: argparse.Namespace) -> list[Mutant]:
    chosen = [
        mutant
        for mutant in mutants
        if options.only is None
        or options.only.search(mutant.operator.name)
        or options.only.search(mutant.title)
    ]
    return chosen if options.sample is None else draw_sample(chosen, options.sample, options.seed)


def _judge(judge: Judge, mutants: Sequence[Mutant]) -> set[int]:
    seconds = judge.time_scenarios()
    _say(f"all tests are green on the rules as they are ({seconds:.1f} s)")
    start = time.monotonic()
    survived = judge.find_survivors(mutants, _show_progress)
    _say(f"{len(mutants)} mutants judged in {time.monotonic() - start:.0f} s")
    return survived


def _show_progress(judged: int, number: int, survived: int) -> None:
    line = f"{judged} of {number} mutants judged, {survived} survived"
    if sys.stderr.isatty():
        print(f"\r{line}", end="\n" if judged == number else "", file=sys.stderr, flush=True)
    elif judged % 50 == 0:
        _say(line)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""The `guardia` command: finds the subcommand, runs it, and turns failures into sentences."""

import argparse
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from guardia.cli.errors import UsageError

COMMANDS = (
    "init",
    "check",
    "explain",
    "diff",
    "generate",
    "import_",
    "serve",
    "ack",
    "incidents",
)

EXIT_PROBLEMS = 1
EXIT_USAGE = 2
EXIT_INTERNAL = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 clean, 1 problems or differences, 2 usage or configuration, 3 internal.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without Unicode must not end us
            stream.reconfigure(errors="backslashreplace")
    parser = _parser()
    args = parser.parse_args(arguments)
    try:
        code: int = args.run(args)
    except UsageError as error:
        print(f"guardia: {error}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        sys.stderr.close()
        return EXIT_PROBLEMS
    except Exception as error:  # the last place where one can become a sentence
        return _internal(error)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="guardia",
        description="SLO alerts for Prometheus from one catalog, and a router that pages"
        " the right person.",
        epilog="Exit: 0 clean, 1 problems or differences, 2 usage or configuration, 3 internal.",
    )
    parser.add_argument("--version", action=_ShowVersion, help="show the version and exit")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        # Each module imports what is heavy only when it runs: `check` must answer at once.
        module = importlib.import_module(f"guardia.cli.{name}")
        module.add_parser(subparsers).set_defaults(run=module.run)
    return parser


class _ShowVersion(argparse.Action):
    """Asks for the version only when it is wanted: reading it takes longer than parsing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(f"guardia {_version()}")
        parser.exit()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("guardia")
    except PackageNotFoundError:  # run from a clone that is not installed
        return "(not installed)"


def _internal(error: Exception) -> int:
    print(
        f"guardia: internal error: {type(error).__name__}: {error}\n"
        "This is a defect of guardia. Please report it with the output of the same command"
        " under GUARDIA_DEBUG=1.",
        file=sys.stderr,
    )
    if os.environ.get("GUARDIA_DEBUG"):
        traceback.print_exception(error)
    return EXIT_INTERNAL


if __name__ == "__main__":
    sys.exit(main())

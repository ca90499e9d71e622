"""The `guardia` command: finds the subcommand, runs it, and turns failures into sentences."""

import argparse
import errno
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeGuard

from guardia.cli.errors import UsageError
from guardia.cli.output import drop_output

COMMANDS = (
    "init",
    "check",
    "explain",
    "presets",
    "diff",
    "generate",
    "import_",
    "verdict",
    "oncall",
    "serve",
    "reload",
    "backup",
    "ack",
    "snooze",
    "escalate",
    "reassign",
    "comment",
    "resolve",
    "awake",
    "incidents",
    "rejected",
    "replay",
    "test_page",
    "token",
    "audit",
)

# What the system says of an output that takes nothing more, and of nothing that we open.
_OF_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)

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
    given = sys.argv[1:] if arguments is None else arguments
    # The other commands' modules are loaded only when somebody asks which there are.
    parser = _parser([name for name in COMMANDS if _written(name) == next(iter(given), "")])
    args = parser.parse_args(given)
    try:
        code: int = args.run(args)
        print(end="", flush=True)  # what cannot be written must not be found at the very end
    except UsageError as error:
        with suppress(BrokenPipeError):  # the exit code says it also to whom no longer reads
            print(f"guardia: {error}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        drop_output()
        return EXIT_PROBLEMS
    except Exception as error:  # the last place where one can become a sentence
        if _is_of_output(error):
            return _refused_output(error)
        return _internal(error)
    return code


def _written(module: str) -> str:
    """Return a command as people write it: `import_` is `import`, `test_page` is `test-page`."""
    return module.rstrip("_").replace("_", "-")


def _is_of_output(error: Exception) -> TypeGuard[OSError]:
    """Say whether our output, such as a file on a full disk, takes no more; a file has a name."""
    if not isinstance(error, OSError) or error.filename is not None:
        return False
    return error.errno in _OF_OUTPUT


def _refused_output(error: OSError) -> int:
    drop_output()
    print(f"guardia: cannot write the output: {error.strerror}", file=sys.stderr)
    return EXIT_USAGE


def _parser(commands: Sequence[str]) -> argparse.ArgumentParser:
    """Return a parser of these commands alone; of all when there are none."""
    parser = argparse.ArgumentParser(
        prog="guardia",
        description="SLO alerts for Prometheus from one catalog, and a router that pages"
        " the right person.",
        epilog="Exit: 0 clean, 1 problems or differences, 2 usage or configuration, 3 internal.",
    )
    parser.add_argument("--version", action=_ShowVersion, help="show the version and exit")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in commands or COMMANDS:
        # Each module imports what is heavy only when it runs: `check` must answer at once.
        module = importlib.import_module(f"guardia.cli.{name}")
        command = module.add_parser(subparsers)
        command.description = (module.__doc__ or "").partition(": ")[2].partition("\n")[0]
        command.set_defaults(run=module.run)
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

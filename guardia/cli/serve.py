"""`guardia serve`: the router."""

import argparse
import os
from typing import Any


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command; its settings come from the environment."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "serve", help="run the router: take notifications, page the person on call"
    )
    return parser


def run(_args: argparse.Namespace) -> int:
    """Serve until SIGTERM; 1 when the on-call part of the catalog has problems, which are shown."""
    from guardia.catalog_folder import read_catalog_folder
    from guardia.cli.errors import UsageError
    from guardia.problem import render_text, sort_problems

    require_router()
    from router.catalog import read_oncall
    from router.edition import read_digest
    from router.main import StartError, serve
    from router.settings import SettingsError, read_settings

    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        raise UsageError("the settings are not complete:\n  " + "\n  ".join(error.problems)) from (
            None
        )
    if not settings.catalog.is_dir():
        raise UsageError(f"GUARDIA_CATALOG: there is no folder {settings.catalog}")
    digest = read_digest(settings.catalog)
    folder, problems = read_catalog_folder(settings.catalog)
    oncall, of_oncall = read_oncall(folder)
    if oncall is None:
        print(render_text(sort_problems([*problems, *of_oncall]), folder.sources))
        return 1
    ignored = [
        f"{one.span.path}:{one.span.line}: {one.code}: {one.message}"
        for one in sort_problems([*problems, *of_oncall])
    ]
    try:
        serve(settings, oncall, digest=digest, ignored=ignored)
    except StartError as error:
        raise UsageError(str(error)) from None
    return 0


def require_router() -> None:
    """Say what to install where only the generator is: its libraries are not needed to check."""
    from guardia.cli.errors import UsageError

    try:
        import router.main  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the router is not installed ({error.name} is missing): pip install 'guardia[router]';"
            " in a clone, `make demo` installs it"
        ) from None

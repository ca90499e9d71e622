"""`guardia serve`: the router."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from router.last_good import CatalogRefusedError


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command; its settings come from the environment."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "serve", help="run the router: take notifications, page the person on call"
    )
    return parser


def run(_args: argparse.Namespace) -> int:
    """Serve until SIGTERM; 1 when the catalog's files are bad and no kept one stands in."""
    from guardia.cli.errors import UsageError

    require_router()
    from router.last_good import CatalogRefusedError
    from router.main import StartError, serve
    from router.settings import SettingsError, read_settings

    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        raise UsageError("the settings are not complete:\n  " + "\n  ".join(error.problems)) from (
            None
        )
    try:
        serve(settings)
    except StartError as error:
        raise UsageError(str(error)) from None
    except CatalogRefusedError as refused:
        return _show_refusal(refused, settings.catalog)
    return 0


def _show_refusal(refused: "CatalogRefusedError", folder: Path) -> int:
    from guardia.cli.errors import UsageError
    from guardia.problem import printable, render_text

    why = f"the router does not start: {printable(str(refused))}"
    if _is_missing(folder):
        raise UsageError(f"GUARDIA_CATALOG: there is no folder {folder}; {why}")
    print(render_text(refused.reading.problems, refused.reading.sources))
    print(f"guardia: {why}", file=sys.stderr)
    return 1


def _is_missing(folder: Path) -> bool:
    try:
        return not folder.is_dir()
    except OSError:  # out of this user's sight, of which a problem tells
        return False


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

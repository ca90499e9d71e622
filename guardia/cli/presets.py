"""`guardia presets`: what a catalog can use, and whether your targets export what that reads."""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardia.cli.errors import UsageError

if TYPE_CHECKING:
    from generator.presets.model import Family, Preset
    from generator.presets.page import Page

FORMATS = ("text", "json")
LANGUAGES = ("en", "es", "pt")


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "presets",
        help="list the conditions, SLIs and panels that a catalog can use, show one, or look up"
        " on pages of metrics which of them work",
    )
    parser.add_argument(
        "name",
        nargs="?",
        help="a family, such as kafka, or a preset, such as kafka/consumer-lag; all without it",
    )
    parser.add_argument(
        "--verify",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="pages of metrics, saved with `curl -s http://TARGET/metrics > FILE`, or lists of"
        " names: say which presets work with them; 1 where one does not",
    )
    parser.add_argument(
        "--language", choices=LANGUAGES, default=LANGUAGES[0], help="of sentences (default: en)"
    )
    parser.add_argument(
        "--format", choices=FORMATS, default=FORMATS[0], help="what to print (default: text)"
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Print presets, or what pages say of them: 1 when one of these cannot be used.

    Raises UsageError for a name that there is not, and for a file that is no page.
    """
    from generator.presets.read import read_families, read_presets

    families, presets = read_families(), read_presets()
    if args.name is not None and args.name not in families and args.name not in presets:
        raise UsageError(_unknown(args.name, [*families, *presets]))
    if args.verify is not None:
        return _verify(args)
    if args.name in presets:
        _show_preset(presets[args.name], args)
    else:
        _show_families([families[args.name]] if args.name else families.values(), args)
    return 0


def _unknown(name: str, known: list[str]) -> str:
    from guardia.word import nearest

    guess = nearest(name, known)
    hint = f"did you mean {guess}?" if guess else "`guardia presets` lists them all"
    return f"there is no preset and no family {name!r}: {hint}"


def _show_families(families: "Iterable[Family]", args: argparse.Namespace) -> None:
    from generator.explaining.presets import family_as_json, render_families

    if args.format == "json":
        _print_json([family_as_json(family, args.language) for family in families])
    else:
        print(render_families(tuple(families)))


def _show_preset(preset: "Preset", args: argparse.Namespace) -> None:
    from generator.explaining.presets import preset_as_json, render_preset_page

    if args.format == "json":
        _print_json(preset_as_json(preset, args.language))
    else:
        print(render_preset_page(preset, args.language))


def _verify(args: argparse.Namespace) -> int:
    from generator.explaining.verified import render_verified, verified_as_json
    from generator.presets.read import read_presets
    from generator.presets.verify import verify_presets

    pages = [_read_page(path) for path in args.verify]
    found = verify_presets(tuple(read_presets().values()), pages, named=args.name)
    if args.format == "json":
        _print_json(verified_as_json(found, pages))
    else:
        print(render_verified(found, pages))
    return 0 if found and all(one.works for one in found) else 1


def _read_page(path: Path) -> "Page":
    from generator.presets.page import PageError, parse_page

    try:
        return parse_page(str(path), path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except PageError as error:
        raise UsageError(str(error)) from None


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))

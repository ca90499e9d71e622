"""`guardia diff`: what a change of the catalog means."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from guardia.cli.errors import UsageError
from guardia.word import counted

if TYPE_CHECKING:
    from generator.catalog.model import Catalog
    from guardia.change import Change
    from guardia.cli.catalog import WholeCatalog
    from router.catalog import OnCallCatalog

FORMATS = ("text", "markdown", "json")


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "diff", help="say what a change of the catalog means"
    )
    for name in ("old", "new"):
        parser.add_argument(
            name, metavar=name.upper(), help="a catalog's folder, or a Git revision such as main"
        )
    parser.add_argument(
        "--catalog",
        type=Path,
        default=Path("catalog"),
        metavar="PATH",
        help="the catalog's folder in a revision (default: catalog)",
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="text", help="how changes are shown (default: text)"
    )
    return parser


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One side that is free of problems; `files` maps each of its files to its bytes."""

    catalog: "Catalog"
    oncall: "OnCallCatalog"
    files: dict[str, bytes]


def run(args: argparse.Namespace) -> int:
    """Print the changes; 1 when there are any, 2 for a side with problems, which are shown."""
    with TemporaryDirectory(prefix="guardia-diff-") as folder:
        old = _load(args.old, args.catalog, Path(folder) / "old")
        new = _load(args.new, args.catalog, Path(folder) / "new")
    if old is None or new is None:
        return 2
    changes = _compare(old, new)
    print(_render(changes, _edited(old, new), args.format))
    return 1 if changes else 0


def _load(name: str, catalog: Path, temporary: Path) -> _Side | None:
    """Return one side; None, with its problems shown, for a catalog that has any."""
    from guardia.cli.catalog import load_catalog, render_problems
    from guardia.cli.git import extract_folder

    is_folder = Path(name).is_dir()
    root = Path(name) if is_folder else extract_folder(name, catalog, temporary)
    loaded = load_catalog(root)
    # Where an old edition's routes lead is told as it is, also where `check` would object.
    if loaded.generator is None or loaded.oncall is None:
        shown = render_problems(loaded, "text")
        print(shown if is_folder else shown.replace(f"{temporary.as_posix()}/", f"{name}:"))
        return None
    return _Side(catalog=loaded.generator, oncall=loaded.oncall, files=_files(loaded, root))


def _files(loaded: "WholeCatalog", root: Path) -> dict[str, bytes]:
    """Return the catalog's files by their path inside it, runbooks included."""
    declared = [Path(path) for path in loaded.folder.sources]
    runbooks = [root / "runbooks" / f"{name}.md" for name in loaded.folder.runbooks]
    try:
        return {
            path.relative_to(root).as_posix(): path.read_bytes() for path in (*declared, *runbooks)
        }
    except OSError as error:
        raise UsageError(f"cannot read {error.filename}: {error.strerror}") from None


def _compare(old: _Side, new: _Side) -> "list[Change]":
    from generator.comparing.catalogs import compare_catalogs
    from guardia.cli.alert_changes import compare_routing, routing_of
    from router.comparing import compare_oncall

    return [
        *compare_catalogs(old.catalog, new.catalog),
        *compare_oncall(old.oncall, new.oncall),
        *compare_routing(routing_of(old.catalog, old.oncall), routing_of(new.catalog, new.oncall)),
        *_compare_runbooks(old.files, new.files),
    ]


def _compare_runbooks(old: dict[str, bytes], new: dict[str, bytes]) -> "list[Change]":
    from guardia.change import Change

    names = sorted(name for name in {*old, *new} if name.startswith("runbooks/"))
    return [
        Change(
            subject="runbooks",
            what=Path(name).stem,
            before=_lines(old.get(name)),
            after=_lines(new.get(name)),
            effect="its text changes" if name in old and name in new else "",
            is_text=True,
        )
        for name in names
        if old.get(name) != new.get(name)
    ]


def _lines(text: bytes | None) -> str | None:
    return None if text is None else counted(len(text.splitlines()), "line")


def _edited(old: _Side, new: _Side) -> list[str]:
    """Return the files whose bytes differ."""
    names = sorted({*old.files, *new.files})
    return [name for name in names if old.files.get(name) != new.files.get(name)]


def _render(changes: "Sequence[Change]", edited: list[str], form: str) -> str:
    from guardia.change import changes_as_json, render_changes, render_markdown

    verdict = _verdict(changes, edited)
    if form == "json":
        found = {"changes": changes_as_json(changes), "edited": edited, "verdict": verdict}
        return json.dumps(found, indent=2, ensure_ascii=False)
    render = render_markdown if form == "markdown" else render_changes
    return f"{render(changes)}\n\n{verdict}" if changes else verdict


def _verdict(changes: "Sequence[Change]", edited: list[str]) -> str:
    if changes:
        number = counted(len(changes), "change")
        if all(change.is_text for change in changes):
            return (
                f"{number}, of texts and of test examples alone: nothing alerts otherwise,"
                " and nobody else is told"
            )
        return number
    if edited:
        return (
            "no difference in meaning: only comments, layout or order differ in"
            f" {', '.join(edited)}"
        )
    return "no difference"

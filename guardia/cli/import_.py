"""`guardia import`: specifications of other programs to files of the catalog."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardia.cli.errors import UsageError
from guardia.word import counted

if TYPE_CHECKING:
    from generator.importing.carry import Import, Outcome
    from guardia.problem import Problem

KINDS = ("sloth", "pyrra")


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "import", help="make catalog files from the SLOs of Sloth or Pyrra"
    )
    parser.add_argument("kind", metavar="KIND", help=f"whose files: {' or '.join(KINDS)}")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="specifications")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("catalog"),
        help="the catalog's folder (default: catalog); files that are there are left alone",
    )
    parser.add_argument("--team", help="who owns what names no team")
    parser.add_argument("--service", help="the service of Pyrra's SLOs, which name none")
    return parser


def run(args: argparse.Namespace) -> int:
    """Write what can be imported and list what cannot; 1 when a part was refused."""
    from generator.importing.carry import import_specs
    from guardia.problem import render_text, sort_problems

    _check_usage(args)
    texts, unreadable = _read(args.files)
    found = import_specs(
        args.kind,
        texts,
        team=args.team,
        service=args.service,
        place_labels=_place_labels(args.out),
    )
    written, left_alone, in_the_way = _write(found, args.out)
    problems = sort_problems([*unreadable, *found.problems, *in_the_way])
    if problems:
        print(render_text(problems, texts))
    print(_render(found, written, left_alone, args.out))
    return 1 if problems else 0


def _check_usage(args: argparse.Namespace) -> None:
    if args.kind == "openslo":
        raise UsageError("OpenSLO cannot be imported yet; sloth and pyrra can")
    if args.kind not in KINDS:
        raise UsageError(f"there is no import of {args.kind}; name {' or '.join(KINDS)}")
    if args.service is not None and args.kind != "pyrra":
        raise UsageError("--service is for Pyrra: Sloth's specifications name their service")


def _read(files: list[Path]) -> tuple[dict[str, str], list["Problem"]]:
    """Return the texts by path; a file that is no text is a problem, one that is missing usage."""
    from guardia.problem import Problem, Span

    texts: dict[str, str] = {}
    problems = []
    for path in files:
        shown = path.as_posix()
        try:
            texts[shown] = path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            raise UsageError(f"cannot read {shown}: {error.strerror}") from None
        except UnicodeDecodeError:
            problems.append(
                Problem(
                    code="file-unreadable",
                    message="this is not UTF-8 text",
                    span=Span(path=shown, line=1, column=1, end_column=1),
                    label="",
                    why="nothing in the file could be read",
                    fix="save it as UTF-8",
                )
            )
    return texts, problems


def _place_labels(out: Path) -> tuple[str, ...]:
    """Return the labels by which the catalog that is there tells its places apart.

    None without a catalog, and none of one that cannot be read: `guardia check` says why.
    """
    from guardia.catalog_file import MAX_FILE_BYTES, read_text
    from guardia.document import read_document

    path = out / "catalog.yaml"
    text, _ = read_text(path, longest=MAX_FILE_BYTES)
    document, _ = read_document(path.as_posix(), text or "")
    value = document.value if document is not None else None
    parts = (
        [value.get(key) for key in ("environments", "regions")] if isinstance(value, dict) else []
    )
    labels = [part.get("label") for part in parts if isinstance(part, dict)]
    return tuple(label for label in labels if isinstance(label, str))


def _write(found: "Import", out: Path) -> tuple[list[str], list[str], list["Problem"]]:
    """Write the services that are not there yet with their runbooks.

    Returns the paths that were written and those of runbooks that were there,
    and a problem for each service that was: what stands in the catalog may
    have been edited, and is never overwritten.
    """
    written: list[str] = []
    left_alone: list[str] = []
    problems = []
    try:
        for name, text in found.services.items():
            path = out / name
            if not _write_new(path, text):
                problems.append(_exists_problem(path))
                continue
            written.append(path.as_posix())
            for runbook, advice in found.runbooks[name].items():
                shown = (out / runbook).as_posix()
                if _write_new(out / runbook, advice):
                    written.append(shown)
                elif shown not in written:
                    left_alone.append(shown)
    except OSError as error:
        raise UsageError(f"cannot write {error.filename}: {error.strerror}") from None
    return written, left_alone, problems


def _write_new(path: Path, text: str) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _exists_problem(path: Path) -> "Problem":
    from guardia.problem import Problem, Span

    return Problem(
        code="file-exists",
        message="this service is in the catalog already",
        span=Span(path=path.as_posix(), line=1, column=1, end_column=1),
        label="",
        why="somebody may have edited it, so an import never overwrites it",
        fix="import with --out into another folder, then move over what is new; or remove it first",
    )


def _render(found: "Import", written: list[str], left_alone: list[str], out: Path) -> str:
    from generator.importing.model import Remarked
    from guardia.problem import printable

    here = {Path(path).stem for path in written if path.endswith(".yaml")}
    parts = ["\n".join(_outcome(outcome, here) for outcome in found.outcomes)]
    for kind in Remarked:
        remarks = [remark for remark in found.remarks if remark.kind is kind]
        lines = (printable(f"  {_place(remark.span)}: {remark.text}") for remark in remarks)
        if remarks:
            parts.append("\n".join([f"{kind}:", *lines]))
    for windows in found.windows:
        merged = f"merge into {(out / 'catalog.yaml').as_posix()}, from {windows.path}:"
        parts.append(f"{printable(merged)}\n{windows.text.rstrip()}")
    files = [f"{path}: written" for path in written]
    files += [f"{path}: there already, left as it is" for path in dict.fromkeys(left_alone)]
    parts.append("\n".join(map(printable, files)) or "nothing was written")
    if written:
        parts.append(f"next: `guardia check {out.as_posix()}`")
    return "\n\n".join(part for part in parts if part)


def _place(span: Any) -> str:
    return f"{span.path}:{span.line}:{span.column}"


def _outcome(outcome: "Outcome", written: set[str]) -> str:
    from guardia.problem import printable

    slos = counted(outcome.imported, "SLO")
    if outcome.imported < outcome.found:
        slos = f"{outcome.imported} of {outcome.found} SLOs"
    parts = []
    if outcome.imported:
        homes = [
            service if service in written else f"{service} (not written)"
            for service in outcome.services
        ]
        parts.append(f"{slos} to {', '.join(homes)}")
    if outcome.has_windows:
        parts.append("burn windows, to be merged by hand")
    if outcome.refused:
        codes = dict.fromkeys(f"{one.code} at line {one.span.line}" for one in outcome.refused)
        parts.append(f"refused: {', '.join(codes)}")
    return printable(f"{outcome.path}: {'; '.join(parts) or 'nothing in it'}")

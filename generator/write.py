"""All generated files: to disk, or the list of those that are stale."""

import errno
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.catalog.model import Catalog
from generator.naming import DASHBOARD_UID_PREFIX
from generator.yaml_text import HEADER

NOT_OURS = "not written by guardia: move it away, or take its name out of the catalog"
FOLDERS = ("rules", "alertmanager", "promtool-tests", "dashboards", "prometheusrules", "configmaps")
_Render = Callable[[Catalog], dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A file on disk that is not what the catalog gives."""

    path: str
    reason: str  # "missing", "differs", "no longer generated" or NOT_OURS


def generate(catalog: Catalog, folders: Collection[str] = FOLDERS) -> dict[str, str]:
    """Return every generated file's text by its path; the same catalog gives the same bytes.

    `folders` of FOLDERS: files of others are neither made nor, below, looked at.
    """
    return {
        path: text
        for folder in FOLDERS
        if folder in folders
        for path, text in _render_of(folder)(catalog).items()
    }


def _render_of(folder: str) -> _Render:
    """Return what makes a folder's files; the others are not even loaded."""
    match folder:
        case "rules":
            from generator.rules.render import render_rules as render
        case "alertmanager":
            from generator.alertmanager.render import render_alertmanager as render
        case "promtool-tests":
            from generator.promtool.render import render_promtool_tests as render
        case "dashboards":
            from generator.dashboards.render import render_dashboards as render
        case "configmaps":
            from generator.dashboards.render import render_dashboard_resources as render
        case _:
            from generator.rules.render import render_rule_resources as render
    return render


def list_stale(
    files: Mapping[str, str], out: Path, folders: Collection[str] = FOLDERS
) -> list[Stale]:
    """Return what `write_files` would change, in order of path."""
    stale = [
        Stale(path=path, reason=reason)
        for path, text in files.items()
        if (reason := _difference(out / path, text))
    ]
    left_over = [
        Stale(path=path.relative_to(out).as_posix(), reason="no longer generated")
        for path in _generated_before(out, folders)
        if path.relative_to(out).as_posix() not in files
    ]
    return sorted([*stale, *left_over], key=lambda found: found.path)


def write_files(
    files: Mapping[str, str], out: Path, folders: Collection[str] = FOLDERS
) -> list[Stale]:
    """Bring `out` up to date and return what was stale.

    Files without our mark are somebody's own: one that stands where a
    generated file belongs is returned as NOT_OURS, and then nothing is
    written. Each file is replaced whole, so that a Prometheus that reloads
    meanwhile never reads half of one. Raises OSError when the folder cannot be
    read or written.
    """
    stale = list_stale(files, out, folders)
    if any(found.reason == NOT_OURS for found in stale):
        return stale
    for folder in dict.fromkeys((out / one.path).parent for one in stale if one.path in files):
        _make_folder(folder)  # all of them first: what cannot be made leaves nothing half written
    for found in stale:
        path = out / found.path
        if found.path not in files:
            path.unlink()
            continue
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_bytes(files[found.path].encode())
        temporary.replace(path)
    return stale


def _make_folder(folder: Path) -> None:
    """Make a folder that is not there yet. Raises OSError, which says so of a dangling link."""
    if folder.is_symlink() and not folder.exists():
        reason = f"it links to {folder.readlink()}, which is not there"
        raise FileNotFoundError(errno.ENOENT, reason, str(folder))
    folder.mkdir(parents=True, exist_ok=True)


def _difference(path: Path, text: str) -> str | None:
    if not path.exists() and not path.is_symlink():
        return "missing"
    if not path.is_file():
        return NOT_OURS
    if path.read_bytes() == text.encode():
        return None
    return "differs" if _has_our_mark(path) else NOT_OURS


def _generated_before(out: Path, folders: Collection[str]) -> list[Path]:
    return [
        path
        for folder in folders
        for path in sorted((out / folder).glob("*"))
        if path.suffix in (".yml", ".yaml", ".json", ".sh")
        and path.is_file()
        and _has_our_mark(path)
    ]


def _has_our_mark(path: Path) -> bool:
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix != ".json":
        return text.startswith(HEADER)
    try:  # JSON has no comments: the uid is the mark, which Grafana gives to no copy
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, dict) and str(value.get("uid")).startswith(DASHBOARD_UID_PREFIX)

"""Catalogs for tests: a frozen one, changed copies of it, and the project's own.

The frozen one is what the first user's catalog was: whoever edits `catalog/`
must not have to edit tests.
"""

import shutil
from pathlib import Path

from generator.catalog.model import Catalog
from generator.catalog.read import read_catalog
from guardia.catalog_folder import read_catalog_folder

ROOT = Path(__file__).resolve().parent.parent
CATALOG = ROOT / "tests" / "catalog"
OWN_CATALOG = ROOT / "catalog"
CASES = ROOT / "tests" / "cases"


def read_whole(folder: Path) -> Catalog:
    """Return the generator's half of a catalog that must be free of problems."""
    documents, problems = read_catalog_folder(folder)
    catalog, of_meaning = read_catalog(documents)
    assert not problems
    assert not of_meaning
    assert catalog is not None
    return catalog


def copy_catalog(to: Path, *, changes: dict[str, tuple[str, str]] | None = None) -> Path:
    """Copy the frozen catalog; `changes` maps a file to a text in it and its replacement."""
    folder = to / "catalog"
    shutil.copytree(CATALOG, folder)
    for path, (old, new) in (changes or {}).items():
        file = folder / path
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        file.write_text(text.replace(old, new), encoding="utf-8")
    return folder

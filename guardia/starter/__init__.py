"""A first catalog: what `guardia init` writes, as text by path.

The schemas that editors complete from are copied beside the catalog, into
`.schema/`. The path of an installed package differs on each machine, and an
address on the web needs a network and names one version for all; a copy is
that of the version which wrote it, and is committed with the catalog.
"""

import json
from pathlib import Path
from string import Template

SCHEMA_FOLDER = ".schema"
LANGUAGES = ("en", "es", "pt")

_HERE = Path(__file__).parent
_SCHEMAS = _HERE.parent / "schema"
_FILES = ("catalog.yaml", "services/example.yaml", "oncall/example.yaml")
_KINDS = ("alertmanager", "catalog", "oncall", "service")  # of files that engineers write


class _Template(Template):
    delimiter = "§"  # in YAML and PromQL `$` and `%` are taken


def starter_files(organisation: str, language: str) -> dict[str, str]:
    """Return the files of a first catalog by their path inside it, schemas included.

    `organisation` is any text of one line, `language` one of LANGUAGES: of the
    alerts, the runbooks and all that operators read.
    """
    texts = json.loads((_HERE / "texts.json").read_text(encoding="utf-8"))[language]
    quoted = {name: _quote(text) for name, text in texts.items() if name != "engineer"}
    parts = {
        **quoted,
        "engineer": texts["engineer"],
        "organisation": _quote(organisation),
        "language": language,
    }
    files = {
        name: _Template((_HERE / name).read_text(encoding="utf-8")).substitute(parts)
        for name in _FILES
    }
    runbooks = _HERE / language / "runbooks"
    files |= {
        f"runbooks/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted(runbooks.glob("*.md"))
    }
    return files | schema_files()


def schema_files() -> dict[str, str]:
    """Return the schemas of the catalog's files by their path inside the catalog."""
    return {
        f"{SCHEMA_FOLDER}/{kind}.json": (_SCHEMAS / f"{kind}.json").read_text(encoding="utf-8")
        for kind in _KINDS
    }


def _quote(text: str) -> str:
    """Return text as a double-quoted YAML scalar: JSON's strings are such."""
    return json.dumps(text, ensure_ascii=False)

"""The JSON Schemas as editors use them, and the line by which each catalog file names its own."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from guardia.document import read_document
from guardia.schema import check_schema
from tests.catalogs import CASES, CATALOG, OWN_CATALOG, ROOT

SCHEMAS = sorted((ROOT / "guardia" / "schema").glob("*.json"))
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")
KINDS = {"services": "service", "oncall": "oncall"}
FILES = sorted(
    path
    for folder in (OWN_CATALOG, CATALOG, ROOT / "demo")
    for path in folder.rglob("*.yaml")
    if ".delete" not in path.name
)


def parts(schema: Any, at: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each property and definition of a schema, with its place."""
    for group in ("properties", "$defs"):
        for name, part in schema.get(group, {}).items():
            yield f"{at}/{name}", part
            yield from parts(part, f"{at}/{name}")
    for group in ("items", "additionalProperties"):
        if isinstance(schema.get(group), dict):
            yield from parts(schema[group], f"{at}/{group}")


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_every_property_says_what_it_is_for(path: Path) -> None:
    root = json.loads(path.read_text("utf-8"))
    silent = []
    for at, part in parts(root):
        described = part
        while "description" not in described and "$ref" in described:
            described = root["$defs"][described["$ref"].removeprefix("#/$defs/")]
        if not re.search(r"\w", described.get("description", "")):
            silent.append(at)
    assert silent == []


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_a_schema_is_one_and_says_what_it_describes(path: Path) -> None:
    root = json.loads(path.read_text("utf-8"))
    Draft202012Validator.check_schema(root)
    assert root["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert root["title"]
    assert root["description"].startswith(("catalog/", "generator/presets/"))
    # An editor reads it from the clone: it refers to nothing outside of itself.
    references = re.findall(r'"\$ref": "([^"]*)"', path.read_text("utf-8"))
    assert all(reference.startswith("#/$defs/") for reference in references)


def test_every_example_is_allowed_by_its_own_schema() -> None:
    checked = 0
    for path in SCHEMAS:
        root = json.loads(path.read_text("utf-8"))
        for _, part in parts(root):
            for example in part.get("examples", ()):
                Draft202012Validator({**part, "$defs": root["$defs"]}).validate(example)
                checked += 1
    assert checked > 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_catalog_file_names_its_schema_in_the_first_line(path: Path) -> None:
    text = path.read_text("utf-8")
    match = MODELINE.match(text)
    assert match is not None
    # Tests copy the frozen catalog to where a catalog stands, beside guardia/.
    is_frozen = path.is_relative_to(CATALOG)
    place = OWN_CATALOG / path.relative_to(CATALOG) if is_frozen else path
    schema = (place.parent / match[1]).resolve()
    kind = KINDS.get(path.parent.name, path.stem)
    assert schema == ROOT / "guardia" / "schema" / f"{kind}.json"
    document, problems = read_document(path.name, text)
    assert problems == ()
    assert document is not None
    assert list(check_schema(document, kind)) == []


def test_the_cases_show_the_same_line() -> None:
    wrong = []
    for path in CASES.glob("*/catalog/services/*.yaml"):
        first = path.read_bytes().split(b"\n")[0].decode("utf-8", "replace")
        if "yaml-language-server" in first and "../../guardia/schema/service.json" not in first:
            wrong.append(path)
    assert wrong == []

"""Every generated dashboard against Grafana's published schemas, its panels' and queries' too."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.dashboards import CATALOGS, Board, boards, panels

Schema = dict[str, Any]


def read(corpus: Path, name: str) -> Schema:
    path = corpus / f"api-schemas/grafana-{name}.jsonschema.json"
    found: Schema = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def dashboard(corpus: Path) -> Draft7Validator:
    schema = read(corpus, "dashboard")
    # Grafana's source says `any` here, which became an object when the schema was made.
    schema["definitions"]["MatcherConfig"]["properties"]["options"] = {}
    schema["definitions"]["DynamicConfigValue"]["properties"]["value"] = {}
    return Draft7Validator(schema)


@pytest.fixture(scope="module")
def parts(corpus: Path) -> dict[tuple[str, str], Draft7Validator]:
    """Return the schemas of what belongs to one kind of panel, and of Prometheus' queries."""
    return {
        (kind, part): part_of(read(corpus, kind), part)
        for kind, part in (
            ("stat", "Options"),
            ("table", "Options"),
            ("table", "FieldConfig"),
            ("timeseries", "Options"),
            ("timeseries", "FieldConfig"),
            ("prometheus", "Dataquery"),
        )
    }


def part_of(schema: Schema, part: str) -> Draft7Validator:
    """Return the schema of one definition. Nothing is required: Grafana fills in what lacks."""

    def relaxed(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {key: one for key, one in value.items() if key != "required"}
            return {key: relaxed(one) for key, one in kept.items()}
        return [relaxed(one) for one in value] if isinstance(value, list) else value

    definitions = relaxed(schema["definitions"])
    return Draft7Validator({"$ref": f"#/definitions/{part}", "definitions": definitions})


def errors(validator: Draft7Validator, value: Any, at: str) -> list[str]:
    return [
        f"{at} {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for error in validator.iter_errors(value)
    ]


@pytest.mark.parametrize("catalog", CATALOGS)
def test_every_dashboard_follows_the_published_schema(
    catalog: str, dashboard: Draft7Validator
) -> None:
    for path, board in boards(catalog).items():
        assert errors(dashboard, board, path) == []


@pytest.mark.parametrize("catalog", ["full", "external-environment"])
def test_every_panel_follows_the_schema_of_its_kind(
    catalog: str, parts: dict[tuple[str, str], Draft7Validator]
) -> None:
    checked = set()
    for path, board in boards(catalog).items():
        for panel in panels(board):
            at = f"{path} {panel['title']}"
            kind = panel["type"]
            assert errors(parts[kind, "Options"], panel["options"], at) == []
            custom = panel["fieldConfig"]["defaults"]["custom"]
            if kind == "stat":
                assert custom == {}
            else:
                assert errors(parts[kind, "FieldConfig"], custom, at) == []
            for target in panel["targets"]:
                assert errors(parts["prometheus", "Dataquery"], target, at) == []
            checked.add(kind)
    assert checked == {"stat", "table", "timeseries"}


def test_the_schemas_refuse_a_dashboard_that_is_wrong(
    dashboard: Draft7Validator, parts: dict[tuple[str, str], Draft7Validator]
) -> None:
    board: Board = copy.deepcopy(boards("frozen")["dashboards/slo.json"])
    stat = panels(board)[0]
    stat["options"]["colorMode"] = "colourful"
    stat["targets"][0]["format"] = "list"
    assert errors(parts["stat", "Options"], stat["options"], "")
    assert errors(parts["prometheus", "Dataquery"], stat["targets"][0], "")

    assert errors(dashboard, {**board, "editable": "no"}, "")
    stat["gridPos"]["w"] = "wide"
    assert errors(dashboard, board, "")

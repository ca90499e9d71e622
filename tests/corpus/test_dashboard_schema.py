"""The generated dashboard against Grafana's published schema."""

import json
from pathlib import Path

from jsonschema import Draft7Validator

from generator.write import generate
from tests.catalogs import CATALOG, read_whole


def test_the_dashboard_follows_the_published_schema(corpus: Path) -> None:
    schema = json.loads((corpus / "api-schemas/grafana-dashboard.jsonschema.json").read_text())
    dashboard = json.loads(generate(read_whole(CATALOG))["dashboards/slo.json"])
    errors = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for error in Draft7Validator(schema).iter_errors(dashboard)
    ]
    assert errors == []

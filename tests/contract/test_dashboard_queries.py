"""Every query of the dashboard, asked of a real Prometheus that has loaded our rules."""

import json
import re
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from generator.write import generate
from tests.catalogs import CATALOG, read_whole
from tests.servers import prometheus
from tests.tooling import SET_NAMES, require_tool_set


@pytest.mark.parametrize("name", SET_NAMES)
def test_prometheus_answers_every_query(name: str) -> None:
    files = generate(read_whole(CATALOG))
    rules = {Path(path).name: text for path, text in files.items() if path.startswith("rules/")}
    panels = json.loads(files["dashboards/slo.json"])["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    config = f"rule_files: [{', '.join(rules)}]\n"
    with prometheus(require_tool_set(name), config, rule_files=rules) as url:
        statuses = {
            expression: ask(url, re.sub(r"\$\{?\w+\}?", "x", expression))
            for expression in expressions
        }
    assert statuses
    assert set(statuses.values()) == {"success"}


def ask(url: str, expression: str) -> str:
    query = urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(f"{url}/api/v1/query?{query}", timeout=10) as answer:  # noqa: S310
        status: str = json.load(answer)["status"]
    return status

"""Queries of the first user's runbooks, asked of the real Prometheus and PostgreSQL.

Prometheus holds the example platform: a query without an answer would leave
somebody at night without one.
"""

import json
import re
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import psycopg
import pytest

from demo.model.history import write_history
from demo.model.places import MAIN, targets
from demo.model.setting import Setting
from tests.runbooks import RUNBOOKS, commands, part
from tests.servers import prometheus
from tests.tooling import SET_NAMES, require_tool_set

QUERIES = [
    command.filled
    for path in RUNBOOKS
    for command in commands(path.read_text(encoding="utf-8"))
    if command.language == "promql"
]
STATEMENTS = [
    (path, command.filled)
    for path in RUNBOOKS
    for name in ("Diagnóstico", "Verificación")
    for command in commands(part(path.read_text(encoding="utf-8"), name))
    if command.language == "sql"
]


SETTING = Setting(seed=3, starts_at=1_793_534_400.0, tick_seconds=60)
TICKS = 7 * 60  # as far back as the queries look, but for those with `offset`
# Of other weeks, of recorded rules, or about what is wrong: the platform is young and healthy.
MAY_BE_EMPTY = re.compile(r"\boffset\b|[<>] ?\d|slo:")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("history") / "platform.om"
    write_history(file, SETTING, targets(MAIN), ticks=TICKS)
    return file


@pytest.mark.parametrize("name", SET_NAMES)
def test_prometheus_answers_every_query(name: str, history: Path, tmp_path: Path) -> None:
    tools = require_tool_set(name)
    command: list[str | Path] = [tools.promtool, "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*command, history, tmp_path], check=True, capture_output=True)
    with prometheus(tools, "{}", storage=tmp_path) as url:
        found = {query: ask(url, query) for query in QUERIES}
    assert len(found) > 40
    empty = [query for query, number in found.items() if not number]
    assert [query for query in empty if not MAY_BE_EMPTY.search(query)] == []


def ask(url: str, expression: str) -> int:
    """Return how many series a query finds; raises HTTPError for what is no query."""
    at = SETTING.starts_at + SETTING.time_of(TICKS)
    query = urllib.parse.urlencode({"query": expression, "time": at})
    with urllib.request.urlopen(f"{url}/api/v1/query?{query}", timeout=10) as answer:  # noqa: S310
        return len(json.load(answer)["data"]["result"])


@pytest.mark.parametrize(
    ("path", "statement"), STATEMENTS, ids=[path.stem for path, _ in STATEMENTS]
)
def test_postgresql_answers_in_a_read_only_transaction(
    path: Path, statement: str, postgresql_url: str
) -> None:
    url = postgresql_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url) as connection:
        if "pg_stat_statements" in statement:
            # Planned only: it would need to be loaded when the server starts.
            connection.execute("create extension pg_stat_statements")
            statement = f"explain {statement}"
        else:
            connection.read_only = True
        assert connection.execute(statement.encode()).description, path
        connection.rollback()

"""Every problem code has its page in docs/problems/, and the page shows what is really drawn."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from generator.catalog.read import read_catalog
from guardia.catalog_folder import read_catalog_folder
from guardia.problem import Problem
from tests.catalogs import ROOT, copy_catalog

PAGES = ROOT / "docs" / "problems"
CODE = re.compile(r"[a-z]+(-[a-z]+)+")


def codes_in(tree: ast.Module) -> Iterator[str]:
    """Yield the codes of `Problem(code="…")`, `Finding(code="…")` and `….problem("…", …)`."""
    for call in ast.walk(tree):
        match call:
            case ast.Call(func=ast.Name(id="Problem" | "Finding"), keywords=keywords):
                given = [keyword.value for keyword in keywords if keyword.arg == "code"]
            case ast.Call(func=ast.Attribute(attr="problem"), args=[first, *_]):
                given = [first]
            case _:
                continue
        for value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value


@cache
def declared_codes() -> frozenset[str]:
    tops = ("guardia", "generator", "router")
    texts = (path.read_text("utf-8") for top in tops for path in ROOT.glob(f"{top}/**/*.py"))
    made = (text for text in texts if re.search("Problem|Finding|problem", text))
    return frozenset(code for text in made for code in codes_in(ast.parse(text)))


def test_codes_are_words_with_hyphens() -> None:
    assert declared_codes()
    assert [code for code in declared_codes() if not CODE.fullmatch(code)] == []


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} - {"README"} == declared_codes()


def test_the_table_lists_each_page_once_and_in_order() -> None:
    listed = re.findall(
        r"^\| \[([a-z-]+)\]\(\1\.md\) \|", (PAGES / "README.md").read_text("utf-8"), re.M
    )
    assert listed == sorted(declared_codes())


@pytest.mark.parametrize("code", sorted({path.stem for path in PAGES.glob("*.md")} - {"README"}))
def test_a_page_has_title_example_reason_and_way_out(code: str) -> None:
    page = (PAGES / f"{code}.md").read_text("utf-8")
    assert page.startswith(f"# {code}\n")
    assert f"error[{code}]: " in page
    order = ("\n```text\n", "\n```\n\n**Why it is refused.** ", "\n\n**How to mend it.** ")
    places = [page.index(part) for part in order]
    assert places == sorted(places)


Break = Callable[[Path], None]


def edit(path: str, old: str, new: str) -> Break:
    def break_it(folder: Path) -> None:
        file = folder / path
        text = file.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        file.write_text(text.replace(old, new), "utf-8")

    return break_it


def remove(path: str) -> Break:
    return lambda folder: (folder / path).unlink()


def save_as_latin_1(path: str, old: str, new: str) -> Break:
    def break_it(folder: Path) -> None:
        file = folder / path
        file.write_bytes(file.read_text("utf-8").replace(old, new).encode("latin-1"))

    return break_it


def all_of(*breaks: Break) -> Break:
    def break_it(folder: Path) -> None:
        for one in breaks:
            one(folder)

    return break_it


def too_large(folder: Path) -> None:
    (folder / CASOS).write_text("#" * 2_000_000, "utf-8")


def expr(text: str) -> Break:
    """Give the first condition of the frozen catalog another expression."""
    return edit(CASOS, 'min by (environment, instance) (up{job="postgres"}) == 0', text)


CATALOG, CASOS, DERIVACION = "catalog.yaml", "services/casos.yaml", "services/derivacion.yaml"
OBJECTIVE = "    objective: 99.9%\n"

# What the example of each page did to the project's catalog. The on-call codes are in
# tests/router/catalog/.
EXAMPLES: dict[str, Break] = {
    "absent-without-for": all_of(
        expr('absent(up{job="postgres",environment="prod"})'), edit(CASOS, "for: 1m", "for: 15s")
    ),
    "annotation-template-label-missing": expr('min by (environment) (up{job="postgres"}) == 0'),
    "avg-of-ratio": expr(
        "avg by (environment, instance) (rate(pg_aborts_total[5m]) / rate(pg_commits_total[5m]))"
        " > 0.1"
    ),
    "comparison-impossible": expr('count by (environment, instance) (up{job="postgres"}) == 0'),
    "comparison-missing": expr("rate(pg_deadlocks_total[5m])"),
    "condition-untestable": all_of(
        expr("sum by (environment, instance) (changes(restarts_total[3d])) > 4"),
        edit(
            CASOS,
            """fires: {'up{job="postgres",instance="primary:9187",environment="prod"}': 0}""",
            """fires: {'restarts_total{instance="primary:9187",environment="prod"}': "+1"}""",
        ),
    ),
    "counter-no-rate": expr("pg_deadlocks_total > 5"),
    "group-label-dropped": expr(
        'min by (environment, instance) (sum by (environment) (up{job="postgres"})) == 0'
    ),
    "matchers-contradict": expr(
        'min by (environment, instance) (up{job="postgres",job!~"post.*"}) == 0'
    ),
    "matching-impossible": expr(
        "sum by (environment, instance) (pg_connections)"
        " / sum by (environment) (pg_connections_limit) > 0.9"
    ),
    "example-missing": all_of(
        edit(
            CASOS,
            'bad: http_requests_total{job="casos",code=~"5.."}',
            "bad: sum by (environment) (deriv(failures[$window]) > 0)",
        ),
        edit(
            CASOS,
            'total: http_requests_total{job="casos"}',
            "total: sum by (environment) (deriv(requests[$window]) > 0)",
        ),
    ),
    "missing-window": all_of(
        edit(
            CASOS,
            'bad: http_requests_total{job="casos",code=~"5.."}',
            'bad: sum by (environment) (rate(http_requests_total{job="casos",code="500"}[5m]))',
        ),
        edit(
            CASOS,
            'total: http_requests_total{job="casos"}',
            'total: sum by (environment) (rate(http_requests_total{job="casos"}[$window]))',
        ),
    ),
    "template-name-unknown": edit(
        CASOS,
        "summary: The database {{ $labels.instance }}",
        "summary: The database {{ labels.instance }}",
    ),
    "outage-blind": edit(CASOS, 'targets: up{job="casos"}\n', ""),
    "sli-invalid": edit(
        CASOS,
        '        total: http_requests_total{job="casos"}',
        '        good: http_requests_total{job="casos",code=~"2.."}\n'
        '        total: http_requests_total{job="casos"}',
    ),
    "offset-negative": expr("pg_connections offset -5m > 90"),
    "quantile-range": expr(
        "histogram_quantile(99, sum by (environment, instance, le)"
        " (rate(pg_query_seconds_bucket[5m]))) > 1"
    ),
    "range-beyond-retention": expr('max_over_time(up{job="postgres"}[60d]) == 0'),
    "rate-of-sum": expr("rate(sum by (environment, instance) (pg_deadlocks_total)[5m:]) > 1"),
    "rate-on-gauge": expr('rate(up{job="postgres"}[5m]) < 1'),
    "rate-range-too-short": expr("rate(pg_deadlocks_total[30s]) > 1"),
    "regexp-redundant": expr('up{job=~"postgres"} == 0'),
    "suppression-invalid": edit(
        CASOS,
        "    severity: critical\n",
        "    severity: critical # guardia: allow comparison-missing\n",
    ),
    "too-many-problems": edit(
        CASOS,
        "team: plataforma\n",
        "team: plataforma\n" + "".join(f"team{number}: plataforma\n" for number in range(200)),
    ),
    "file-too-large": too_large,
    "bad-not-in-total": edit(
        CASOS, 'bad: http_requests_total{job="casos"', 'bad: http_requests_total{job="derivacion"'
    ),
    "budget-share-invalid": edit(CATALOG, "budget: 2%", "budget: 0.02"),
    "burn-inside-budget": edit(CASOS, OBJECTIVE, OBJECTIVE + "    window: 14d\n"),
    "burn-never-fires": edit(CASOS, "objective: 99.9%", "objective: 90%"),
    "burn-window-too-long": edit(CASOS, OBJECTIVE, OBJECTIVE + "    window: 2d\n"),
    "duplicate-id": edit(DERIVACION, "alert: CaseAssignmentStalled", "alert: DatabaseDown"),
    "duplicate-key": edit(CASOS, OBJECTIVE, OBJECTIVE + "    objective: 99.95%\n"),
    "duration-invalid": edit(CASOS, "for: 1m", "for: 1 minute"),
    "example-contradicted": edit(
        CASOS,
        """fires: {'up{job="postgres",instance="primary:9187",environment="prod"}': 0}""",
        """fires: {'up{job="postgres",instance="primary:9187",environment="prod"}': 1}""",
    ),
    "example-invalid": edit(
        CASOS, """fires: {'up{job="postgres\"""", """fires: {'up{job=~"postgres\""""
    ),
    "file-missing": remove(CATALOG),
    "file-unreadable": save_as_latin_1(CASOS, "Citizens open", "Ciudadanía: open"),
    "interval-too-long": edit(CATALOG, "slow: 2m30s", "slow: 5m"),
    "label-reserved": edit(CATALOG, "label: environment", "label: severity"),
    "missing-key": edit(CASOS, "    runbook: high-error-rate\n", ""),
    "objective-ambiguous": edit(CASOS, "objective: 99.9%", "objective: 0.999"),
    "objective-range": edit(CASOS, "objective: 99.9%", "objective: 100%"),
    "preset-argument": edit(
        CASOS,
        "conditions:\n",
        "conditions:\n  - alert: KafkaBrokerDown\n    use: kafka/broker-down\n"
        "    with: {brokers: 0, match: 'job=\"kafka\"'}\n    runbook: service-down\n",
    ),
    "limit-of-each-series": edit(
        CASOS,
        "conditions:\n",
        "growth:\n  - name: answers\n    title: Answers\n    description: How many there are.\n"
        "    unit: reqps\n"
        "    expr: sum by (environment, code) (rate(http_requests_total[1h]))\n"
        "    limit: 500\n\n"
        "conditions:\n",
    ),
    "metric-unknown": edit(
        CASOS,
        "conditions:\n",
        "panels:\n  - title: Requests\n    description: What is asked.\n    unit: reqps\n"
        "    queries:\n"
        "      - expr: sum(rate(http_request_total[$__rate_interval]))\n        legend: all\n\n"
        "conditions:\n",
    ),
    "unit-unknown": edit(
        CASOS,
        "conditions:\n",
        "panels:\n  - title: Share of failures\n    description: What fails.\n    unit: ratio\n"
        "    queries: [{expr: avg(up), legend: all}]\n\n"
        "conditions:\n",
    ),
    "promql-selector": edit(
        CASOS,
        'total: http_requests_total{job="casos"}',
        'total: rate(http_requests_total{job="casos"}[5m])',
    ),
    "promql-syntax": edit(CASOS, '(up{job="postgres"}) == 0', '(up{job="postgres"} == 0'),
    "selector-expression": edit(CASOS, 'code=~"5.."', 'code=~"[[:digit:]]+"'),
    "template-invalid": edit(CASOS, "{{ $labels.instance }} in", "{{ $labels.instance in"),
    "environment-matched": edit(CASOS, 'up{job="casos"}', 'up{environment="prod",job="casos"}'),
    "environment-missing": edit(
        CASOS,
        """fires: {'up{job="postgres",instance="primary:9187",environment="prod"}'""",
        """fires: {'up{job="postgres",instance="primary:9187"}'""",
    ),
    "file-unexpected": lambda folder: (folder / "services" / "casos.yaml.orig").touch(),
    "interval-too-short": edit(CATALOG, "fast: 30s", "fast: 100ms"),
    "severity-order": edit(CATALOG, "budget: 5%", "budget: 15%"),
    "unknown-key": edit(CATALOG, "5, keep_firing_for", "5, keep_fireing_for"),
    "unknown-reference": edit(CASOS, "runbook: database-down", "runbook: database-is-down"),
    "window-beyond-retention": edit(CASOS, OBJECTIVE, OBJECTIVE + "    window: 90d\n"),
    "window-order": edit(CATALOG, "short: 5m", "short: 1h"),
    "window-too-short": edit(CATALOG, "short: 5m", "short: 30s"),
    "wrong-type": edit(CASOS, "team: plataforma", "team: [plataforma]"),
    "wrong-value": edit(CASOS, "severity: critical", "severity: crit"),
    "yaml-syntax": edit(CASOS, "team: plataforma", "team: plataforma: casos"),
}


def problems_of(folder: Path) -> list[Problem]:
    documents, of_form = read_catalog_folder(folder)
    _, of_meaning = read_catalog(documents)
    return [*of_form, *of_meaning]


@pytest.mark.parametrize("code", sorted(EXAMPLES))
def test_the_page_says_what_guardia_says_today(tmp_path: Path, code: str) -> None:
    folder = copy_catalog(tmp_path)
    EXAMPLES[code](folder)

    found = next(problem for problem in problems_of(folder) if problem.code == code)

    page = without_numbers((PAGES / f"{code}.md").read_text("utf-8"))
    for sentence in (found.message, found.label, found.why, found.fix):
        assert without_numbers(sentence.replace(f"{tmp_path.as_posix()}/", "")) in page


def without_numbers(text: str) -> str:
    """Blank the numbers: the catalog's lines move when services are added, and no page is wrong."""
    return re.sub(r"\d+", "0", text)

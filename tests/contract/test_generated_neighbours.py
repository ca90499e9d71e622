"""SLOs that count parts of one metric, judged by promtool: what is strange to one is another's."""

import subprocess
from pathlib import Path

import pytest

from generator.write import generate, write_files
from tests.catalogs import copy_catalog, read_whole
from tests.tooling import SET_NAMES, newest_and, require_tool_set


def ratio(name: str, bad: str, total: str) -> str:
    return f"  - {{name: {name}, {PROMISE}, sli: {{ratio: {{bad: '{bad}', total: '{total}'}}}}}}\n"


def uptime(name: str, gauge: str) -> str:
    return f"  - {{name: {name}, {PROMISE}, sli: {{uptime: {{gauge: '{gauge}'}}}}}}\n"


PROMISE = "description: It works., objective: 99.9%, runbook: high-error-rate"
OWN = ratio("own", 'm_total{job="casos",code=~"5.."}', 'm_total{job="casos"}')
ROUTE = ratio(
    "route", 'm_total{job="casos",route="/a",code=~"5.."}', 'm_total{job="casos",route="/a"}'
)
ALL_BUT_ONE = ratio("all", 'm_total{job!="x",code=~"5.."}', 'm_total{job!="x"}')
BY_ROUTE = ratio("by-route", 'm_total{job="casos",code=~"5.."}', 'm_total{job="casos"}').replace(
    "sli:", "by: [route], sli:"
)
SLOS = {
    "a whole and one route of it": OWN + ROUTE,
    "all but one job, and one job": ALL_BUT_ONE + OWN,
    "a whole, and each route of it": OWN + BY_ROUTE,
    "the uptime of the targets": uptime("targets", 'up{job="casos"}') + OWN,
    "the uptime of more than the targets": uptime("more", 'up{job!="x"}'),
}


@pytest.mark.parametrize("of_prometheus", [False, True], ids=["on series", "on prometheus"])
@pytest.mark.parametrize(
    ("tools", "slos"), newest_and(SLOS, oldest=["a whole, and each route of it"])
)
def test_neighbours_do_not_turn_each_others_tests_red(
    tmp_path: Path, tools: str, slos: str, of_prometheus: bool
) -> None:
    folder = copy_catalog(tmp_path)
    for file in (folder / "services").glob("*.yaml"):
        file.unlink()
    (folder / "services" / "casos.yaml").write_text(
        "service: casos\nteam: plataforma\ndescription: It works.\nrunbook: service-down\n"
        f'targets: up{{job="casos"}}\nslos:\n{SLOS[slos]}',
        encoding="utf-8",
    )
    if of_prometheus:
        settings = folder / "catalog.yaml"
        text = settings.read_text(encoding="utf-8")
        assert text.count("environments:\n") == 1
        written = text.replace("environments:\n", "environments:\n  on: prometheus\n")
        settings.write_text(written, encoding="utf-8")
    whole = read_whole(folder)
    write_files(generate(whole, ["rules", "promtool-tests"]), tmp_path)
    (service,) = whole.services
    # An SLO's tests see no neighbour: those of the one that is in most of these are run once.
    seen = tools == SET_NAMES[-1] and slos != next(iter(SLOS))
    own = {slo.name for slo in service.slos} - ({"own"} if seen else set())
    names = ["casos", *(f"casos.{name}" for name in sorted(own))]
    done = subprocess.run(
        [
            *(require_tool_set(tools).promtool, "test", "rules"),
            *(f"promtool-tests/{name}.yml" for name in names),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr

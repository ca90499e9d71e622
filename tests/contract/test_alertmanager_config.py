"""The whole Alertmanager configuration, judged by amtool, amlint and promtool, old and new."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.write import generate, write_files
from tests.alertmanager_catalog import copy_full_catalog
from tests.catalogs import CATALOG, OWN_CATALOG, read_whole
from tests.tooling import SET_NAMES, ToolSet, newest_and, require_tool_set

FOLDERS = ("rules", "alertmanager", "promtool-tests")
REGIONS = """
regions:
  label: region
  names: [a, b]
  environments: [prod]
"""


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    name: str = request.param
    return require_tool_set(name)


@pytest.fixture(scope="module")
def full_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What comes of the full catalog."""
    return generate(read_whole(copy_full_catalog(tmp_path_factory.mktemp("full"))), FOLDERS)


@pytest.fixture
def out(full_files: dict[str, str], tmp_path: Path) -> Path:
    """The full catalog's files, to break one of them."""
    write_files(full_files, tmp_path, FOLDERS)
    return tmp_path


def full(to: Path, *, regions: bool = False, own: bool = True, switch: str | None = None) -> Path:
    """Generate from the full catalog, with variations."""
    folder = copy_full_catalog(to) if own else copy_full_catalog(to, own=None)
    file = folder / "catalog.yaml"
    text = file.read_text(encoding="utf-8")
    if regions:
        text = text.replace("\nprometheus:\n", f"{REGIONS}\nprometheus:\n", 1)
    if switch is not None:
        text = text.replace("url: https://watch.example/ping", switch)
    file.write_text(text, encoding="utf-8")
    for service in (folder / "services").glob("*.yaml") if regions else ():
        text = service.read_text(encoding="utf-8").replace("by (env", "by (region, env")
        text = text.replace('environment="prod"', 'environment="prod",region="a"')
        service.write_text(text, encoding="utf-8")
    write_files(generate(read_whole(folder), FOLDERS), to)
    return to


def plain(to: Path, catalog: Path) -> Path:
    write_files(generate(read_whole(catalog), FOLDERS), to)
    return to


@pytest.fixture(
    scope="module", params=["full", "regions", "without a team's own", "plain", "the project's own"]
)
def generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is only read."""
    to = tmp_path_factory.mktemp("generated")
    match request.param:
        case "full":
            return full(to)
        case "regions":
            return full(to, regions=True)
        case "without a team's own":
            return full(to, own=False)
        case "plain":
            return plain(to, CATALOG)
        case _:
            return plain(to, OWN_CATALOG)


def run(*command: str | Path, at: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=at,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def amlint(*arguments: str, at: Path) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "amlint.cli", *arguments, at=at)


def test_alertmanager_loads_it(tools: ToolSet, generated: Path) -> None:
    found = run(tools.amtool, "check-config", "alertmanager/alertmanager.yml", at=generated)
    assert found.returncode == 0, found.stdout + found.stderr


def test_alertmanager_loads_a_switch_whose_address_is_a_secret(tmp_path: Path) -> None:
    tools = require_tool_set("current")  # url_file came with 0.26
    out = full(tmp_path, switch="url_file: /etc/alertmanager/secrets/switch-url")
    found = run(tools.amtool, "check-config", "alertmanager/alertmanager.yml", at=out)
    assert found.returncode == 0, found.stdout + found.stderr


def read_cases(out: Path) -> list[dict[str, Any]]:
    text = (out / "alertmanager/routes-tests.yml").read_text("utf-8")
    cases: list[dict[str, Any]] = yaml.load(text, Loader=yaml.CSafeLoader)
    assert cases
    return cases


def asked_of_amtool(case: dict[str, Any]) -> list[str]:
    return [f'{name}="{value}"' for name, value in case["labels"].items()]


def test_the_script_asks_what_the_list_says(generated: Path) -> None:
    """What holds another back is not for amtool: of those cases there are only routes to ask."""
    script = (generated / "alertmanager/test-routes.sh").read_text("utf-8")
    calls = [shlex.split(line) for line in script.splitlines() if line.startswith("check ")]
    assert calls == [
        ["check", case["name"], ",".join(case["receivers"]), *asked_of_amtool(case)]
        for case in read_cases(generated)
        if "firing" not in case
    ]


def test_each_alert_that_is_held_back_has_the_route_of_the_list(
    tools: ToolSet, generated: Path
) -> None:
    for case in read_cases(generated):
        if "firing" not in case:  # the script below asks for its route
            continue
        found = run(
            tools.amtool,
            "config",
            "routes",
            "test",
            "--config.file=alertmanager/alertmanager.yml",
            f"--verify.receivers={','.join(case['receivers'])}",
            *asked_of_amtool(case),
            at=generated,
        )
        assert found.returncode == 0, f"{case['name']}: {found.stdout}{found.stderr}"


def test_the_script_runs_them_all(tools: ToolSet, generated: Path) -> None:
    found = run("sh", "alertmanager/test-routes.sh", at=generated, AMTOOL=str(tools.amtool))
    assert (found.returncode, found.stderr) == (0, "")
    assert re.fullmatch(r"\d+ alerts go where they should\n", found.stdout)


def test_the_script_names_each_alert_that_goes_elsewhere(tools: ToolSet, out: Path) -> None:
    file = out / "alertmanager" / "alertmanager.yml"
    text = file.read_text(encoding="utf-8")
    # Without the last route, the team's own keeps what has no SLO from the router.
    assert text.count("\n  - receiver: guardia\nreceivers:\n") == 1
    file.write_text(
        text.replace("\n  - receiver: guardia\nreceivers:\n", "\nreceivers:\n"), "utf-8"
    )

    found = run("sh", "alertmanager/test-routes.sh", at=out, AMTOOL=str(tools.amtool))

    assert found.returncode == 1
    assert "DatabaseDown, casos, prod, critical, plataforma: expected team-log,guardia" in (
        found.stdout
    )
    assert "ErrorBudgetBurn" not in found.stdout


def test_the_script_says_once_what_does_not_load(tools: ToolSet, out: Path) -> None:
    file = out / "alertmanager" / "alertmanager.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}colour: blue\n", "utf-8")

    found = run("sh", "alertmanager/test-routes.sh", at=out, AMTOOL=str(tools.amtool))

    assert (found.returncode, found.stdout.count("colour")) == (1, 1)
    assert "no route was tried" in found.stdout


def test_the_script_says_when_there_is_no_amtool(out: Path) -> None:
    found = run("sh", "alertmanager/test-routes.sh", at=out, AMTOOL="/nowhere/amtool")
    assert found.returncode == 2
    assert "there is no /nowhere/amtool" in found.stderr


def test_amlint_finds_nothing(generated: Path) -> None:
    """Nothing at all, of any level, also when it knows the rules."""
    for rules in ((), ("--rules", "rules/*.yml")):
        found = amlint(
            "check", "--format", "json", *rules, "alertmanager/alertmanager.yml", at=generated
        )
        assert json.loads(found.stdout) == [], found.stdout + found.stderr
        assert found.returncode == 0


def test_amlint_would_find_what_is_wrong(out: Path) -> None:
    """Its silence above means something: one matcher less, and it speaks."""
    file = out / "alertmanager" / "alertmanager.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('alertname="DatabaseDown"', 'alertname="DatabaseGone"'), "utf-8")
    found = amlint("check", "--format", "json", "--rules", "rules/*.yml", str(file), at=out)
    assert {one["code"] for one in json.loads(found.stdout)} == {"inhibit-unknown-alertname"}


def test_amlint_passes_the_generated_tests_of_routes_and_of_inhibition(generated: Path) -> None:
    files = ("alertmanager/alertmanager.yml", "alertmanager/routes-tests.yml")
    found = amlint("test", "--format", "json", *files, at=generated)
    assert found.returncode == 0, found.stdout + found.stderr


def test_promtool_accepts_the_rules_about_the_router(tools: ToolSet, out: Path) -> None:
    lint = ("check", "rules", "--lint=all", "--lint-fatal")
    found = run(tools.promtool, *lint, "rules/guardia.yml", at=out)
    assert found.returncode == 0, found.stdout + found.stderr


OWN_SETTINGS: dict[str, str] = {}
OTHER_SETTINGS: tuple[dict[str, str], ...] = (
    {"  watchdog:\n": "  router_targets: 'up{job=~\"router-[a-z]+\"}'\n  watchdog:\n"},
    {"  watchdog:\n": '  router_targets: probe_success{target="guardia"}\n  watchdog:\n'},
    {"fast: 30s": "fast: 2m30s"},
    {"scrape_interval: 15s": "scrape_interval: 5s", "fast: 30s": "fast: 5s"},
    {"group_interval: 1m": "group_interval: 5m"},
)


@pytest.mark.parametrize(
    ("tools", "changes"),
    newest_and([OWN_SETTINGS, *OTHER_SETTINGS], oldest=[OWN_SETTINGS]),
    indirect=["tools"],
)
def test_the_rules_about_the_router_pass_their_tests(
    tools: ToolSet, tmp_path: Path, changes: dict[str, str]
) -> None:
    folder = copy_full_catalog(tmp_path)
    file = folder / "catalog.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    write_files(generate(read_whole(folder), FOLDERS), tmp_path)

    found = run(tools.promtool, "test", "rules", "promtool-tests/guardia.yml", at=tmp_path)

    assert found.returncode == 0, found.stdout + found.stderr
    assert "WARNING" not in found.stdout + found.stderr


BROKEN = {
    "the Watchdog stops": ("vector(1)", "vector(1) > 1"),
    "a router that is gone is not noticed": (
        'absent(up{job="guardia-router"} == 1)',
        'sum(up{job="guardia-router"}) == 0',
    ),
    "a router that is down is not noticed": (
        'absent(up{job="guardia-router"} == 1)',
        'absent(up{job="guardia-router"})',
    ),
    "it does not wait": ("    for: 2m\n", ""),
    "failures are forgotten": ("[5m]", "[30s]"),
    "other channels count": ('integration="webhook",', ""),
    "other webhooks count": (',receiver_name=~"(guardia)?"', ""),
    "milder alerts are repeated": (',severity="critical",bypass', ",bypass"),
    "the repetition is repeated": (',bypass!="true"', ""),
    "the repetition loses the alert's name": ('"$1"', '""'),
    "failures repeat nothing": ("RouterDown|RouterNotificationsFailing|", "RouterDown|"),
    "a router that is late repeats nothing": ("|RouterOverdue", ""),
    "what is a minute late is too late": ("}) > 60\n    for: 1m", "}) >= 60\n    for: 1m"),
    "a queue may be late for long": ("}) > 60\n    for: 1m", "}) > 61\n    for: 1m"),
    "pages are a queue like any other": ('queue!="pages"', 'queue!=""'),
    "a page may wait for long": ("> 120", "> 121"),
    "one replica that cannot write wakes people": ("max(guardia_store", "min(guardia_store"),
    "one worker that turns hides none": (
        "max(guardia_worker_turn",
        "min(guardia_worker_turn",
    ),
    "one failed step is enough": ("    for: 5m\n", ""),
    "retries are refusals": ("credentials|address", "rate_limited|credentials|address"),
    "one replica that refuses the catalog is not seen": ("min(guardia_catalog", "max(guardia_cat"),
    "a template is forgotten soon": ("[1h]", "[5m]"),
    "a refused catalog calls people": (
        "    for: 10m\n    labels:\n      severity",
        "    for: 10m\n    labels:\n      bypass: 'true'\n      severity",
    ),
    "it repeats all the time": ("and on ()", "or on ()"),
    "it goes to the router": ("bypass: 'true'", "bypass: 'no'"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_tests_notice_a_broken_rule_about_the_router(what: str, out: Path) -> None:
    tools = require_tool_set("current")
    old, new = BROKEN[what]
    file = out / "rules" / "guardia.yml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    found = run(tools.promtool, "test", "rules", "promtool-tests/guardia.yml", at=out)
    assert found.returncode != 0, found.stdout

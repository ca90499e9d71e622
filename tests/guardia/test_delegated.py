"""What the commands say of a route that leaves the escalation to PagerDuty."""

from pathlib import Path

import pytest

from guardia.cli.catalog import load_catalog
from guardia.cli.main import main
from tests.catalogs import copy_catalog

ONCALL = "oncall/plataforma.yaml"
WAKES = "    policy: plataforma\n"
LEAVES = "    escalated_by: {pagerduty: plataforma}\n"
ROUTES = "routes:\n"
OF_A_TEAM = f"""routes:
  - name: database
    match: ['team="plataforma"', 'severity="critical"', 'environment="prod"']
{LEAVES}"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a catalog with one such route before the one that has a policy."""
    return copy_catalog(tmp_path / "new", changes={ONCALL: (ROUTES, OF_A_TEAM)})


def printed(capsys: pytest.CaptureFixture[str], *arguments: str | Path, code: int) -> str:
    capsys.readouterr()
    assert main([str(one) for one in arguments]) == code
    return capsys.readouterr().out


def test_critical_alerts_that_pagerduty_escalates_do_wake_people(tmp_path: Path) -> None:
    left = copy_catalog(tmp_path, changes={ONCALL: (WAKES, LEAVES)})

    assert load_catalog(left).problems == ()


def test_the_check_of_the_weeks_to_come_has_nothing_against_it(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GUARDIA_SECRETS_DIR", raising=False)
    check = ("oncall", "check", "--weeks", "1", "--catalog", folder)

    assert printed(capsys, *check, code=0) == (
        "no findings in 1 week: 3 people, 2 schedules, 1 policy, 1 service of PagerDuty;"
        " secrets were not looked at (--secrets DIR)\n"
    )


def test_a_secret_that_is_missing_is_named_by_its_service(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"pagerduty-platform-{number}").write_text("key")
    check = ("oncall", "check", "--weeks", "1", "--catalog", folder, "--secrets", tmp_path)

    found = printed(capsys, *check, code=1)

    assert found.startswith("PagerDuty service plataforma: cannot be paged by pagerduty plataforma")
    assert "1 finding in 1 week" in found
    (tmp_path / "pagerduty-plataforma").write_text("key")
    assert "no findings" in printed(capsys, *check, code=0)


def test_the_calendar_knows_no_such_person(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calendar = ("oncall", "calendar", "--person", "pagerduty:plataforma", "--catalog", folder)

    assert main([str(one) for one in calendar]) == 2
    error = capsys.readouterr().err
    assert "there is no person 'pagerduty:plataforma'" in error
    assert "pagerduty:plataforma" not in error.partition("the catalog declares")[2]


def test_a_difference_says_who_escalates_and_which_alerts_go_there(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = printed(capsys, "diff", copy_catalog(tmp_path / "old"), folder, code=1)

    assert "escalated by PagerDuty service plataforma" in found
    assert "prod: PagerDuty service plataforma" in found
    assert "pagerduty:plataforma" not in found

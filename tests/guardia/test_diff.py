"""`guardia diff`: folders and Git revisions, what changes in words, and what it exits with."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from guardia.cli.main import main
from tests.catalogs import copy_catalog

ONCALL = "oncall/plataforma.yaml"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return copy_catalog(tmp_path / "old")


def changed(tmp_path: Path, changes: dict[str, tuple[str, str]]) -> Path:
    return copy_catalog(tmp_path / "new", changes=changes)


def diff(capsys: pytest.CaptureFixture[str], *arguments: str | Path, code: int) -> str:
    capsys.readouterr()
    assert main(["diff", *(str(one) for one in arguments)]) == code
    found = capsys.readouterr()
    return found.out + found.err


def test_the_same_catalog_twice_is_no_difference(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diff(capsys, old, changed(tmp_path, {}), code=0) == "no difference\n"


def test_comments_and_order_are_no_difference_and_that_is_said(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = changed(
        tmp_path,
        {
            "services/casos.yaml": (
                "service: casos\nteam: plataforma\n",
                "team: plataforma # who owns it\nservice: casos\n",
            )
        },
    )
    assert diff(capsys, old, new, code=0) == (
        "no difference in meaning: only comments, layout or order differ in services/casos.yaml\n"
    )


def test_a_sentence_is_a_change_of_texts_alone(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = changed(tmp_path, {"services/casos.yaml": ("open, follow", "open, read")})
    (new / "runbooks" / "service-down.md").write_text("# Otro\n", encoding="utf-8")
    found = diff(capsys, old, new, code=1)
    assert "~ description" in found
    assert "~ service-down: 21 lines → 1 line" in found
    assert "nothing alerts otherwise, and nobody else is told" in found


def test_an_alert_that_becomes_critical_says_who_gets_it_now(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = changed(tmp_path, {"services/derivacion.yaml": ("severity: high", "severity: critical")})
    found = json.loads(diff(capsys, old, new, "--format", "json", code=1))
    changes = {(one["subject"], one["what"]): one for one in found["changes"]}
    assert changes["derivacion: CaseAssignmentStalled", "severity"]["after"] == "critical"
    way = changes["alerts", "derivacion CaseAssignmentStalled"]
    assert way["before"].startswith("prod: email")  # elsewhere it goes where it went
    assert "policy plataforma (primary, then secondary" in way["after"]
    paged = changes["who can be paged", "platform-1"]
    assert (paged["before"], paged["after"]) == ("5 alerts", "6 alerts")
    assert paged["effect"] == "new: derivacion CaseAssignmentStalled in prod"
    assert found["edited"] == ["services/derivacion.yaml"]


def test_a_person_who_leaves_is_paged_for_nothing(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = changed(
        tmp_path,
        {
            ONCALL: (
                "      people: [platform-1, platform-2, platform-3]\n\n",
                "      people: [platform-1, platform-2]\n\n",
            )
        },
    )
    file = new / ONCALL
    text = file.read_text(encoding="utf-8")
    text = text.replace("[platform-1, platform-2, platform-3]", "[platform-1, platform-2]")
    text = text.replace("[platform-2, platform-3, platform-1]", "[platform-2, platform-1]")
    file.write_text(text, encoding="utf-8")
    found = json.loads(diff(capsys, old, new, "--format", "json", code=1))
    changes = {(one["subject"], one["what"]): one for one in found["changes"]}
    assert changes["schedules", "primary"]["effect"] == "used by policy plataforma"
    assert changes["policies", "plataforma"]["after"].endswith("platform-1 and platform-2")
    lost = changes["who can be paged", "platform-3"]
    assert (lost["before"], lost["after"]) == ("5 alerts", "0 alerts")
    assert lost["effect"].startswith("no longer: ")
    assert ("who can be paged", "platform-1") not in changes


def test_the_order_of_routes_decides(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    high = """  - name: high
    match: ['severity="high"']
    channels: [email: operaciones@conecta360.example, slack: "#operaciones"]
"""
    first = "routes:\n"
    new = changed(tmp_path, {ONCALL: (high, "")})
    file = new / ONCALL
    text = file.read_text(encoding="utf-8").replace(first, first + high)
    file.write_text(text, encoding="utf-8")
    found = diff(capsys, old, new, code=1)
    assert "~ order" in found
    # In dev the alert now goes to people, where it went to the channel that informs.
    assert "before  dev, qa, staging: slack #operaciones-info" in found


def test_a_side_with_problems_shows_them_and_compares_nothing(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = changed(tmp_path, {"services/casos.yaml": ("objective: 99.9%", "objective: 100%")})
    found = diff(capsys, old, new, code=2)
    assert "error[objective-range]" in found
    assert "change" not in found.split("\n")[-2]


def test_markdown_is_a_table(old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = changed(tmp_path, {"services/casos.yaml": ('code=~"5.."', 'code=~"5..|429"')})
    found = diff(capsys, old, new, "--format", "markdown", code=1)
    assert r'code=~"5..\|429"' in found
    assert "| what | before | after | so |" in found


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two commits: the second asks for less."""
    folder = tmp_path / "repository"
    catalog = copy_catalog(folder)
    for name in [one for one in os.environ if one.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Engineer")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "engineer@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.chdir(folder)
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    file = catalog / "services" / "casos.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("99.9%", "99.5%"), encoding="utf-8")
    git("commit", "--quiet", "--all", "--message", "second")
    return folder


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True, timeout=30)


def test_revisions_are_read_without_touching_the_working_tree(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "catalog" / "catalog.yaml").write_text("broken: [", encoding="utf-8")
    found = diff(capsys, "HEAD~1", "HEAD", code=1)
    assert "~ objective: 99.9% over 30d → 99.5% over 30d" in found
    assert (repository / "catalog" / "catalog.yaml").read_text(encoding="utf-8") == "broken: ["


def test_a_revision_compares_with_a_folder(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no difference" in diff(capsys, "HEAD", repository / "catalog", code=0)
    assert "99.5%" in diff(capsys, "HEAD~1", "catalog", code=1)


def test_a_catalog_elsewhere_in_the_repository_is_named(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git("mv", "catalog", "alerts")
    git("commit", "--quiet", "--message", "third")
    assert "has no folder catalog" in diff(capsys, "HEAD", "HEAD", code=2)
    arguments = ("HEAD", "HEAD", "--catalog", "alerts")
    assert "no difference" in diff(capsys, *arguments, code=0)
    monkeypatch.chdir(repository / "alerts")  # paths are those of the present folder
    assert "no difference" in diff(capsys, "HEAD", "HEAD", "--catalog", ".", code=0)


def test_problems_of_a_revision_are_shown_where_they_are_in_it(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = repository / "catalog" / "services" / "casos.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("99.5%", "100%"), encoding="utf-8")
    git("commit", "--quiet", "--all", "--message", "third")
    found = diff(capsys, "HEAD~1", "HEAD", code=2)
    assert found.startswith("HEAD:catalog/services/casos.yaml:")
    assert "guardia-diff-" not in found


@pytest.mark.parametrize("name", ["nowhere", "HEAD~99", "HEAD:catalog", "a..b", "HEAD --output=x"])
def test_what_is_neither_folder_nor_revision_is_usage(
    repository: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    found = diff(capsys, name, "HEAD", code=2)
    assert "neither a folder nor a Git revision" in found
    assert not (repository / "x").exists()


def test_a_link_inside_the_catalog_is_followed(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runbooks = repository / "catalog" / "runbooks"
    (runbooks / "service-down.md").rename(runbooks / "outage.md")
    (runbooks / "service-down.md").symlink_to("outage.md")
    git("add", ".")
    git("commit", "--quiet", "--message", "third")
    assert "+ outage" in diff(capsys, "HEAD~1", "HEAD", code=1)


def test_what_is_kept_out_of_archives_is_compared(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / ".gitattributes").write_text("catalog export-ignore\n", encoding="utf-8")
    git("add", ".")
    git("commit", "--quiet", "--message", "third")
    assert "no difference" in diff(capsys, "HEAD", "catalog", code=0)


def test_links_to_the_rest_of_the_repository_are_followed(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = repository / "catalog"
    (repository / "docs").mkdir()
    (catalog / "runbooks").rename(repository / "docs" / "runbooks")
    (catalog / "runbooks").symlink_to("../docs/runbooks")
    (repository / "teams").mkdir()
    (catalog / "services" / "casos.yaml").rename(repository / "teams" / "casos.yaml")
    (catalog / "services" / "casos.yaml").symlink_to("../../teams/casos.yaml")
    (repository / "alerts").symlink_to("catalog")
    git("add", ".")
    git("commit", "--quiet", "--message", "third")
    assert main(["check", "catalog"]) == 0
    assert "no difference" in diff(capsys, "HEAD~1", "HEAD", code=0)
    assert "no difference" in diff(capsys, "HEAD", "HEAD", "--catalog", "alerts", code=0)


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("../../../x.yaml", "catalog/services/x.yaml links to something outside the repository"),
        ("/etc/hostname", "catalog/services/x.yaml links to something outside the repository"),
        ("x.yaml", "catalog/services/x.yaml links to itself"),
        ("gone.yaml", "catalog/services/x.yaml links to gone.yaml, which this revision does not"),
        ("..", "catalog/services/x.yaml links to a folder that it is in"),
    ],
)
def test_a_link_that_leads_to_no_file_of_the_revision_is_a_sentence(
    repository: Path, capsys: pytest.CaptureFixture[str], target: str, sentence: str
) -> None:
    (repository / "catalog" / "services" / "x.yaml").symlink_to(target)
    git("add", ".")
    git("commit", "--quiet", "--message", "third")
    found = diff(capsys, "HEAD", "HEAD", code=2)
    assert found.startswith(f"guardia: in HEAD, {sentence}")

"""Files of a catalog that cannot be had, or were never meant for it."""

import os
from pathlib import Path
from typing import Any

import pytest

from guardia.catalog_file import YAML_ENDINGS, is_missing, list_folder, read_text
from guardia.catalog_folder import read_catalog_folder
from guardia.cli.main import main
from tests.catalogs import copy_catalog


@pytest.fixture
def out_of_sight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog that this user may not look into; for root nothing is, so the system says so."""
    folder = copy_catalog(tmp_path)

    def refuse(call: str) -> None:
        real = getattr(os, call)

        def ask(path: Any, *arguments: Any, **options: Any) -> Any:
            if Path(path).is_relative_to(folder) and Path(path) != folder:
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, *arguments, **options)

        monkeypatch.setattr(os, call, ask)

    for call in ("lstat", "stat", "open", "scandir"):
        refuse(call)
    return folder


def test_what_is_out_of_sight_is_not_called_missing(out_of_sight: Path) -> None:
    folder, problems = read_catalog_folder(out_of_sight)
    assert {problem.code for problem in problems} == {"file-unreadable"}
    assert {problem.message for problem in problems} == {"cannot read this: Permission denied"}
    assert {"catalog", "service", "oncall"} <= folder.broken


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_without_permissions_is_not_called_missing(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    folder.chmod(0)
    try:
        assert not is_missing(folder / "catalog.yaml")
        _, problems = read_catalog_folder(folder)
    finally:
        folder.chmod(0o700)
    assert {problem.code for problem in problems} == {"file-unreadable"}


def test_a_link_to_nothing_says_where_it_leads(tmp_path: Path) -> None:
    link = tmp_path / "a.yaml"
    link.symlink_to("gone.yaml")
    _, problem = read_text(link, longest=100)
    assert problem is not None
    assert problem.message == "cannot read this: it links to gone.yaml, which is not there"
    assert problem.fix == "let it link to a file that is there, or remove the link"


def test_a_folder_that_links_to_nothing_is_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "services").symlink_to("gone")
    paths, (problem,), is_complete = list_folder(tmp_path / "services", YAML_ENDINGS)
    assert (paths, is_complete) == ([], False)
    assert "it links to gone" in problem.message


def test_what_editors_leave_behind_is_passed_over(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    services = folder / "services"
    for name in ("casos.yaml~", "casos.yaml.swp", ".casos.yaml.swo", "#casos.yaml#"):
        (services / name).write_text("x", encoding="utf-8")
    (services / ".#casos.yaml").symlink_to("engineer@host.1:2")
    (folder / "runbooks" / "service-down.md~").write_text("x", encoding="utf-8")
    assert main(["check", str(folder)]) == 0


@pytest.mark.parametrize("name", ["casos.yaml.orig", "casos.yaml.bak", "casos.json", "~casos"])
def test_what_may_be_meant_for_the_catalog_is_not(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x", encoding="utf-8")
    _, (problem,), _ = list_folder(tmp_path, YAML_ENDINGS)
    assert problem.code == "file-unexpected"

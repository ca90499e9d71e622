"""Labels of a catalog's own that cannot be: which names the advice gives, and how often."""

from pathlib import Path

import pytest

from guardia.cli.catalog import load_catalog
from guardia.problem import Problem
from tests.catalogs import copy_catalog

SERVICE = "services/casos.yaml"


def problems_of(
    tmp_path: Path, labels: str, change: tuple[str, str] = ("", "")
) -> tuple[Problem, ...]:
    first = "team: plataforma\n"
    folder = copy_catalog(tmp_path, changes={SERVICE: change} if change[0] else None)
    file = folder / SERVICE
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(first, f"{first}labels: {labels}\n", 1), encoding="utf-8")
    return load_catalog(folder).problems


@pytest.mark.parametrize("name", ["environment", "severity"])
def test_the_advice_names_the_label_that_is_refused(tmp_path: Path, name: str) -> None:
    (problem,) = problems_of(tmp_path, f"{{{name}: x}}")
    assert problem.code == "label-reserved"
    assert name in problem.fix.split(": ")[1].split(", ")


def test_a_label_of_a_service_is_refused_once_and_not_again_for_each_slo(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "{environment: prod}")
    assert problem.message == "the label `environment` already has a meaning"


def test_names_that_begin_with_two_underscores_are_explained(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "{__name__: x}")
    assert problem.fix.endswith("and any that begins with __")


def test_an_inherited_label_that_an_slo_keeps_apart_is_refused_there(tmp_path: Path) -> None:
    kept = "    objective: 99.9%\n    by: [route]\n"
    found = problems_of(tmp_path, "{route: x}", ("    objective: 99.9%\n", kept))
    assert [problem.message for problem in found] == [
        "the inherited label `route` already has a meaning"
    ]

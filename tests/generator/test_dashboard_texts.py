"""The words of the dashboards: in every language, with the same parts, and none for nothing."""

import json
import sys
from collections.abc import Iterator, Mapping
from string import Formatter

import pytest

from generator import two_processes
from generator.dashboards import texts as module
from generator.dashboards.render import render_dashboards
from generator.dashboards.texts import texts
from tests.dashboards import CATALOGS, boards, read_named

LANGUAGES = {"en", "es", "pt"}


class Noting(Mapping[str, Mapping[str, str]]):
    """All texts, and which of them were asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self._texts = texts()

    def __getitem__(self, name: str) -> Mapping[str, str]:
        self.asked.add(name)
        return self._texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@pytest.mark.parametrize("name", list(texts()))
def test_a_text_is_there_in_every_language_with_the_same_parts(name: str) -> None:
    found = texts()[name]
    assert set(found) == LANGUAGES
    assert all(text.strip() == text and text for text in found.values())
    parts = {
        language: sorted(part for _, part, _, _ in Formatter().parse(text) if part is not None)
        for language, text in found.items()
    }
    assert parts["es"] == parts["en"] == parts["pt"]


@pytest.mark.parametrize("name", [name for name in texts() if name.endswith("_why")])
def test_an_explanation_is_a_sentence(name: str) -> None:
    assert all(text.endswith(".") for text in texts()[name].values())


def test_every_text_is_shown_by_some_dashboard(monkeypatch: pytest.MonkeyPatch) -> None:
    noting = Noting()
    monkeypatch.setattr(module, "texts", lambda: noting)
    # What a second process asks for is not seen here.
    monkeypatch.setattr(two_processes, "FEWEST", sys.maxsize)
    for name in CATALOGS:
        render_dashboards(read_named(name))
    assert set(texts()) - noting.asked == set()


def test_a_dashboard_speaks_the_language_of_its_catalog() -> None:
    for catalog, language in (("full", "en"), ("external-environment", "es"), ("portuguese", "pt")):
        written = json.dumps(boards(catalog), ensure_ascii=False)
        for name in ("slo_overview", "budget_left_why", "router_load_why", "capacity"):
            assert texts()[name][language] in written
        others = LANGUAGES - {language}
        assert not any(texts()["router_load_why"][other] in written for other in others)

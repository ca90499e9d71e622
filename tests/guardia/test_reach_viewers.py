"""`guardia check` and `guardia oncall check`: whoever is woken may answer."""

from pathlib import Path

import pytest

from guardia.cli.catalog import load_catalog
from guardia.problem import render_text
from tests.catalogs import copy_catalog

ONCALL = "oncall/plataforma.yaml"
NAME = "    name: Platform engineer 3\n"
VIEWER = f"{NAME}    role: viewer\n"
TURNS = "people: [platform-1, platform-2, platform-3]\n      shift"


def written(folder: Path, *edits: tuple[str, str]) -> Path:
    copy = copy_catalog(folder, changes={ONCALL: (NAME, VIEWER)})
    file = copy / ONCALL
    text = file.read_text("utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    return copy


def test_each_place_that_wakes_a_viewer_is_marked_with_the_way_out(tmp_path: Path) -> None:
    loaded = load_catalog(written(tmp_path))

    assert [one.code for one in loaded.problems] == ["viewer-woken"] * 3
    lines = loaded.folder.oncall[0].text.splitlines()
    marked = [lines[one.span.line - 1] for one in loaded.problems]
    assert [line.split(":")[0].strip() for line in marked] == ["people"] * 3
    assert marked[0][loaded.problems[0].span.column - 1 :].startswith("platform-3")
    assert "write `role: responder` beside `platform-3`" in loaded.problems[0].fix


@pytest.mark.parametrize(
    "named",
    [
        ("[platform-2, platform-3, platform-1]", "[{person: platform-3, from: 2026-02-02}]"),
        (
            "      zone: Atlantic/Cape_Verde\n\npolicies:",
            "      zone: Atlantic/Cape_Verde\n    overrides:\n      - person: platform-3\n"
            "        from: 2026-12-24 18:00\n        until: 2026-12-26 09:00\n\npolicies:",
        ),
        ("      - schedules: [secondary]", "      - people: [platform-3]"),
        (
            "      people: [platform-1, platform-2, platform-3]\n\n#",
            "      people: [platform-3]\n\n#",
        ),
    ],
    ids=["a member with dates", "an override", "a step", "the last resort"],
)
def test_wherever_a_viewer_is_named_alone(tmp_path: Path, named: tuple[str, str]) -> None:
    everywhere = ("platform-2, platform-3", "platform-2, platform-1")
    old, new = (part.replace(*everywhere) for part in named)
    folder = written(tmp_path, everywhere, (old, new))

    (found,) = load_catalog(folder).problems

    assert found.code == "viewer-woken"
    assert found.message == "`platform-3` would be woken, and may not answer"


def test_a_viewer_whom_nobody_wakes_is_no_problem(tmp_path: Path) -> None:
    folder = written(tmp_path, ("platform-2, platform-3", "platform-2, platform-1"))
    assert load_catalog(folder).problems == ()


def test_it_may_be_allowed_with_a_reason(tmp_path: Path) -> None:
    reason = " # guardia: allow viewer-woken: answers by phone"
    places = ("people: [platform-1, platform-2, platform-3]", "people: [platform-2, platform-3]")
    listed = [(one, one + reason) for one in places if one in places[0]]
    folder = written(
        tmp_path,
        *listed,
        ("people: [platform-2, platform-3, platform-1]", f"people: [platform-2]{reason}"),
    )
    loaded = load_catalog(folder)
    assert {one.code for one in loaded.allowed} == {"viewer-woken"}


def test_the_page_shows_what_is_drawn(tmp_path: Path) -> None:
    loaded = load_catalog(written(tmp_path))
    page = (Path(__file__).parents[2] / "docs/problems/viewer-woken.md").read_text("utf-8")
    drawn = render_text(loaded.problems[:1], loaded.folder.sources)
    assert drawn.replace(f"{tmp_path}/", "").strip() in page, drawn

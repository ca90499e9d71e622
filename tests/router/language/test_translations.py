"""Every sentence of ours is told in every language."""

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from types import MappingProxyType

import pytest
from babel.messages.catalog import Catalog

from router.language import LANGUAGES, read_messages
from tools.messages import (
    ROOT,
    NoLiteral,
    Said,
    find_said,
    find_said_in,
    obsolete,
    render_entries,
    untranslated,
)

TRANSLATED = sorted(set(LANGUAGES) - {"en"})
HOW = "write them into router/language/locale/{language}.po (`python -m tools.messages` adds them)"


@cache
def said() -> Mapping[Said, list[str]]:
    """Return every sentence; the code is read when a test asks, and once."""
    return MappingProxyType(find_said())


def pairs(language: str) -> Iterable[tuple[str, str]]:
    """Yield each English text with its translation, the plurals too; not what lacks one."""
    for message in read_messages(language):
        if isinstance(message.id, str):
            told = [(message.id, str(message.string))]
        else:
            told = list(zip(message.id, message.string or (), strict=True))
        yield from (pair for pair in told if all(pair))


def names(text: str) -> set[str]:
    """Return the placeholders of a text; `{name!r}`, `{name.part}` and `{name:3}` are no names."""
    return {
        f"{name}{'!' + conversion if conversion else ''}{':' + width if width else ''}"
        for _, name, width, conversion in Formatter().parse(text)
        if name is not None
    }


def test_the_sentences_of_all_parts_are_found() -> None:
    found = {one.one for one in said()}

    assert "{by} wants the next step now." in found  # made in pure code, and kept
    assert "Labels they share" in found  # in a template of a message
    assert "Nothing is open." in found  # in a template of the page
    assert Said("{count} alert", "{count} alerts") in said()


@pytest.mark.parametrize("language", TRANSLATED)
def test_each_sentence_is_translated(language: str) -> None:
    lacking = untranslated(language, said())

    assert not lacking, f"{HOW.format(language=language)}:\n\n{render_entries(lacking)}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_translated_that_is_not_said(language: str) -> None:
    assert obsolete(language, said()) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_is_filled_by_the_same_values(language: str) -> None:
    known = known_names()

    wrong = [
        (english, told)
        for english, told in pairs(language)
        # The singular may say `another` where the plural counts.
        if names(told) - {"count"} != names(english) - {"count"} or not names(told) <= known
    ]

    assert wrong == []


def known_names() -> set[str]:
    return {name for one in said() for text in (one.one, one.many or "") for name in names(text)}


def test_placeholders_are_plain_names() -> None:
    """A format or an attribute would be read of whatever stands in its place."""
    assert [name for name in sorted(known_names()) if not name.isidentifier()] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_number_stands_in_the_plural(language: str) -> None:
    plurals = {one.many for one in said() if one.many is not None}

    without = [told for english, told in pairs(language) if english in plurals]
    assert [told for told in without if "count" not in names(told)] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_ends_as_the_english_does(language: str) -> None:
    """What follows a colon follows it in every language, and a sentence is one everywhere."""
    ends = (".", ":", "?")

    assert [
        (english, told)
        for english, told in pairs(language)
        if (english[-1] in ends or told[-1] in ends) and english[-1] != told[-1]
    ] == []


def test_languages_agree_about_how_many_numbers_there_are() -> None:
    for language in TRANSLATED:
        assert read_messages(language).num_plurals == Catalog().num_plurals == 2


def bare_sentences(path: Path) -> Iterable[str]:
    """Yield where an event, a reason or a refusal is given English text that nobody can tell."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", "")
        given = [one.value for one in call.keywords if one.arg in ("text", "because", "reason")]
        given += call.args if name.endswith("Refused") else []
        if name in ("Event", "Outlook", "Page", "Shift") or name.endswith("Refused"):
            bare = (one for one in given if isinstance(one, ast.JoinedStr | ast.Constant))
            yield from (f"{path}:{one.lineno}" for one in bare)


def test_what_people_are_told_is_never_english_alone() -> None:
    """A timeline, a reason and a refusal are kept as phrases, or the reader gets English."""
    parts = ("incident", "escalation", "oncall", "worker")
    files = [path for part in parts for path in (ROOT / "router" / part).glob("*.py")]

    assert len(files) > 40
    assert [where for path in files for where in bare_sentences(path)] == []


@pytest.mark.parametrize(
    "source", ['phrase(f"It is {x}.", x=1)', "phrase(text)", 'reader.counted("one", many, 2)']
)
def test_a_sentence_that_nobody_can_translate_is_refused(source: str, tmp_path: Path) -> None:
    path = tmp_path / "sentences.py"
    path.write_text(source, encoding="utf-8")

    with pytest.raises(NoLiteral) as refused:
        list(find_said_in(path))

    assert "sentences.py:1" in str(refused.value)

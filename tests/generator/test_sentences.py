"""The sentences of alerts: the same in every language, but for the words."""

import string

import pytest

from generator.rules.sentences import SENTENCES


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize("language", sorted(SENTENCES))
@pytest.mark.parametrize("name", sorted(SENTENCES["en"]))
def test_a_sentence_has_the_same_parts_in_every_language(language: str, name: str) -> None:
    english = SENTENCES["en"][name]  # type: ignore[index]  # the parameter is one of the keys
    other = SENTENCES[language].get(name)  # type: ignore[call-overload]
    assert other is not None
    assert placeholders(other) == placeholders(english)
    assert language == "en" or other != english


def test_no_language_has_sentences_of_its_own() -> None:
    assert {frozenset(sentences) for sentences in SENTENCES.values()} == {
        frozenset(SENTENCES["en"])
    }

"""A sentence keeps what it was made of, and what stands in it is never read as a template."""

import copy
import json
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.language import LANGUAGES, Reader
from router.phrase import (
    Argument,
    Phrase,
    counted_phrase,
    decode_phrase,
    encode_phrase,
    joined,
    listed,
    phrase,
)
from tests.router.making import NOON

ZONES = [ZoneInfo(name) for name in ("Atlantic/Cape_Verde", "Europe/Madrid", "UTC")]
READERS = [Reader(language=language, zone=zone) for language in LANGUAGES for zone in ZONES]
# What a label, a name or a comment may hold.
TEXTS = st.text(max_size=30) | st.sampled_from(
    ["{by}", "{0}", "{", "}}", "{by.__class__}", "{{by}}", "%(by)s", "{by!r:>9}", "Resolve", "\0"]
)
INSTANTS = st.builds(
    lambda seconds, zone: (NOON + timedelta(seconds=seconds)).astimezone(zone),
    st.integers(-(10**9), 10**9),
    st.just(UTC) | st.sampled_from(ZONES),
)
LENGTHS = st.timedeltas(timedelta(), timedelta(days=3000)).map(
    lambda length: timedelta(seconds=round(length.total_seconds()))
)
COUNTS = st.integers(0, 10**7)


def sentences(inner: st.SearchStrategy[Argument]) -> st.SearchStrategy[Phrase]:
    """Return sentences that have `inner` in them; of some the languages have translations."""
    return st.one_of(
        st.builds(lambda by: phrase("{by} resolved it by hand.", by=by), inner),
        st.builds(lambda by, at: phrase("{by} left at {at}", by=by, at=at), inner, INSTANTS),
        st.builds(
            lambda count, since: counted_phrase(
                "Firing since {since}; nobody has acknowledged it yet.",
                "{count} alerts fire since {since}; nobody has acknowledged it yet.",
                count,
                since=since,
            ),
            COUNTS,
            inner,
        ),
        st.lists(TEXTS | inner.map(str), max_size=4).map(lambda texts: joined(*texts)),
        st.lists(TEXTS, min_size=1, max_size=4).map(lambda texts: listed(*texts, by="; ")),
    )


PHRASES: st.SearchStrategy[Phrase] = sentences(
    st.recursive(TEXTS | COUNTS | INSTANTS | LENGTHS, sentences, max_leaves=6)
)


@given(made=PHRASES)
def test_a_sentence_is_the_same_after_it_was_kept(made: Phrase) -> None:
    kept = json.loads(json.dumps(encode_phrase(made)))

    found = decode_phrase(kept, "lost")

    assert found == made
    assert [reader.say(found) for reader in READERS] == [reader.say(made) for reader in READERS]


@given(made=PHRASES)
def test_a_copy_of_a_sentence_is_told_in_every_language_too(made: Phrase) -> None:
    copied = copy.deepcopy(made)

    assert copied == made
    assert [reader.say(copied) for reader in READERS] == [reader.say(made) for reader in READERS]


def test_text_that_is_no_sentence_is_kept_and_told_as_it_is() -> None:
    assert encode_phrase("Resolve {by}") is None
    assert decode_phrase(None, "Resolve {by}") == "Resolve {by}"
    assert [reader.say("Resolve") for reader in READERS] == ["Resolve"] * len(READERS)


@given(text=TEXTS, reader=st.sampled_from(READERS))
def test_what_others_wrote_is_never_read_as_a_template(text: str, reader: Reader) -> None:
    frame = reader.say(phrase("{by} resolved it by hand.", by="\x01"))

    assert reader.say(phrase("{by} resolved it by hand.", by=text)) == frame.replace("\x01", text)
    assert reader.text("{by} resolved it by hand.", by=text) == frame.replace("\x01", text)
    assert reader.say(joined(text)) == text
    assert reader.say(listed(text, text, by="; ")) == f"{text}; {text}"


def test_what_others_wrote_is_never_translated() -> None:
    """Though a label says `critical` and a comment `Resolve`, which are words of ours too."""
    spanish = Reader(language="es")

    assert spanish.text("{by} resolved it by hand.", by="critical").startswith("critical ")
    assert spanish.say(joined("Resolve", phrase("critical"))) == "Resolve crítica"


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["0 alerts", "1 alert", "2 alerts", "1000000 alerts"]),
        ("es", ["0 alertas", "1 alerta", "2 alertas", "1000000 alertas"]),
        ("pt", ["0 alertas", "1 alerta", "2 alertas", "1000000 alertas"]),
    ],
)
def test_numbers_have_the_form_of_their_language(language: str, told: list[str]) -> None:
    reader = Reader(language=language)

    assert [
        reader.counted("{count} alert", "{count} alerts", count) for count in (0, 1, 2, 10**6)
    ] == told


def test_a_sentence_within_a_sentence_is_told_in_the_same_language() -> None:
    step = phrase("Step {step} of policy {policy}", step=1, policy="plataforma")
    because = phrase("{step} names {person}.", step=step, person="Engineer ana")

    assert because == "Step 1 of policy plataforma names Engineer ana."
    assert Reader(language="es").say(because) == (
        "El paso 1 de la política plataforma nombra a Engineer ana."
    )
    assert Reader(language="pt").say(because) == (
        "O passo 1 da política plataforma indica Engineer ana."
    )


def test_the_kept_english_shows_an_instant_in_the_zone_that_it_was_given_in() -> None:
    in_zone = phrase("until {at}", at=NOON.astimezone(ZONES[0]))

    assert in_zone == "until Tue 2026-11-24 11:00 Atlantic/Cape_Verde"
    assert phrase("until {at}", at=NOON) == "until 2026-11-24 12:00 UTC"
    assert Reader(zone=ZONES[1]).say(in_zone) == "until 24 Nov 2026 13:00 CET"


AT = "2026-11-24T12:00:00+00:00"
UNREADABLE = {
    "a zone that is none here": [{"template": "{x}", "with": {"x": {"at": AT, "zone": "Mars/X"}}}],
    "no instant": [{"template": "{x}", "with": {"x": {"at": "noon"}}}],
    "no number of seconds": [{"template": "{x}", "with": {"x": {"seconds": "long"}}}],
    "too many seconds": [{"template": "{x}", "with": {"x": {"seconds": 1e300}}}],
    "no template": [{"with": {}}],
    "no arguments": [{"template": "x"}],
    "a lacking argument": [{"template": "{x}", "with": {}}],
    "half a placeholder": [{"template": "{", "with": {}}],
    "a template that is no text": [{"template": 7, "with": {}}],
    "arguments without names": [{"template": "x", "with": ["x"]}],
    "a part that is text": ["x"],
    "one within it": [{"template": "{x}", "with": {"x": {"phrase": [{"template": "{y}"}]}}}],
    "nothing within it": [{"template": "{x}", "with": {"x": {"phrase": None}}}],
    "no list": {"template": "x", "with": {}},
    "an empty object": {},
    "text": "x",
    "a number": 7,
}


@pytest.mark.parametrize("stored", UNREADABLE.values(), ids=UNREADABLE)
def test_a_kept_sentence_that_cannot_be_read_is_told_by_its_text(stored: Any) -> None:
    assert decode_phrase(stored, "what stands beside it") == "what stands beside it"

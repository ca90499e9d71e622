"""A damaged translation costs its language, never a page: the English text is told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import router.language
from router.language import Reader
from router.phrase import counted_phrase, phrase
from router.setup import check_languages
from tests.router.making import NOON
from tests.router.road import Fakes, HandClock
from tests.router.web.page.visit import Page, open_site

SPANISH = Reader(language="es")
WHOLE = (router.language.LOCALE / "es.po").read_text(encoding="utf-8")
# The sentence that says to whom it wakes why.
BECAUSE = '"({because})."\nmsgstr ""\n"'
COUNTED = """
msgid ""
msgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "{count} alert"
msgid_plural "{count} alerts"
msgstr[0] "{number} alerta"
msgstr[1] "{"
"""
DAMAGES = {
    "an argument that is none": WHOLE.replace(BECAUSE, BECAUSE + "{nombre} "),
    "an argument by number": WHOLE.replace(BECAUSE, BECAUSE + "{0} "),
    "half a placeholder": WHOLE.replace(BECAUSE, BECAUSE + "{"),
    "an attribute": WHOLE.replace(BECAUSE, BECAUSE + "{step.paso} "),
    "an unknown form": WHOLE.replace(BECAUSE, BECAUSE + "{step!q} "),
    "no catalog": 'msgid "\nmsgstr',
    "empty": "",
    "another coding": WHOLE.encode("utf-16"),
    "no file": None,
}


@pytest.fixture(params=list(DAMAGES.values()), ids=list(DAMAGES))
def damaged(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    yield from write_spanish(request.param, tmp_path, monkeypatch)


def write_spanish(
    text: str | bytes | None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Have this as the Spanish translations while a test runs."""
    assert text != WHOLE
    if text is not None:
        raw = text if isinstance(text, bytes) else text.encode()
        (folder / "es.po").write_bytes(raw)
    monkeypatch.setattr(router.language, "LOCALE", folder)
    router.language._messages.cache_clear()
    yield
    router.language._messages.cache_clear()


@pytest.mark.usefixtures("damaged")
async def test_a_damaged_translation_stops_neither_paging_nor_pages(
    secrets_dir: Path, fakes: Fakes, clock: HandClock
) -> None:
    async with open_site(secrets_dir, fakes, clock, language="es") as site:
        number = await site.raise_alert()

        (page,) = site.road.fakes.pagerduty.pages
        event = json.loads(site.road.fakes.pagerduty.calls[0].body)
        assert page.person == "ana"
        assert (
            " pages schedule primary: Engineer ana has the shift"
            in event["payload"]["custom_details"]["why you"]
        )
        visitor = await site.come()
        for path in ("/incidents", f"/incidents/{number}", "/oncall", "/history", "/me"):
            answer = await visitor.get(path)
            assert answer.status_code == 200
        shown = Page(await visitor.get(f"/incidents/{number}")).text
        assert " pages schedule primary: Engineer ana has the shift" in shown


def test_a_plural_that_cannot_be_filled_is_english_in_its_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in write_spanish(COUNTED, tmp_path, monkeypatch):
        told = [SPANISH.counted("{count} alert", "{count} alerts", number) for number in (1, 2)]
        said = SPANISH.say(counted_phrase("{count} alert", "{count} alerts", 2))

    assert told == ["1 alert", "2 alerts"]
    assert said == "2 alerts"


@pytest.mark.usefixtures("damaged")
def test_what_is_damaged_is_said_at_the_start_with_its_file_and_why(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    reason = {
        "an argument that is none": "names {nombre}; English",
        "an argument by number": "names {0}; English",
        "half a placeholder": "cannot be filled: Single '}' encountered",
        "an attribute": "names {step.paso}; English",
        "an unknown form": "names {step!q}; English",
        "no catalog": "translates nothing",
        "empty": "translates nothing",
        "another coding": "cannot be used: ",
        "no file": "cannot be used: FileNotFoundError: ",
    }[request.node.callspec.id]

    told = check_languages()

    (spanish,) = (one for one in told if str(tmp_path / "es.po") in one)
    assert reason in spanish
    assert spanish.endswith("; English is told instead")


def test_of_whole_translations_nothing_is_said() -> None:
    assert check_languages() == ()


def test_a_damaged_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in write_spanish(None, tmp_path, monkeypatch):
        first = SPANISH.say(phrase("until {at}", at=NOON))
        (tmp_path / "es.po").write_text(WHOLE, encoding="utf-8")
        second = SPANISH.say(phrase("{step} names {person}.", step="A", person="b"))

    assert first.startswith("until ")
    assert second == "A names b."

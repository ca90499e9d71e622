"""The words of the dashboards, in the languages a catalog may choose."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from generator.catalog.model import Organisation


def text(organisation: Organisation, name: str, **parts: str) -> str:
    """Return a text in the organisation's language with its parts put in.

    Raises KeyError for a name or a part that does not exist.
    """
    return texts()[name][organisation.language].format(**parts)


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Return every text by name and language; each is a `str.format` text."""
    path = Path(__file__).with_name("texts.json")
    found: Mapping[str, Mapping[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return found

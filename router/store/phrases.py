"""Sentences in rows: a phrase where one can be read, else the English text beside it."""

import logging
from functools import lru_cache
from typing import Any

from router.phrase import Phrase, decode_phrase

logger = logging.getLogger(__name__)


def read_phrase(stored: list[dict[str, Any]] | None, text: str) -> str:
    """Return the sentence of a row; one that has only its text is told in English to everybody."""
    found = decode_phrase(stored, text)
    if stored is not None and not isinstance(found, Phrase):
        _tell(text)
    return found


@lru_cache(maxsize=1000)  # once for each, though the worker reads it at every turn
def _tell(text: str) -> None:
    logger.error("a kept sentence cannot be told in other languages, English stands: %s", text)

"""A YAML file of several documents to documents, each with its place in the whole file."""

import re
from typing import Any

import yaml

from guardia.document import Document, read_document
from guardia.problem import Problem, Span

MAX_CHARACTERS = 2_000_000
MAX_DOCUMENTS = 1_000
MAX_DEPTH = 100
_LINE_END = re.compile(r"\r\n|\r|\n")


def read_stream(path: str, text: str) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    """Read every document of a file, as `guardia.document.read_document` reads one.

    Returns the documents that could be read and the problems of the others.
    Empty documents, such as a comment between two `---`, are left out. Behind
    broken YAML nothing more can be read.
    """
    if len(text) > MAX_CHARACTERS:
        return (), (_too_much(path, 1, f"the file is longer than {MAX_CHARACTERS:,} characters"),)
    starts, problems = _find_documents(path, text)
    if len(starts) > MAX_DOCUMENTS:
        return (), (_too_much(path, 1, f"the file holds more than {MAX_DOCUMENTS:,} documents"),)
    documents = []
    for start, end in starts:
        document, found = read_document(path, _alone(text, start, end))
        problems += found
        if document is not None:
            documents.append(document)
    return tuple(documents), tuple(problems)


def _find_documents(path: str, text: str) -> tuple[list[tuple[int, int]], list[Problem]]:
    """Return the extent of the content of each document that is not empty."""
    extents: list[tuple[int, int]] = []
    start = depth = 0
    events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    try:
        for event in events:
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                reason = f"values stand inside each other more than {MAX_DEPTH} deep"
                return [], [_too_much(path, _line(text, _index(event.start_mark)), reason)]
            if isinstance(event, yaml.DocumentStartEvent):
                start = _index(event.end_mark)
            elif isinstance(event, yaml.DocumentEndEvent):
                extents += _content(text, start, _index(event.start_mark))
    except yaml.YAMLError:
        # Read alone, it says what is wrong with it, and where.
        extents += _content(text, start, len(text))
    return extents, []


def _index(mark: Any) -> int:
    return int(mark.index)  # every event that the parser makes has marks


def _line(text: str, index: int) -> int:
    return len(_LINE_END.findall(text[:index])) + 1


def _content(text: str, start: int, end: int) -> list[tuple[int, int]]:
    is_empty = not re.sub(r"#[^\n]*|---|\.\.\.", "", text[start:end]).strip()
    return [] if is_empty else [(start, end)]


def _alone(text: str, start: int, end: int) -> str:
    """Return one document's text, moved to where it stands in the file by empty lines."""
    before = text[:start]
    column = start - max(before.rfind("\n"), before.rfind("\r")) - 1
    return "\n" * (_line(text, start) - 1) + " " * column + text[start:end]


def _too_much(path: str, line: int, reason: str) -> Problem:
    return Problem(
        code="yaml-syntax",
        message=reason,
        span=Span(path=path, line=line, column=1, end_column=2),
        label="reading stopped here",
        why="no specification that a person wrote is like this",
        fix="split the file, and import the parts",
    )

"""YAML text to plain values, each of which knows its file, line and column."""

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from guardia.problem import Problem, Span

Pointer = tuple[str | int, ...]  # the way from the top of a document to a value
_COLLECTION_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_LONGEST_NUMBER = 19  # characters; what is longer is no number that anybody means
MAX_VALUES = 200_000  # aliases can multiply: a small file must not fill the memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One declared file: its value and where each part of it stands.

    `value` is made of dict, list, str, int, float, bool and None only.
    """

    path: str
    text: str
    value: Any
    spans: Mapping[Pointer, Span] = field(repr=False)
    key_spans: Mapping[Pointer, Span] = field(repr=False)

    def span(self, pointer: Pointer) -> Span:
        """Return where the value at `pointer` stands, or the nearest value around it."""
        while pointer not in self.spans:
            pointer = pointer[:-1]
        return self.spans[pointer]

    def key_span(self, pointer: Pointer) -> Span:
        """Return where the key that leads to `pointer` stands; list items have only a value."""
        return self.key_spans.get(pointer) or self.span(pointer)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML without the YAML 1.1 readings that surprise: only what YAML 1.2's core schema reads.

    So `yes`, `on`, `12:30` and dates stay text, and `010` is ten.
    Source: YAML 1.2.2, chapter 10.3.2 "Tag Resolution".
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


_CORE_SCHEMA = {
    "null": (r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
}
for _name, (_pattern, _first) in _CORE_SCHEMA.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), _first
    )


def read_document(path: str, text: str) -> tuple[Document | None, tuple[Problem, ...]]:
    """Read one YAML document.

    Returns the document, or None with the problems that stopped it: broken
    YAML, a key given twice, a key that is not text, an unknown tag, a second
    document in the file. All duplicate keys of a file are reported at once.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        return None, (_syntax_problem(path, text, error),)
    finally:
        loader.dispose()
    if node is None:
        return None, (_empty_problem(path),)
    walk = _Walk(path, text)
    value = walk.value(node, ())
    if walk.problems:
        return None, tuple(walk.problems)
    document = Document(
        path=path, text=text, value=value, spans=walk.spans, key_spans=walk.key_spans
    )
    return document, ()


class _Walk:
    """One pass over PyYAML's nodes: values, positions and problems; then the nodes are dropped."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self._lines = _Lines(text)
        self.spans: dict[Pointer, Span] = {}
        self.key_spans: dict[Pointer, Span] = {}
        self.problems: list[Problem] = []
        self._open: set[int] = set()

    def value(self, node: yaml.Node, pointer: Pointer) -> Any:
        """Return the plain value of a node and note where it stands."""
        self.spans[pointer] = self._span(node)
        if len(self.spans) > MAX_VALUES or id(node) in self._open:
            return self._refuse_alias(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node.tag not in _COLLECTION_TAGS:
            self.problems.append(_tag_problem(node.tag, self.spans[pointer]))
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                items = enumerate(node.value)
                return [self.value(item, (*pointer, index)) for index, item in items]
            return self._mapping(node, pointer)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.Node, pointer: Pointer) -> dict[str, Any]:
        result: dict[str, Any] = {}
        first: dict[str, Span] = {}
        for key_node, value_node in node.value:
            key_span = self._span(key_node)
            key = self._scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                self.problems.append(_key_problem(key_span, key_node))
                continue
            if key in result:
                self.problems.append(_duplicate_problem(key, key_span, first[key]))
                continue
            first[key] = key_span
            self.key_spans[(*pointer, key)] = key_span
            result[key] = self.value(value_node, (*pointer, key))
        return result

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        tag = node.tag.removeprefix("tag:yaml.org,2002:")
        try:
            match tag:
                case "str":
                    return text
                case "null":
                    return None
                case "bool":
                    return text.lower() == "true"
                case "int" if len(text) <= _LONGEST_NUMBER:
                    prefixed = text.lower().startswith(("0o", "0x"))
                    return int(text, 0) if prefixed else int(text)
                case "float":
                    return float(re.sub(r"\.(inf|nan)", r"\1", text.lower()))
        except ValueError:  # such as `!!int abc`
            pass
        self.problems.append(_tag_problem(node.tag, self._span(node)))
        return None

    def _span(self, node: yaml.Node) -> Span:
        line, column = self._lines.place(node.start_mark.index)
        end_line, end_column = self._lines.place(node.end_mark.index)
        # Of what spans lines, and of a list or mapping, only the first character is marked.
        if end_line != line or isinstance(node, yaml.CollectionNode):
            end_column = column + 1
        return Span(path=self.path, line=line, column=column, end_column=max(end_column, column))

    def _refuse_alias(self, node: yaml.Node) -> None:
        if not any(problem.code == "yaml-syntax" for problem in self.problems):
            self.problems.append(
                Problem(
                    code="yaml-syntax",
                    message="the file holds too many values, or one inside itself",
                    span=self._span(node),
                    label="reading stopped here",
                    why=f"a file may hold {MAX_VALUES:,} values; aliases (*name) repeat them",
                    fix="write values out instead of using aliases, or split the file",
                )
            )


class _Lines:
    """Lines and columns of a text as editors count them.

    YAML also ends a line at U+0085, U+2028 and U+2029, which editors show as
    characters: so the line is counted from the character's place in the text.
    """

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]

    def place(self, index: int) -> tuple[int, int]:
        """Return line and column, from 1, of the character at `index`."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1


def _syntax_problem(path: str, text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    context = getattr(error, "context", None)
    position = getattr(error, "position", None)
    # A character that YAML forbids has a position and no mark.
    index = mark.index if mark is not None else position if isinstance(position, int) else 0
    line, column = _Lines(text).place(index)
    return Problem(
        code="yaml-syntax",
        message=f"this is not YAML: {f'{context}, ' if context else ''}{reason}",
        span=Span(path=path, line=line, column=column, end_column=column + 1),
        label="reading stopped here",
        why="the rest of the file cannot be read, so nothing in it was checked",
        fix="look at the indentation, quotes and colons here and on the line above",
    )


def _empty_problem(path: str) -> Problem:
    return Problem(
        code="yaml-syntax",
        message="the file is empty",
        span=Span(path=path, line=1, column=1, end_column=1),
        label="nothing here",
        why="every file of a catalog declares something",
        fix="declare it, or remove the file",
    )


def _duplicate_problem(key: str, span: Span, first: Span) -> Problem:
    return Problem(
        code="duplicate-key",
        message=f"`{key}` is given twice",
        span=span,
        label=f"first given on line {first.line}",
        why="only one of the two could count, and a reader cannot see which",
        fix=f"keep one of them: line {first.line} or line {span.line}",
    )


def _key_problem(span: Span, node: yaml.Node) -> Problem:
    shown = node.value if isinstance(node, yaml.ScalarNode) else "a list or mapping"
    return Problem(
        code="wrong-type",
        message=f"a key must be text, not {shown}",
        span=span,
        label="not text",
        why="keys name things, and names are text",
        fix=f'write it in quotes: "{shown}"',
    )


def _tag_problem(tag: str, span: Span) -> Problem:
    return Problem(
        code="yaml-syntax",
        message=f"cannot read this value as {tag.removeprefix('tag:yaml.org,2002:')}",
        span=span,
        label="this value",
        why="a catalog holds text, numbers, true/false, lists and mappings only",
        fix="remove the tag, or write the value in quotes",
    )

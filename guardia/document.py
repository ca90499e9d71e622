"""YAML text to plain values, each of which knows its file, line and column."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import yaml

from guardia.lines import Extent, Lines
from guardia.problem import Problem, Span, Suppression, first_problems
from guardia.suppression import may_hold_suppressions, read_suppressions
from guardia.yaml_problem import (
    MAX_DEPTH,
    duplicate_problem,
    empty_problem,
    key_problem,
    merge_problem,
    syntax_problem,
    tag_problem,
    too_deep_problem,
)

Pointer = tuple[str | int, ...]  # the way from the top of a document to a value
_COLLECTION_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_LONGEST_NUMBER = 19  # characters; what is longer is no number that anybody means
MAX_VALUES = 50_000  # aliases can multiply: a small file must not fill the memory
_LARGE = 65_536  # characters; what is longer is counted before it becomes nodes


@dataclass(frozen=True, kw_only=True)
class Document:
    """One declared file: its value and where each part of it stands.

    `value` is made of dict, list, str, int, float, bool and None only. Comments
    that allow problems are in `suppressions`, and what is wrong with such
    comments in `suppression_problems`: neither keeps the file from being read.
    """

    path: str
    text: str
    value: Any
    extents: Mapping[Pointer, Extent] = field(repr=False)  # of each value, in `text`
    key_extents: Mapping[Pointer, Extent] = field(repr=False)
    suppressions: tuple[Suppression, ...]
    suppression_problems: tuple[Problem, ...]

    def span(self, pointer: Pointer) -> Span:
        """Return where the value at `pointer` stands, or the nearest value around it."""
        while pointer not in self.extents:
            pointer = pointer[:-1]
        return self._lines.span(self.path, self.extents[pointer])

    def key_span(self, pointer: Pointer) -> Span:
        """Return where the key that leads to `pointer` stands; list items have only a value."""
        extent = self.key_extents.get(pointer)
        return self.span(pointer) if extent is None else self._lines.span(self.path, extent)

    def span_inside(self, pointer: Pointer, piece: str, *, nth: int = 0) -> Span:
        """Return where `piece` stands in the text at `pointer`, after `nth` others.

        Pieces that begin or end like a word are whole words. Escapes and folded
        lines can hide it: then it is the whole value's place.
        """
        start, end = self.extents.get(pointer, (0, 0))
        # A name must not be found inside a longer one.
        before = r"(?<![\w:])" if re.match(r"[\w:]", piece) else ""
        after = r"(?![\w:])" if re.search(r"[\w:]\Z", piece) else ""
        pattern = re.compile(f"{before}{re.escape(piece)}{after}")
        found = pattern.finditer(self.text, start, end) if piece else iter(())
        match = next(islice(found, nth, None), None)
        if match is None:
            return self.span(pointer)
        line, column = self._lines.place(match.start())
        return Span(path=self.path, line=line, column=column, end_column=column + len(piece))

    @cached_property
    def _lines(self) -> Lines:  # only a few places are ever asked for
        return Lines(self.text)


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
    try:
        if len(text) > _LARGE:
            _count_values(text)
        node = _compose(text)
    except yaml.YAMLError as error:
        return None, (syntax_problem(path, text, error),)
    except RecursionError:  # of PyYAML without its C parser, which counts levels itself
        return None, (too_deep_problem(Span(path=path, line=1, column=1, end_column=2)),)
    if node is None:
        return None, (empty_problem(path),)
    walk = _Walk(path, text)
    value = walk.value(node, ())
    if walk.problems:
        return None, first_problems(path, walk.problems)
    suppressions, suppression_problems = _read_suppressions(path, text, node)
    document = Document(
        path=path,
        text=text,
        value=value,
        extents=walk.extents,
        key_extents=walk.key_extents,
        suppressions=suppressions,
        suppression_problems=suppression_problems,
    )
    return document, ()


def _compose(text: str) -> yaml.Node | None:
    loader = _Loader(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
    finally:
        loader.dispose()
    return node


def _count_values(text: str) -> None:
    """Raise a MarkedYAMLError as soon as a text holds more values than a file may.

    Nodes take a hundred times the room of the text they stand for.
    """
    loader = _Loader(text)
    try:
        values = 0
        while loader.check_event():
            event = loader.get_event()
            values += isinstance(event, yaml.NodeEvent)
            if values > 2 * MAX_VALUES:  # keys are nodes too
                raise yaml.MarkedYAMLError(
                    problem=f"it holds more than {MAX_VALUES:,} values",
                    problem_mark=event.start_mark,
                )
    finally:
        loader.dispose()


def _read_suppressions(
    path: str, text: str, top: yaml.Node
) -> tuple[tuple[Suppression, ...], tuple[Problem, ...]]:
    if not may_hold_suppressions(text):
        return (), ()
    texts = sorted(_texts(top, text))
    starts = [start for start, _ in texts]

    def is_comment(index: int) -> bool:
        at = bisect_right(starts, index) - 1
        return at < 0 or index >= texts[at][1]

    return read_suppressions(path, text, is_comment=is_comment, place=Lines(text).place)


def _texts(top: yaml.Node, text: str) -> Iterator[tuple[int, int]]:
    """Yield where each scalar begins and ends; a `#` anywhere else begins a comment."""
    waiting, seen = [top], {id(top)}
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.ScalarNode):
            start: int = node.start_mark.index
            if node.style in ("|", ">"):  # behind the sign, a comment may stand
                line_end = re.compile(r"[\r\n]|\Z").search(text, start)
                start = min(line_end.start() if line_end else start, node.end_mark.index)
            yield start, node.end_mark.index
            continue
        pairs = node.value if isinstance(node, yaml.MappingNode) else [node.value]
        for child in (child for pair in pairs for child in pair if id(child) not in seen):
            seen.add(id(child))
            waiting.append(child)


class _Walk:
    """One pass over PyYAML's nodes: values, positions and problems; then the nodes are dropped."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._lines = Lines(text)
        self.extents: dict[Pointer, Extent] = {}
        self.key_extents: dict[Pointer, Extent] = {}
        self.problems: list[Problem] = []
        self._open: set[int] = set()

    def value(self, node: yaml.Node, pointer: Pointer) -> Any:
        """Return the plain value of a node and note where it stands."""
        self.extents[pointer] = _extent(node)
        if len(self.extents) > MAX_VALUES or id(node) in self._open:
            return self._refuse_alias(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if len(self._open) >= MAX_DEPTH:
            self.problems.append(too_deep_problem(self._span(node)))
            return None
        if node.tag not in _COLLECTION_TAGS:
            self.problems.append(tag_problem(node.tag, self._span(node)))
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
        first: dict[str, yaml.Node] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                self.problems.append(key_problem(self._span(key_node), key_node))
                continue
            if key == "<<" and not key_node.style:
                self.problems.append(merge_problem(self._span(key_node)))
                continue
            if key in result:
                spans = self._span(key_node), self._span(first[key])
                self.problems.append(duplicate_problem(key, *spans))
                continue
            first[key] = key_node
            at = (*pointer, key)
            self.key_extents[at] = _extent(key_node)
            result[key] = self.value(value_node, at)
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
        self.problems.append(tag_problem(node.tag, self._span(node)))
        return None

    def _span(self, node: yaml.Node) -> Span:
        return self._lines.span(self._path, _extent(node))

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


def _extent(node: yaml.Node) -> Extent:
    """Return where a text stands, or the first character of a list or mapping."""
    start: int = node.start_mark.index
    end: int = node.end_mark.index
    return (start, start + 1) if isinstance(node, yaml.CollectionNode) else (start, end)

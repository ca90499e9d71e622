"""YAML text to plain values, each of which knows its file, line and column."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import yaml

from guardia.problem import Problem, Span, Suppression, first_problems
from guardia.suppression import may_hold_suppressions, read_suppressions

Pointer = tuple[str | int, ...]  # the way from the top of a document to a value
Extent = tuple[int, int]  # where a part of a text begins and ends, end excluded
_COLLECTION_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_LONGEST_NUMBER = 19  # characters; what is longer is no number that anybody means
MAX_VALUES = 50_000  # aliases can multiply: a small file must not fill the memory
MAX_DEPTH = 60  # lists and mappings inside each other; catalogs need about ten
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
    def _lines(self) -> "_Lines":  # only a few places are ever asked for
        return _Lines(self.text)


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
        return None, (_syntax_problem(path, text, error),)
    except RecursionError:  # of PyYAML without its C parser, which counts levels itself
        return None, (_too_deep_problem(Span(path=path, line=1, column=1, end_column=2)),)
    if node is None:
        return None, (_empty_problem(path),)
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

    return read_suppressions(path, text, is_comment=is_comment, place=_Lines(text).place)


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
        self._lines = _Lines(text)
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
            self.problems.append(_too_deep_problem(self._span(node)))
            return None
        if node.tag not in _COLLECTION_TAGS:
            self.problems.append(_tag_problem(node.tag, self._span(node)))
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
                self.problems.append(_key_problem(self._span(key_node), key_node))
                continue
            if key == "<<" and not key_node.style:
                self.problems.append(_merge_problem(self._span(key_node)))
                continue
            if key in result:
                spans = self._span(key_node), self._span(first[key])
                self.problems.append(_duplicate_problem(key, *spans))
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
        self.problems.append(_tag_problem(node.tag, self._span(node)))
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

    def span(self, path: str, extent: Extent) -> Span:
        """Return the span of an extent; of what spans lines, only its first character."""
        line, column = self.place(extent[0])
        end_line, end_column = self.place(extent[1])
        if end_line != line:
            end_column = column + 1
        return Span(path=path, line=line, column=column, end_column=max(end_column, column))


def _syntax_problem(path: str, text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    context = getattr(error, "context", None)
    position = getattr(error, "position", None)
    # A character that YAML forbids has a position and no mark.
    index = mark.index if mark is not None else position if isinstance(position, int) else 0
    line, column = _Lines(text).place(index)
    label, fix = _advice(text, line)
    return Problem(
        code="yaml-syntax",
        message=f"this is not YAML: {f'{context}, ' if context else ''}{reason}",
        span=Span(path=path, line=line, column=column, end_column=column + 1),
        label=label,
        why="the rest of the file cannot be read, so nothing in it was checked",
        fix=fix,
    )


def _advice(text: str, line: int) -> tuple[str, str]:
    """Return what to say under the mark, and a way out, by the usual causes."""
    lines = re.split(r"\r\n|\r|\n", text)
    here = lines[max(0, line - 2) : line]
    if any(re.match(r"[ ]*\t", one) for one in here):
        return "a tab", "indent with spaces: YAML does not allow tabs there"
    if any(re.match(r"\s*(\{\{-?|\{%)", one) for one in here):
        return (
            "a template, not YAML",
            "render the template first, and check what it gives",
        )
    if any("{{" in one for one in here):
        return (
            "reading stopped here",
            "put a text that begins with {{ in quotes; render a template of Helm or the like first",
        )
    return "reading stopped here", "look at the indentation, quotes and colons here and above"


def _too_deep_problem(span: Span) -> Problem:
    return Problem(
        code="yaml-syntax",
        message=f"lists and mappings stand inside each other more than {MAX_DEPTH} deep",
        span=span,
        label="reading stopped here",
        why="nothing in a catalog is nested so deep, and reading it could end the process",
        fix="look for an opening bracket that is never closed, or is repeated",
    )


def _merge_problem(span: Span) -> Problem:
    return Problem(
        code="yaml-syntax",
        message="`<<` does not merge anything",
        span=span,
        label="a merge key",
        why="YAML 1.2 has no merge keys: a reader could not see which value counts",
        fix="write the keys out here; what holds for all belongs under `slo_defaults`",
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
    if not isinstance(node, yaml.ScalarNode):
        return Problem(
            code="wrong-type",
            message="a key must be text, not a list or mapping",
            span=span,
            label="not text",
            why="keys name things, and names are text; {{ … }} is read as a mapping in a mapping",
            fix="put a text that begins with {{ in quotes; render a template of Helm or the like"
            " first",
        )
    return Problem(
        code="wrong-type",
        message=f"a key must be text, not {node.value}",
        span=span,
        label="not text",
        why="keys name things, and names are text",
        fix=f'write it in quotes: "{node.value}"',
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

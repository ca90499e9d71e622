"""Pages of metrics, as exporters serve them: which names there are, and with which labels.

Read here are the Prometheus text format and OpenMetrics, for names alone:
values and times mean nothing to a preset. Lists of names are read too.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_TEXT = r'"(?:[^"\\]|\\.)*"'
_BARE = re.compile(_NAME, re.ASCII)
# A name may stand in quotes within the braces. Source: Prometheus documentation,
# "Exposition formats", UTF-8 names.
_SERIES = re.compile(
    rf'[ \t]*(?P<name>{_NAME})?(?:[ \t]*\{{(?P<labels>(?:[^"}}]|{_TEXT})*)\}}[ \t]*|[ \t]+)'
    r"(?P<value>[^ \t{}]+)(?:[ \t]+[-+0-9.eE]+)?(?:[ \t]+#[ \t].*|[ \t]*)",
    re.ASCII,
)
_LABEL = re.compile(
    rf"[ \t]*(?P<name>{_NAME}|{_TEXT})[ \t]*(?P<value>=[ \t]*{_TEXT}[ \t]*)?(?:,[ \t]*|\Z)",
    re.ASCII,
)
_DECLARED = re.compile(rf"[ \t]*#[ \t]+(?:HELP|TYPE|UNIT)[ \t]+({_NAME}|{_TEXT})(?:[ \t]+(.*))?")
_TYPE = re.compile(rf"[ \t]*#[ \t]+TYPE[ \t]+({_NAME}|{_TEXT})[ \t]+(\w+)[ \t]*")
_SUFFIXES = {
    "histogram": ("_bucket", "_sum", "_count"),
    "gaugehistogram": ("_bucket", "_gsum", "_gcount"),
    "summary": ("", "_sum", "_count"),
}
# Source: OpenMetrics 1.0, "Suffixes": the family's name has none, its series have.
_OPEN_METRICS_SUFFIXES = {**_SUFFIXES, "counter": ("_total",), "info": ("_info",)}
_END = "# EOF"
_MANIFESTS = (".yaml", ".yml", ".json")
_WAY_OUT = "save a page with `curl -s http://TARGET/metrics > page.txt`"


class PageError(ValueError):
    """A file is no page of metrics; the text says where, why, and what to give instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one target exports.

    `series` has the sets of label names that a metric's series have; `declared`
    the names of which the page may have series and has none.
    """

    path: str
    series: Mapping[str, frozenset[frozenset[str]]]
    declared: frozenset[str]
    shows_labels: bool  # a list of names does not


def parse_page(path: str, content: bytes) -> Page:
    """Return the metrics of a page or a list of names. Raises PageError."""
    if path.endswith(_MANIFESTS):
        raise PageError(f"{path} is a manifest, not a page of metrics: {_WAY_OUT}")
    lines = [line.rstrip("\r") for line in _decode(path, content).split("\n")]
    filled = [line.strip() for line in lines if line.strip()]
    if not filled:
        raise PageError(f"{path} has no metric: {_WAY_OUT}")
    if all(_BARE.fullmatch(line) for line in filled):
        series = {line: frozenset({frozenset[str]()}) for line in filled}
        return Page(path=path, series=series, declared=frozenset(), shows_labels=False)
    return _parse_lines(path, lines, is_open=filled[-1] == _END)


def _decode(path: str, content: bytes) -> str:
    if content.startswith(b"\x1f\x8b"):
        raise PageError(f"{path} is compressed: decompress it, or use `curl --compressed`")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PageError(f"{path} is not text in UTF-8, so no page of metrics: {_WAY_OUT}") from None


def _parse_lines(path: str, lines: list[str], *, is_open: bool) -> Page:
    found: dict[str, set[frozenset[str]]] = {}
    types: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        text = line.lstrip()
        if text.startswith("#"):
            _note_declared(line, types)
        elif text:
            try:
                name, labels = _parse_series(line)
            except ValueError:
                shown = text if len(text) <= 60 else f"{text[:60]}…"
                raise PageError(
                    f"{path}:{number}: neither a series nor a comment: {shown!r}; {_WAY_OUT}"
                ) from None
            found.setdefault(name, set()).add(labels)
    if not found and not types:
        raise PageError(f"{path} has no metric: {_WAY_OUT}")
    return Page(
        path=path,
        series={name: frozenset(sets) for name, sets in found.items()},
        declared=frozenset(_declared(types, is_open=is_open)) - found.keys(),
        shows_labels=True,
    )


def _note_declared(line: str, types: dict[str, str]) -> None:
    if typed := _TYPE.fullmatch(line):
        types[_unquoted(typed[1])] = typed[2]
    elif declared := _DECLARED.fullmatch(line):
        types.setdefault(_unquoted(declared[1]), "unknown")


def _declared(types: Mapping[str, str], *, is_open: bool) -> Iterator[str]:
    suffixes = _OPEN_METRICS_SUFFIXES if is_open else _SUFFIXES
    for name, kind in types.items():
        for suffix in suffixes.get(kind, ("",)):
            yield name + suffix


def _parse_series(line: str) -> tuple[str, frozenset[str]]:
    """Return a series' name and label names. Raises ValueError for what is no series."""
    match = _SERIES.fullmatch(line)
    if match is None:
        raise ValueError("no series")
    float(match["value"])
    named = [match["name"]] if match["name"] else []
    labels: set[str] = set()
    inside, at = match["labels"] or "", 0
    while inside[at:].strip():
        label = _LABEL.match(inside, at)
        if label is None:
            raise ValueError("no label")
        (named.append if label["value"] is None else labels.add)(_unquoted(label["name"]))
        at = label.end()
    (name,) = named  # ValueError for none, or two
    return name, frozenset(labels)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text

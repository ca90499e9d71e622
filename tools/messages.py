"""Our sentences in all languages: found in the code, and in line with `router/language/locale/`.

`python -m tools.messages` adds to each `.po` file what the code says and it does
not translate yet, and takes out what the code does not say any more. A sentence
must stand as a literal where it is made; one that does not is an error, since
nobody could ever translate it.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po
from jinja2 import Environment, nodes

from router.language import LANGUAGES, LOCALE, read_messages

ROOT: Final = Path(__file__).parents[1]
_SOURCES: Final = ROOT / "router"
_ONE: Final = ("phrase", "text", "_")
_COUNTED: Final = ("counted_phrase", "counted")
# The first two make sentences of what they are given; the reader of the last reads settings.
_NOT_READ: Final = frozenset(
    {"router/phrase.py", "router/language/__init__.py", "router/settings.py"}
)
_HEADER: Final = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""


class NoLiteral(Exception):  # noqa: N818 - says what it is; a sentence for developers
    """A sentence that is put together before it is translated."""


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence of the code; `many` is its plural."""

    one: str
    many: str | None = None

    @property
    def key(self) -> str | tuple[str, str]:
        """Return what a catalog finds it by."""
        return self.one if self.many is None else (self.one, self.many)


def find_said() -> dict[Said, list[str]]:
    """Return every sentence in the order of the code, with the files that say it."""
    found: dict[Said, list[str]] = {}
    for path in sorted(_SOURCES.rglob("*")):
        name = str(path.relative_to(ROOT))
        if name not in _NOT_READ:
            for one in dict.fromkeys(find_said_in(path)):
                found.setdefault(one, []).append(name)
    return found


def find_said_in(path: Path) -> Iterator[Said]:
    """Yield the sentences of one file, nothing for one of another kind. Raises NoLiteral."""
    if path.suffix == ".py":
        yield from _in_python(path)
    elif path.suffix in (".html", ".txt") and path.parent.name == "templates":
        yield from _in_template(path)


def untranslated(language: str, said: Iterable[Said]) -> list[Said]:
    """Return what a language lacks, as a whole or in one of its two numbers."""
    catalog = read_messages(language)
    return [one for one in said if not _is_told(_found(catalog, one), one)]


def obsolete(language: str, said: Iterable[Said]) -> list[str]:
    """Return what a language translates and the code does not say, in this number."""
    keys = {one.key for one in said}
    catalog = read_messages(language)
    kept = [_key(message) for message in catalog if message.id]
    return [str(key) for key in [*kept, *catalog.obsolete] if key not in keys]


def render_entries(said: Iterable[Said]) -> str:
    """Return entries without translations, to be filled in."""
    catalog = Catalog()
    for one in said:
        catalog.add(one.key)
    return _written(catalog)


def render_catalog(language: str, said: Mapping[Said, list[str]]) -> str:
    """Return a language's file anew: what the code says, in its order, with what is translated."""
    before = read_messages(language)
    after = Catalog()  # with two numbers, as our header says: a million is told as any number
    for one, files in said.items():
        known = _found(before, one)
        after.add(
            one.key,
            known.string if known is not None else None,
            locations=[(name, 0) for name in files],
            auto_comments=(),
            user_comments=known.user_comments if known is not None else (),
            flags=known.flags & {"fuzzy"} if known is not None else (),
        )
    return _HEADER + _written(after)


def _in_python(path: Path) -> Iterator[Said]:
    parsed = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    calls = [node for node in parsed if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        name = _maker(call.func)
        if name is not None:
            texts = [one.value if isinstance(one, ast.Constant) else None for one in call.args]
            yield _said(name, texts, f"{path}:{call.lineno}")


def _maker(function: ast.expr) -> str | None:
    """Return what makes a sentence: `phrase(…)`, `reader.text(…)`, `self._reader.counted(…)`."""
    match function:
        case ast.Name(id=name) if name in ("phrase", "counted_phrase"):
            return name
        case ast.Attribute(
            attr=name, value=ast.Name(id=receiver) | ast.Attribute(attr=receiver)
        ) if name in ("text", "counted") and receiver.endswith("reader"):
            return name
    return None


def _in_template(path: Path) -> Iterator[Said]:
    parsed = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    for call in parsed.find_all(nodes.Call):
        function = call.node
        name = getattr(function, "name", None)
        if isinstance(function, nodes.Getattr) and getattr(function.node, "name", "") == "reader":
            name = function.attr
        if name in (*_ONE, *_COUNTED):
            texts = [one.value if isinstance(one, nodes.Const) else None for one in call.args]
            yield _said(name, texts, f"{path}:{call.lineno}")


def _said(name: str, texts: Sequence[object], where: str) -> Said:
    match texts:
        case [str(one), str(many), *_] if name in _COUNTED:
            return Said(one, many)
        case [str(one)] if name in _ONE:
            return Said(one)
    raise NoLiteral(f"{where}: what `{name}` is given must be text in quotes, without a variable")


def _found(catalog: Catalog, one: Said) -> Message | None:
    message = catalog.get(one.one)
    return message if message is not None and _key(message) == one.key else None


def _key(message: Message) -> str | tuple[str, ...]:
    return message.id if isinstance(message.id, str) else tuple(message.id)


def _is_told(message: Message | None, one: Said) -> bool:
    if message is None or message.fuzzy:
        return False
    told = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return len(told) == (1 if one.many is None else 2) and all(told)


def _written(catalog: Catalog) -> str:
    written = BytesIO()
    write_po(written, catalog, width=100, omit_header=True, include_lineno=False)
    return written.getvalue().decode("utf-8")


def main() -> int:
    """Bring every language in line; 1 when something is left to translate."""
    try:
        said = find_said()
    except NoLiteral as problem:
        print(problem, file=sys.stderr)
        return 1
    left = 0
    for language in LANGUAGES:
        if language == "en":
            continue
        written = render_catalog(language, said)
        (LOCALE / f"{language}.po").write_text(written, encoding="utf-8")
        lacking = untranslated(language, said)
        left += len(lacking)
        print(f"{language}.po: {len(said)} sentences, {len(lacking)} of them to translate")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())

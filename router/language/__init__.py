"""What people read, in their language and by their clock.

Each sentence of ours is written in English where it is made, and that text is
its key: `locale/LANGUAGE.po` has the others. Label values, PromQL, comments
and runbooks are arguments of sentences or stand alone, and are never translated.

Babel is loaded where it is used: reading a catalog, as a check in CI does,
goes without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from guardia.duration import spoken_duration
from router.phrase import Argument, Part, Phrase, in_english

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

LANGUAGES: Final = ("en", "es", "pt")
_LOCALES: Final = {"en": "en_GB", "es": "es", "pt": "pt_PT"}  # for dates, as written in Cape Verde
LOCALE: Final = Path(__file__).with_name("locale")
_UTC: Final = ZoneInfo("UTC")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whoever reads: in which language, and by the clock of which zone.

    A translation that cannot be used (its file is damaged, or it names an
    argument that is none) is told in English: nobody stays unpaged for it.
    """

    language: str = "en"  # one of LANGUAGES
    zone: ZoneInfo = _UTC

    def text(self, template: str, /, **arguments: Argument) -> str:
        """Return a sentence of ours; `{name}` in the template stands for that argument."""
        return self._fill(Part(template=template, arguments=arguments))

    def counted(self, one: str, many: str, count: int, /, **arguments: Argument) -> str:
        """Return a sentence of ours for a number, which stands in it as `{count}`."""
        filled = {"count": count, **arguments}
        return self._fill(Part(template=one, many=many, count=count, arguments=filled))

    def say(self, text: str) -> str:
        """Return a phrase that was kept, in this language; any other text as it is."""
        if not isinstance(text, Phrase):
            return text
        return " ".join(map(self._fill, text.parts))

    def instant(self, at: datetime, *, seconds: bool = False) -> str:
        """Return an instant by the reader's clock, with the name of its zone."""
        from babel.dates import format_datetime

        clock = "HH:mm:ss" if seconds else "HH:mm"
        wall = self._on_the_wall(at)
        written = format_datetime(wall, f"d MMM y {clock}", locale=_LOCALES[self.language])
        return f"{written} {self.zone_name(at)}"

    def clock(self, at: datetime, *, now: datetime) -> str:
        """Return an instant as short as it is clear: without the date when it is today's."""
        wall, today = self._on_the_wall(at), self._on_the_wall(now)
        if wall.date() == today.date():
            return f"{wall:%H:%M} {self.zone_name(at)}"
        from babel.dates import format_datetime

        pattern = "EEE d MMM HH:mm" if abs(at - now) < 300 * _DAY else "d MMM y HH:mm"
        return (
            f"{format_datetime(wall, pattern, locale=_LOCALES[self.language])} {self.zone_name(at)}"
        )

    def wall(self, at: datetime) -> str:
        """Return an instant by the clock on the wall, where its zone is named beside it."""
        from babel.dates import format_datetime

        wall = self._on_the_wall(at)
        return format_datetime(wall, "EEE d MMM y HH:mm", locale=_LOCALES[self.language])

    def zone_name(self, at: datetime) -> str:
        """Return the zone's short name at an instant: CET; without one, its offset: UTC−1.

        In one piece, which no phone breaks: a hyphen it would.
        """
        name = self._on_the_wall(at).tzname() or "UTC"
        if name[0] not in "+-":
            return name
        sign, hours, minutes = name[0].replace("-", "−"), int(name[1:3]), name[3:5]
        if not minutes:
            return f"UTC{sign}{hours}" if hours else "UTC"
        return f"UTC{sign}{hours}:{minutes}"

    def weekday(self, at: datetime) -> str:
        """Return a weekday's short name; `at` is on the wall clock that counts."""
        from babel.dates import format_datetime

        return format_datetime(at, "EEE", locale=_LOCALES[self.language])

    def length(self, length: timedelta) -> str:
        """Return a length of time in full: `1 h 20 min`; its units are alike in all languages."""
        return spoken_duration(length)

    def ago(self, at: datetime, *, now: datetime) -> str:
        """Return how long ago it was, in its largest unit; `in …` for what is to come."""
        from babel.dates import format_timedelta

        return format_timedelta(at - now, add_direction=True, locale=_LOCALES[self.language])

    def _on_the_wall(self, at: datetime) -> datetime:
        """Return an instant by the reader's clock; by UTC where the calendar ends before it.

        An alert may say that it began in the last hour of the year 9999.
        """
        try:
            return at.astimezone(self.zone)
        except OverflowError:
            return at.astimezone(UTC)

    def _fill(self, part: Part) -> str:
        try:
            template = self._find(part)
            filled = {name: self._show(one) for name, one in part.arguments.items()}
            return template.format_map(filled)
        except Exception:
            return in_english(part)

    def _find(self, part: Part) -> str:
        english = part.template if part.many is None or part.count == 1 else part.many
        found = _messages(self.language).get(part.template)
        if found is None:
            return english
        if part.many is None:
            return found[0] or english
        from babel import Locale

        is_one = Locale.parse(_LOCALES[self.language]).plural_form(part.count) == "one"
        return found[0 if is_one else 1] or english

    def _show(self, argument: Argument) -> str:
        match argument:
            case Phrase():
                return self.say(argument)
            case datetime():
                return self.instant(argument)
            case timedelta():
                return self.length(argument)
        return str(argument)


IN_ENGLISH: Final = Reader()


def read_messages(language: str) -> "Catalog":
    """Return the translations of one language. Raises OSError for one that is none of ours."""
    from babel.messages.pofile import read_po

    with (LOCALE / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def find_damage(language: str) -> str | None:
    """Return why sentences of ours are told in English to who reads another language, or None.

    Names the file, and what is wrong with it or the first sentence that cannot be filled.
    """
    file = LOCALE / f"{language}.po"
    try:
        catalog = read_messages(language)
    except Exception as error:
        return f"{file} cannot be used: {type(error).__name__}: {error}"
    if not len(catalog):
        return f"{file} translates nothing"
    for message in catalog:
        if not message.id or message.fuzzy:
            continue
        english, told = (_forms(text) for text in (message.id, message.string))
        try:
            known = {"count"}.union(*map(_fields, english))
            unknown = set[str]().union(*map(_fields, told)) - known
        except ValueError as error:
            return f"{file}: the translation of “{english[0]}” cannot be filled: {error}"
        if unknown:
            return f"{file}: the translation of “{english[0]}” names {{{min(unknown)}}}"
    return None


def _fields(template: str) -> set[str]:
    """Return what a template asks for, as it is written. Raises ValueError for half of one."""
    found = ((name, conversion) for _, name, _, conversion in Formatter().parse(template))
    return {f"{name}!{by}" if by else name for name, by in found if name is not None}


def _forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return one form, or singular and plural."""
    return (text or "",) if isinstance(text, str | None) else tuple(text)


@cache
def _messages(language: str) -> Mapping[str, tuple[str, ...]]:
    """Return translations by the English text, or by its singular; none of a damaged file."""
    if language == "en":
        return {}
    found = {}
    try:
        catalog = read_messages(language)
    except Exception:
        return {}
    for message in catalog:
        if message.id and not message.fuzzy:
            found[_forms(message.id)[0]] = _forms(message.string)
    return found

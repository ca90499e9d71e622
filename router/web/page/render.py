"""HTML for people: templates with every value escaped, words in the reader's language."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, partial
from http import HTTPStatus
from typing import Any, Final

from jinja2 import (
    Environment,
    PackageLoader,
    StrictUndefined,
    pass_context,
    select_autoescape,
)
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.responses import HTMLResponse

from guardia.severity import Severity
from router.incident.model import IncidentState
from router.language import Reader
from router.oncall.model import Role
from router.phrase import Phrase
from router.web.access.caller import Caller
from router.web.page.assets import asset_path
from router.web.under_path import base_path


@pass_context
def _in_the_readers_words(context: Context, value: Any) -> Any:
    """Return what a template writes: a sentence of ours in the reader's language."""
    return context["say"](value) if isinstance(value, Phrase) else value


_templates: Final = Environment(
    loader=PackageLoader("router.web.page"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    finalize=_in_the_readers_words,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TIME: Final = Markup('<time datetime="{}" title="{}">{}</time>')
_SINCE: Final = Markup('<time datetime="{}" title="{}" data-ago>{}</time>')
_AGO: Final = Markup('<time datetime="{}" data-ago>{}</time>')
_templates.globals["asset"] = asset_path
_templates.globals["base"] = base_path


def render_page(
    template: str,
    reader: Reader,
    caller: Caller | None,
    *,
    now: datetime,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Return a page of `templates/`.

    Templates see `_` for our own words, `reader`, `caller` (None: nobody is
    signed in), whether they `may_act`, `now`, and the values; `when(at)` writes
    an instant as an element that the page's script keeps fresh.
    """
    words = Words(reader=reader, now=now)
    text = _find(template).render(
        severity_word=partial(severity_word, reader),
        state_word=partial(state_word, reader),
        form_token=partial(_write_form_token, caller),
        _=reader.text,
        counted=reader.counted,
        reader=reader,
        say=reader.say,
        when=words.when,
        since=words.since,
        ago=words.ago,
        length=reader.length,
        clock_name=_clock_name(reader, now),
        caller=caller,
        may_act=caller is not None and caller.role.may(Role.RESPONDER),
        now=now,
        **{"here": "", "notice": None, **values},
    )
    return HTMLResponse(text, status_code=status, headers=dict(headers or {}))


def _clock_name(reader: Reader, now: datetime) -> str:
    """Return the zone as the catalog names it, with what stands beside each time."""
    key, name = reader.zone.key, reader.zone_name(now)
    return key if key == name else f"{key} ({name})"


class Words:
    """Times as elements: a machine's form for the script, a person's for everybody else."""

    def __init__(self, *, reader: Reader, now: datetime) -> None:
        self._reader = reader
        self._now = now

    def when(self, at: datetime) -> Markup:
        """Return an instant by the reader's clock."""
        return self._element(at, self._reader.clock(at, now=self._now), _TIME)

    def since(self, at: datetime) -> Markup:
        """Return how long ago it was, or how far ahead; the script counts on from there."""
        return self._element(at, self._reader.ago(at, now=self._now), _SINCE)

    def ago(self, at: datetime) -> Markup:
        """Return the same for a line of many, where each byte counts: without the instant."""
        return _AGO.format(_written(at), self._reader.ago(at, now=self._now))

    def _element(self, at: datetime, text: str, form: Markup) -> Markup:
        return form.format(_written(at), self._reader.instant(at, seconds=True), text)


def _written(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def severity_word(reader: Reader, severity: str) -> str:
    """Return the word for a severity in the reader's language."""
    return {
        Severity.CRITICAL: reader.text("critical"),
        Severity.HIGH: reader.text("high"),
        Severity.MEDIUM: reader.text("medium"),
        Severity.LOW: reader.text("low"),
    }[Severity(severity)]


def state_word(reader: Reader, state: str) -> str:
    """Return the word for an incident's state in the reader's language."""
    return {
        IncidentState.TRIGGERED: reader.text("not acknowledged"),
        IncidentState.ACKNOWLEDGED: reader.text("acknowledged"),
        IncidentState.RESOLVED: reader.text("resolved"),
    }[IncidentState(state)]


def _write_form_token(caller: Caller | None) -> Markup:
    token = "" if caller is None else caller.form_token
    return Markup('<input type="hidden" name="form_token" value="{}">').format(token)


@cache
def _find(name: str) -> Any:
    return _templates.get_template(name)

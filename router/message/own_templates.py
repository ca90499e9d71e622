"""Templates of the operators' own in place of ours; one that fails costs its text, never a page."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from jinja2 import DictLoader, StrictUndefined, TemplateError, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from router.incident.describe import one_line

# What can be replaced: the name of a file, and what it is.
NAMES: Final[Mapping[str, str]] = {
    "email-subject.txt": "an e-mail's subject",
    "email.txt": "an e-mail's plain text",
    "email.html": "an e-mail's HTML",
    "pagerduty.txt": "the summary of a page",
    "slack.txt": "what a Slack message says below its headline",
}


class OwnTemplates:
    """The templates in force, by name.

    They run in Jinja's sandbox, see only what a message tells, and can change
    none of it; in HTML every value is escaped. `on_failure` is told the name
    of a template that failed, and why.
    """

    def __init__(self, sources: Mapping[str, str], on_failure: Callable[[str, str], None]) -> None:
        self._on_failure = on_failure
        self._names = frozenset(sources)
        self._environment = ImmutableSandboxedEnvironment(
            loader=DictLoader(dict(sources)),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
        )

    def render(self, name: str, told: Callable[[], Mapping[str, Any]]) -> str | None:
        """Return the text, or None where ours is to be used: without a template, or a useful one.

        A text without a visible character is as useless as none. `told` is only
        asked for where there is a template.
        """
        if name not in self._names:
            return None
        try:
            text = self._environment.get_template(name).render(told())
        except Exception as error:  # whatever somebody's template does, the page goes out
            self._on_failure(name, _reason(error))
            return None
        if not one_line(text):
            self._on_failure(name, "it came out empty")
            return None
        return text


def find_problem(name: str, source: str) -> str | None:
    """Return what is wrong with a template before it is ever used, or None."""
    if name not in NAMES:
        return f"{name} replaces nothing: templates are {', '.join(NAMES)}"
    try:
        ImmutableSandboxedEnvironment().parse(source)
    except TemplateError as error:
        return f"{name} cannot be used, ours is instead: {_reason(error)}"
    return None


def _reason(error: Exception) -> str:
    """Return why, without what a message tells: the error of a filter may repeat its value."""
    line = getattr(error, "lineno", None)
    told = f": {error.message}" if isinstance(error, TemplateError) else ""
    return f"{type(error).__name__}{told}" + (f" (line {line})" if line is not None else "")


def _nothing_fails(name: str, reason: str) -> None:
    raise AssertionError(f"{name} failed without being there: {reason}")


NO_TEMPLATES: Final = OwnTemplates({}, _nothing_fails)

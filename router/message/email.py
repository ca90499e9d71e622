"""A page or a notice as an e-mail: subject, plain text and HTML."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.policy import SMTP
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from guardia.severity import Severity
from router.incident.describe import cut_at_word, one_line
from router.message.digest import told_digest
from router.message.held import carried_by, told_summary
from router.message.model import MessageContext, MessageKind
from router.message.summary import Link, headline, told

# Lines may be 998 bytes long (RFC 5322, 2.1.1). At the 78 that the standard library
# folds at by itself, it breaks words of subjects with letters such as `ó`: one in
# eight of 3000 tried on Python 3.11 and 3.12, none at 998.
EMAIL_POLICY = SMTP.clone(max_line_length=998)

# Dark enough to read on white (contrast 4.5 or more), and never the only sign: words say it too.
_COLOURS = {
    Severity.CRITICAL: "#b3261e",
    Severity.HIGH: "#b54708",
    Severity.MEDIUM: "#7a5c00",
    Severity.LOW: "#1f5fa8",
}
_OVER = "#23743c"

_SUBJECT_LENGTH = 200

# Autoescape by ending: HTML is escaped here and nowhere else, plain text never.
_templates = Environment(
    loader=PackageLoader("router.message"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailText:
    """What to put into an e-mail made with EMAIL_POLICY. `subject` is one visible line."""

    subject: str
    text: str
    html: str


def render_email(context: MessageContext, *, answer_url: str = "") -> EmailText:
    """Return the e-mail that tells how the incident stands now.

    Every text of an alert is on one line of visible characters before it gets
    here, so that a label cannot add a header or a line of its own. By `answer_url`
    its reader answers; empty: there is no such link.
    """
    if context.message.kind is MessageKind.SUMMARY:
        return _render_summary(context)
    if context.message.is_of_digest:
        return _render_digest(context, answer_url=answer_url)
    seen = told(context) | {
        "colour": _COLOURS[context.incident.severity] if context.incident.is_open else _OVER
    }
    answer, templates = _answer(context, answer_url), context.templates
    ours = seen | {"answer": answer}  # apart from the links, since ours draw it as a button
    if answer is not None:
        seen["links"] = [answer, *seen["links"]]
    own_subject = templates.render("email-subject.txt", lambda: seen)
    subject = f"[Guardia] {headline(context)}" if own_subject is None else one_line(own_subject)
    return EmailText(
        subject=cut_at_word(subject, _SUBJECT_LENGTH),
        text=templates.render("email.txt", lambda: seen) or _ours("incident.txt", ours, context),
        html=templates.render("email.html", lambda: seen) or _ours("incident.html", ours, context),
    )


def _render_summary(context: MessageContext) -> EmailText:
    """Return what waited for the hours; always in our own words (see router.message.held)."""
    seen = told_summary(context) | {"colour": _COLOURS[context.incident.severity]}
    if not carried_by(context).open_count:
        seen["colour"] = _OVER
    return EmailText(
        subject=cut_at_word(f"[Guardia] {seen['headline']}", _SUBJECT_LENGTH),
        text=_ours("summary.txt", seen, context),
        html=_ours("summary.html", seen, context),
    )


def _answer(context: MessageContext, url: str) -> Link | None:
    return Link(text=context.reader.text("Answer"), href=url) if url else None


def _render_digest(context: MessageContext, *, answer_url: str) -> EmailText:
    """Return one page for many incidents; always in our own words (see router.message.digest)."""
    told = carried_by(context).told
    worst = told[0].incident if told else context.incident
    seen = told_digest(context) | {
        "answer": _answer(context, answer_url),
        "colour": _COLOURS[worst.severity] if carried_by(context).open_count else _OVER,
    }
    return EmailText(
        subject=cut_at_word(f"[Guardia] {seen['headline']}", _SUBJECT_LENGTH),
        text=_ours("digest.txt", seen, context),
        html=_ours("digest.html", seen, context),
    )


def _ours(name: str, seen: Mapping[str, Any], context: MessageContext) -> str:
    """Return our own text; `_` in it stands for the words that are ours."""
    reader = context.reader
    return _templates.get_template(name).render(seen, _=reader.text, language=reader.language)

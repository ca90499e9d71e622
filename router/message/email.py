"""A page or a notice as an e-mail: subject, plain text and HTML."""

from dataclasses import dataclass
from email.policy import SMTP

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from router.incident.describe import cut_at_word, one_line
from router.message.model import MessageContext
from router.message.summary import (
    alert_lines,
    description,
    headline,
    label_lines,
    links,
    state_sentence,
    timeline_lines,
)

# Lines may be 998 bytes long (RFC 5322, 2.1.1). At the 78 that the standard library
# folds at by itself, it breaks words of subjects with letters such as `ó`: one in
# eight of 3000 tried on Python 3.11 and 3.12, none at 998.
EMAIL_POLICY = SMTP.clone(max_line_length=998)

_SUBJECT_LENGTH = 200
_TIMELINE_ROWS = 10

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


def render_email(context: MessageContext) -> EmailText:
    """Return the e-mail that tells how the incident stands now.

    Every text of an alert is on one line of visible characters before it gets
    here, so that a label cannot add a header or a line of its own.
    """
    told = {
        "headline": headline(context),
        "state": state_sentence(context),
        "description": cut_at_word(description(context), 5000),
        "because": one_line(context.message.because),
        "links": links(context),
        "alerts": alert_lines(context),
        "labels": label_lines(context),
        "timeline": timeline_lines(context, _TIMELINE_ROWS),
    }
    return EmailText(
        subject=cut_at_word(f"[Guardia] {headline(context)}", _SUBJECT_LENGTH),
        text=_templates.get_template("incident.txt").render(told),
        html=_templates.get_template("incident.html").render(told),
    )

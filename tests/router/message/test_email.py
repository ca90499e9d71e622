"""E-mails: plain, HTML, and no way out of either."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from router.escalation.model import Foreseen
from router.incident.model import Event, EventKind, Incident
from router.message.email import EMAIL_POLICY, render_email
from router.message.own_templates import OwnTemplates
from router.oncall.model import PersonId
from tests.router.making import NOON, context, incident, incident_alert, minutes
from tests.router.message.hostile import TEXTS, incidents

ANSWER = "https://guardia.example/act/t0ken"


def test_an_email_says_what_is_wrong_why_you_and_where_to_read_on() -> None:
    paged = Event(at=NOON, kind=EventKind.PAGED, text="Page to Engineer ana by email.")
    alert = incident_alert(severity="critical", service="casos", summary="casos is down")

    following = Foreseen(people=(PersonId("ben"),), at=NOON + minutes(15))
    mail = render_email(
        context(incident(alert), timeline=[paged], paged=["ana"], following=following)
    )

    assert mail.subject == "[Guardia] #1 critical: casos is down"
    assert mail.text == (
        "#1 critical: casos is down\n"
        "\n"
        "Firing since 24 Nov 2026 12:00 UTC; nobody has acknowledged it yet.\n"
        "Paged: Engineer ana. Next: ben at 24 Nov 2026 12:15 UTC,"
        " unless somebody acknowledges.\n"
        "\n"
        "Why you: Step 1 of policy plataforma names Engineer ana.\n"
        "\n"
        "Incident: https://guardia.example/incidents/1\n"
        "\n"
        "Alerts:\n"
        "  critical: DatabaseDown on casos, since 24 Nov 2026 12:00 UTC\n"
        "\n"
        "Labels they share:\n"
        "  alertname: DatabaseDown\n"
        "  service: casos\n"
        "  severity: critical\n"
        "\n"
        "What happened so far:\n"
        "  24 Nov 2026 12:00:00 UTC Page to Engineer ana by email.\n"
    )
    assert Tags(mail.html).links == ["https://guardia.example/incidents/1"]


def test_who_can_answer_finds_the_link_first_and_on_a_line_of_its_own() -> None:
    mail = render_email(context(incident()), answer_url=ANSWER)

    first, empty, link, empty_too, state, *_ = mail.text.splitlines()
    assert (first, empty, link) == ("#1 critical: DatabaseDown", "", f"Answer: {ANSWER}")
    assert (empty_too, state.partition(" ")[0]) == ("", "Firing")
    assert Tags(mail.html).links == [ANSWER, "https://guardia.example/incidents/1"]


def test_a_template_of_ones_own_finds_the_link_among_the_others() -> None:
    source = "{% for link in links %}{{ link.text }}: {{ link.href }}\n{% endfor %}"
    own = OwnTemplates({"email.txt": source}, lambda name, reason: None)

    mail = render_email(replace(context(incident()), templates=own), answer_url=ANSWER)

    assert mail.text.splitlines() == [
        f"Answer: {ANSWER}",
        "Incident: https://guardia.example/incidents/1",
    ]


class Tags(HTMLParser):
    """Collects what a reader's program would see as elements and links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]


# What a table has that is no table to a screen reader, and is drawn by Outlook.
BUTTON = {"role", "cellpadding", "cellspacing", "border", "bgcolor"}
OUR_TAGS = {
    *("html", "head", "meta", "title", "body", "h1", "h2", "p", "strong", "a", "ul", "li"),
    *("table", "tr", "th", "td", "div"),
}


@given(incidents(), TEXTS, TEXTS, st.lists(TEXTS, max_size=4))
def test_whatever_an_alert_holds_it_stays_text(
    hostile: Incident, because: str, url: str, told: list[str]
) -> None:
    timeline = [Event(at=NOON, kind=EventKind.PAGED, text=text) for text in told]
    mail = render_email(
        context(hostile, because=because, incident_url=url, timeline=timeline), answer_url=ANSWER
    )

    page = Tags(mail.html)
    assert page.seen <= OUR_TAGS
    attributes = {"lang", "charset", "name", "content", "style", "href", "rel", "align"}
    assert page.attributes <= attributes | BUTTON
    assert all(link.startswith(("http://", "https://")) for link in page.links)
    assert mail.subject.isprintable()
    assert len(mail.subject) <= 200


@given(st.lists(st.sampled_from(["región", "Caída", "casos", "0¡¡", "on", "🔥"]), max_size=30))
def test_a_subject_in_any_language_arrives_as_it_was(words: list[str]) -> None:
    mail = render_email(context(incident(incident_alert(summary=" ".join(words)))))
    sent = EmailMessage(policy=EMAIL_POLICY)
    sent["Subject"] = mail.subject

    assert (
        str(message_from_bytes(sent.as_bytes(), policy=policy.default)["Subject"]) == mail.subject
    )


@given(incidents())
def test_a_subject_cannot_add_a_header(hostile: Incident) -> None:
    mail = render_email(context(hostile))
    sent = EmailMessage(policy=EMAIL_POLICY)
    sent["Subject"] = mail.subject
    sent.set_content(mail.text)
    sent.add_alternative(mail.html, subtype="html")

    received = message_from_bytes(sent.as_bytes(), policy=policy.default)
    assert set(received.keys()) == {"Subject", "MIME-Version", "Content-Type"}
    assert str(received["Subject"]) == mail.subject

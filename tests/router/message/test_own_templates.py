"""Templates of the operators' own: what they can do, what they cannot, and what they never cost."""

from collections.abc import Mapping

import pytest
from hypothesis import given

from router.incident.model import Incident
from router.message.email import render_email
from router.message.model import MessageContext
from router.message.own_templates import NAMES, OwnTemplates, find_problem
from router.message.pagerduty import render_event
from router.message.slack import render_slack
from tests.fakes.pagerduty_rules import find_errors
from tests.fakes.slack_rules import find_block_errors
from tests.router.making import context, incident, incident_alert
from tests.router.message.hostile import TEXTS, incidents
from tests.router.message.test_email import Tags

KEY = "0123456789abcdef0123456789abcdef"
HOSTILE = "<script>alert(1)</script>"


class Failures:
    """Keeps which templates failed, and why."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def __call__(self, name: str, reason: str) -> None:
        self.told.append((name, reason))


def told(sources: Mapping[str, str], failures: Failures, summary: str = HOSTILE) -> MessageContext:
    alert = incident_alert(severity="critical", service="casos", summary=summary)
    return context(incident(alert), templates=OwnTemplates(sources, failures))


def test_each_text_can_be_replaced() -> None:
    failures = Failures()
    about = told(
        {
            "email-subject.txt": "{{ severity }}: {{ label.service }}\nBcc: x@y.example",
            "email.txt": "{{ title }} {% for alert in alerts %}({{ alert }}){% endfor %}",
            "email.html": "<p>{{ title }}</p>",
            "pagerduty.txt": "{{ number }} {{ title }}\n",
            "slack.txt": "{{ title }}\n{{ who }}",
        },
        failures,
    )

    mail, event, message = render_email(about), render_event(about, KEY), render_slack(about)

    assert mail.subject == "critical: casos Bcc: x@y.example"
    assert mail.text.startswith(f"{HOSTILE} (critical: DatabaseDown on casos, since")
    assert mail.html == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"
    assert event["payload"]["summary"] == f"1 {HOSTILE}"
    header, own, links = message.blocks
    assert header["text"]["text"].startswith("#1 critical")
    assert own["text"]["text"] == "&lt;script&gt;alert(1)&lt;/script&gt;\nThis wakes nobody."
    assert links["text"]["text"] == "<https://guardia.example/incidents/1|Incident>"
    assert failures.told == []


BROKEN = [
    "{{ no_such_thing }}",
    "{{ label.no_such_label }}",
    "{{ 1 / 0 }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ label.update({'a': 'b'}) }}",
    "{% include '/etc/passwd' %}",
    "{% for _ in range(10000000) %}{% endfor %}",
    "{{ title | no_such_filter }}",
    "{% if %}",
    " \n\u200b",
]


@pytest.mark.parametrize("source", BROKEN)
def test_a_template_that_fails_costs_its_text_and_no_page(source: str) -> None:
    failures = Failures()
    with_broken = told(dict.fromkeys(NAMES, source), failures)
    with_ours = told({}, failures)

    assert render_email(with_broken) == render_email(with_ours)
    assert render_slack(with_broken) == render_slack(with_ours)
    assert render_event(with_broken, KEY) == render_event(with_ours, KEY)
    assert sorted(name for name, _ in failures.told) == sorted(NAMES)


def test_a_failure_tells_why_and_nothing_of_the_incident() -> None:
    failures = Failures()
    render_event(told({"pagerduty.txt": "{{ title + 1 }}"}, failures), KEY)
    render_event(told({"pagerduty.txt": "{{ nobody }}"}, failures), KEY)

    assert [reason for _, reason in failures.told] == [
        "TypeError",
        "UndefinedError: 'nobody' is undefined",
    ]


@given(incidents(), TEXTS)
def test_whatever_an_alert_holds_own_templates_stay_within_the_limits(
    hostile: Incident, because: str
) -> None:
    everything = "{{ title }} {{ because }} {{ description }} {{ labels }} {{ alerts }}\n" * 20
    sources = dict.fromkeys(NAMES, everything) | {"email.html": "<p>{{ title }}{{ because }}</p>"}
    failures = Failures()
    about = context(hostile, because=because, templates=OwnTemplates(sources, failures))

    mail = render_email(about)
    assert len(mail.subject) <= 200
    assert mail.subject.isprintable()
    assert Tags(mail.html).seen == {"p"}
    assert find_errors(render_event(about, KEY)) == []
    assert find_block_errors(render_slack(about).blocks) == []
    assert failures.told == []


@pytest.mark.parametrize(
    ("name", "source", "problem"),
    [
        ("email.txt", "{{ title }}", None),
        ("mail.txt", "{{ title }}", "mail.txt replaces nothing"),
        ("email.txt", "\n{% if %}", "email.txt cannot be used, ours is instead: Template"),
    ],
)
def test_what_cannot_be_used_is_said_beforehand(
    name: str, source: str, problem: str | None
) -> None:
    found = find_problem(name, source)
    assert (found is None) if problem is None else str(found).startswith(problem)

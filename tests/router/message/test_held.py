"""A summary of what waited for a channel's hours, on each channel."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.incident.model import Incident, IncidentState
from router.language import IN_ENGLISH
from router.message.email import render_email
from router.message.held import LINE_LENGTH, SHOWN, held_headline
from router.message.model import Carried, MessageContext, MessageKind, Told
from router.message.slack import render_slack
from router.message.webhook import render_body
from router.oncall.model import PersonId
from tests.fakes.slack_rules import BLOCKS_TEXT_MAX, find_block_errors, text_length
from tests.router.making import NOON, context, incident, incident_alert, minutes
from tests.router.message.hostile import TEXTS, incidents
from tests.router.message.test_email import OUR_TAGS, Tags

GOES_ON = incident(incident_alert(severity="medium", service="casos", summary="casos is slow"))
TAKEN = replace(
    incident(incident_alert(severity="low", service="pagos", environment="prod")),
    state=IncidentState.ACKNOWLEDGED,
    acknowledged_by="ana",
    acknowledged_at=NOON + minutes(5),
)
OVER = replace(
    incident(incident_alert(severity="medium", service="login", firing=False)),
    state=IncidentState.RESOLVED,
    resolved_at=NOON + minutes(30),
)


def summary(
    *told: Incident, url: str = "https://guardia.example/incidents/", left_out: Sequence[int] = ()
) -> MessageContext:
    """Return the context of a summary of these incidents; `left_out` counts open and over ones."""
    still_open = [one for one in told if one.is_open]
    more_open, more_over = left_out or (0, 0)
    carried = Carried(
        told=tuple(
            Told(number=number, incident=one, url=url and f"{url}{number}")
            for number, one in enumerate(told, start=1)
        ),
        open_count=len(still_open) + more_open,
        over_count=len(told) - len(still_open) + more_over,
    )
    made = context(told[0], kind=MessageKind.SUMMARY, because="")
    return replace(made, carried=carried)


THREE = summary(GOES_ON, TAKEN, OVER)


def slack_texts(made: MessageContext) -> list[str]:
    return [str(block["text"]["text"]) for block in render_slack(made).blocks]


@pytest.mark.parametrize(
    ("open_count", "over_count", "headline"),
    [
        (2, 1, "3 incidents outside of hours, 2 still open"),
        (0, 2, "2 incidents outside of hours, all over"),
        (1, 0, "1 incident outside of hours, 1 still open"),
    ],
)
def test_the_headline_counts(open_count: int, over_count: int, headline: str) -> None:
    carried = Carried(told=(), open_count=open_count, over_count=over_count)

    assert held_headline(carried, IN_ENGLISH) == headline


def test_a_mail_lists_what_goes_on_and_then_what_is_over() -> None:
    mail = render_email(THREE)

    assert mail.subject == "[Guardia] 3 incidents outside of hours, 2 still open"
    assert mail.text == (
        "3 incidents outside of hours, 2 still open\n"
        "\n"
        "Still open:\n"
        "  #1 medium since 24 Nov 2026 12:00 UTC: casos is slow (service=casos)\n"
        "    https://guardia.example/incidents/1\n"
        "  #2 low since 24 Nov 2026 12:00 UTC, acknowledged by Engineer ana:"
        " DatabaseDown on pagos (service=pagos, environment=prod)\n"
        "    https://guardia.example/incidents/2\n"
        "\n"
        "Already over:\n"
        "  #3 medium, resolved at 24 Nov 2026 12:30 UTC, after 30 min:"
        " DatabaseDown on login (service=login)\n"
        "\n"
        "An incident that is still open is told by itself when it changes.\n"
    )
    assert Tags(mail.html).links == [f"https://guardia.example/incidents/{n}" for n in (1, 2)]


def test_slack_is_told_the_same_with_links_of_our_own_words() -> None:
    header, still_open, links, over = slack_texts(THREE)

    assert header == "3 incidents outside of hours, 2 still open"
    assert still_open.splitlines()[:2] == [
        "Still open",
        "#1 medium since 24 Nov 2026 12:00 UTC: casos is slow (service=casos)",
    ]
    assert links == (
        "<https://guardia.example/incidents/1|#1> · <https://guardia.example/incidents/2|#2>"
    )
    assert over.splitlines()[0] == "Already over"


def test_a_receiver_of_ones_own_gets_a_list() -> None:
    body = json.loads(render_body(summary(GOES_ON, TAKEN, OVER, left_out=(0, 4))))

    assert (body["version"], body["kind"]) == (1, "summary")
    assert [one["number"] for one in body["incidents"]] == [1, 2, 3]
    assert body["incidents"][1]["state"] == "acknowledged"
    assert body["incidents"][0]["labels"]["service"] == "casos"
    assert body["incidents"][0]["url"] == "https://guardia.example/incidents/1"
    assert (body["incidents_open"], body["incidents_left_out"]) == (2, 4)


def test_many_are_counted_on_every_channel() -> None:
    many = summary(*[GOES_ON] * (SHOWN + 3), *[OVER] * (SHOWN + 2), left_out=(100, 1000))

    mail, slack = render_email(many), "\n".join(slack_texts(many))

    for text in (mail.text, mail.html, slack):
        assert text.count("+ 103 more") == text.count("+ 1002 more") == 1
        assert text.count("casos is slow") == text.count("resolved at") == SHOWN


def test_those_that_are_over_are_counted_where_none_is_listed() -> None:
    flood = summary(GOES_ON, left_out=(0, 7))

    assert "Already over:\n  + 7 more\n" in render_email(flood).text
    assert slack_texts(flood)[-1] == "Already over\n+ 7 more"


def test_without_an_address_there_is_no_link() -> None:
    bare = summary(GOES_ON, OVER, url="")

    assert "http" not in render_email(bare).text
    assert len(render_slack(bare).blocks) == 3
    assert json.loads(render_body(bare))["incidents"][0]["url"] is None


HOSTILE = st.builds(
    lambda told, url, times: summary(*(told * times), url=url),
    st.lists(incidents(), min_size=1, max_size=3),
    TEXTS,
    st.sampled_from([1, 1, 20]),
)


@given(HOSTILE, TEXTS)
def test_whatever_alerts_hold_slack_takes_a_summary_and_reads_no_markup(
    made: MessageContext, name: str
) -> None:
    message = render_slack(replace(made, names={PersonId("ana"): name}))

    assert find_block_errors(message.blocks) == []
    assert text_length(message.blocks) <= BLOCKS_TEXT_MAX
    assert not set("<>") & set(message.text)
    for block in message.blocks:
        text: dict[str, Any] = block["text"]
        if text["type"] == "plain_text":
            assert text["emoji"] is False
            assert not set("<>") & set(text["text"])
        else:
            link = r"<https?://[^<>|\s]+\|#\d+>"
            assert re.fullmatch(rf"{link}( · {link})*", text["text"])
    told = made.carried
    assert told is not None
    lines = "\n".join(str(block["text"]["text"]) for block in message.blocks)
    shown = [one.number for one in told.told if one.incident.is_open][:SHOWN]
    assert all(f"#{number} " in lines for number in shown)  # none is cut off by its section


@given(HOSTILE)
def test_whatever_alerts_hold_a_mail_stays_text(made: MessageContext) -> None:
    mail = render_email(made)

    assert "\n" not in mail.subject
    assert mail.subject.isprintable()
    assert Tags(mail.html).seen <= OUR_TAGS
    assert Tags(mail.html).attributes <= {
        *("lang", "charset", "name", "content", "style", "href", "rel")
    }
    assert all(link.startswith(("http://", "https://")) for link in Tags(mail.html).links)
    assert all(line.isprintable() for line in mail.text.split("\n"))
    listed = [line.strip() for line in mail.text.split("\n") if line.startswith("  #")]
    assert listed
    assert all(len(line) <= LINE_LENGTH for line in listed)


@given(HOSTILE)
def test_whatever_alerts_hold_a_receiver_gets_one_json_object(made: MessageContext) -> None:
    sent = render_body(made)

    assert sent.isascii()
    told = made.carried
    assert told is not None
    assert len(json.loads(sent)["incidents"]) == len(told.told)

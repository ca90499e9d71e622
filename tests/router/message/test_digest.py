"""A digest, one page for many incidents, on each channel."""

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
from router.message.digest import NUMBERS, digest_headline
from router.message.email import render_email
from router.message.held import LINE_LENGTH, SHOWN
from router.message.model import Carried, MessageContext, MessageKind, Told
from router.message.pagerduty import render_event
from router.message.slack import render_slack
from router.message.webhook import render_body
from router.oncall.model import PersonId
from tests.fakes.pagerduty_rules import find_errors
from tests.fakes.slack_rules import BLOCKS_TEXT_MAX, find_block_errors, text_length
from tests.router.making import NOON, context, incident, incident_alert, minutes
from tests.router.message.hostile import TEXTS, incidents
from tests.router.message.test_email import ANSWER, BUTTON, OUR_TAGS, Tags

KEY = "0123456789abcdef0123456789abcdef"
NOBODY_HAS_IT = incident(
    incident_alert(severity="critical", service="casos", summary="casos is down")
)
TAKEN = replace(
    incident(incident_alert(severity="critical", service="pagos", environment="prod")),
    state=IncidentState.ACKNOWLEDGED,
    acknowledged_by="ana",
    acknowledged_at=NOON + minutes(1),
)
OVER = replace(
    incident(incident_alert(severity="critical", service="login", firing=False)),
    state=IncidentState.RESOLVED,
    resolved_at=NOON + minutes(2),
)


def digest(
    *told: Incident,
    others: Sequence[int] = (),
    url: str = "https://guardia.example/incidents/",
    kind: MessageKind = MessageKind.DIGEST,
    because: str = "5 or more pages went to you within a minute.",
) -> MessageContext:
    """Return the context of a digest of these incidents, in this order; nobody has `others`."""
    states = [one.state for one in told]
    over = states.count(IncidentState.RESOLVED)
    carried = Carried(
        told=tuple(
            Told(number=number, incident=one, url=url and f"{url}{number}")
            for number, one in enumerate(told, start=1)
        ),
        open_count=len(told) - over + len(others),
        over_count=over,
        triggered_count=states.count(IncidentState.TRIGGERED) + len(others),
        others=tuple(others),
    )
    made = context(told[0], kind=kind, because=because, dedup_key="installation/1/digest.2/ana")
    return replace(made, carried=carried)


THREE = digest(NOBODY_HAS_IT, TAKEN, OVER)


def slack_texts(made: MessageContext) -> list[str]:
    return [str(block["text"]["text"]) for block in render_slack(made).blocks]


@pytest.mark.parametrize(
    ("made", "headline"),
    [
        (digest(NOBODY_HAS_IT), "1 incident in one page, the worst critical"),
        (
            digest(NOBODY_HAS_IT, others=range(5, 99)),
            "95 incidents in one page, the worst critical",
        ),
        (THREE, "3 incidents in one page, the worst critical, 1 left to acknowledge"),
        (digest(TAKEN, OVER), "2 incidents in one page, none left to acknowledge"),
        (digest(OVER, OVER), "2 incidents in one page, all over"),
    ],
)
def test_the_headline_says_how_many_and_how_bad(made: MessageContext, headline: str) -> None:
    assert made.carried is not None

    assert digest_headline(made.carried, IN_ENGLISH) == headline


def test_pagerduty_is_told_what_they_are_and_each_number() -> None:
    event = render_event(digest(NOBODY_HAS_IT, TAKEN, OVER, others=[7, 8, 9]), KEY)

    assert (event["event_action"], event["dedup_key"]) == ("trigger", "installation/1/digest.2/ana")
    payload = event["payload"]
    assert payload["severity"] == "critical"
    assert payload["summary"] == (
        "6 incidents in one page, the worst critical, 4 left to acknowledge:"
        " #1 critical: casos is down; #2 critical: DatabaseDown on pagos;"
        " #3 critical: DatabaseDown on login"
    )
    details = payload["custom_details"]
    assert details["why you"] == "5 or more pages went to you within a minute."
    assert details["incidents"] == [
        "#1 critical since 24 Nov 2026 12:00 UTC: casos is down (service=casos)",
        "#2 critical since 24 Nov 2026 12:00 UTC, acknowledged by Engineer ana:"
        " DatabaseDown on pagos (service=pagos, environment=prod)",
        "#3 critical, resolved at 24 Nov 2026 12:02 UTC, after 2 min:"
        " DatabaseDown on login (service=login)",
    ]
    assert details["also"] == "And #7, #8, #9"
    assert event["links"][2] == {"href": "https://guardia.example/incidents/3", "text": "#3"}
    assert event["client_url"] == "https://guardia.example/incidents/1#digest.2"
    assert find_errors(event) == []


@pytest.mark.parametrize("kind", [MessageKind.ACKNOWLEDGE, MessageKind.RESOLVE])
def test_its_end_names_the_digest_at_pagerduty(kind: MessageKind) -> None:
    event = render_event(digest(OVER, kind=kind), KEY)

    assert event == {
        "routing_key": KEY,
        "event_action": kind.value,
        "dedup_key": "installation/1/digest.2/ana",
    }


def test_a_mail_lists_them() -> None:
    made = digest(NOBODY_HAS_IT, OVER, others=[7])
    mail = render_email(made)

    assert mail.subject == (
        "[Guardia] 3 incidents in one page, the worst critical, 2 left to acknowledge"
    )
    assert mail.text == (
        "3 incidents in one page, the worst critical, 2 left to acknowledge\n"
        "\n"
        "Why you: 5 or more pages went to you within a minute.\n"
        "\n"
        "Incidents:\n"
        "  #1 critical since 24 Nov 2026 12:00 UTC: casos is down (service=casos)\n"
        "    https://guardia.example/incidents/1\n"
        "  #2 critical, resolved at 24 Nov 2026 12:02 UTC, after 2 min:"
        " DatabaseDown on login (service=login)\n"
        "    https://guardia.example/incidents/2\n"
        "  And #7\n"
    )
    assert Tags(mail.html).links == [f"https://guardia.example/incidents/{n}" for n in (1, 2)]
    answered = render_email(made, answer_url=ANSWER)
    assert answered.text.splitlines()[2] == f"Answer: {ANSWER}"
    assert Tags(answered.html).links == [ANSWER, *Tags(mail.html).links]


def test_slack_shows_them_and_shows_later_who_has_them() -> None:
    header, why, lines, links = slack_texts(digest(NOBODY_HAS_IT, NOBODY_HAS_IT))
    assert header == "2 incidents in one page, the worst critical"
    assert why == "Why you: 5 or more pages went to you within a minute."
    assert lines.splitlines()[1:] == [
        f"#{number} critical since 24 Nov 2026 12:00 UTC: casos is down (service=casos)"
        for number in (1, 2)
    ]
    assert links == (
        "<https://guardia.example/incidents/1|#1> · <https://guardia.example/incidents/2|#2>"
    )

    edited = slack_texts(digest(TAKEN, kind=MessageKind.ACKNOWLEDGE, because=""))

    assert edited[0] == "1 incident in one page, none left to acknowledge"
    assert "acknowledged by Engineer ana" in edited[1]


def test_a_receiver_of_ones_own_gets_a_list() -> None:
    body = json.loads(render_body(digest(NOBODY_HAS_IT, TAKEN, OVER, others=[7, 8])))

    assert (body["version"], body["kind"], body["id"]) == (
        1,
        "digest",
        "installation/1/digest.2/ana",
    )
    assert body["person"] == {"id": "ana", "name": "Engineer ana"}
    assert [one["number"] for one in body["incidents"]] == [1, 2, 3]
    assert (body["incidents_open"], body["incidents_triggered"]) == (4, 3)
    assert (body["incidents_left_out"], body["numbers_left_out"]) == (2, [7, 8])


def test_of_thousands_the_first_are_named_and_the_others_counted() -> None:
    flood = digest(*[NOBODY_HAS_IT] * 50, others=range(1000, 4000))

    event = render_event(flood, KEY)

    assert len(event["payload"]["custom_details"]["incidents"]) == 50
    for text in (
        event["payload"]["custom_details"]["also"],
        render_email(flood).text,
        render_email(flood).html,
        slack_texts(flood)[-1],
    ):
        assert re.search(r"\+ \d+ more", text)
    assert slack_texts(flood)[-1].count("#") == NUMBERS
    assert find_errors(event) == []
    assert find_block_errors(render_slack(flood).blocks) == []


def test_without_an_address_there_is_no_link() -> None:
    bare = replace(digest(NOBODY_HAS_IT, url=""), incident_url="")

    event = render_event(bare, KEY)
    assert event["links"] == []
    assert "client_url" not in event
    assert "http" not in render_email(bare).text


HOSTILE = st.builds(
    lambda told, url, because, times, others, kind: digest(
        *(told * times), url=url, because=because, others=range(1000, 1000 + others), kind=kind
    ),
    st.lists(incidents(), min_size=1, max_size=3),
    TEXTS,
    TEXTS,
    st.sampled_from([1, 1, 16]),
    st.sampled_from([0, 0, 3000]),
    st.sampled_from([MessageKind.DIGEST, MessageKind.ACKNOWLEDGE, MessageKind.RESOLVE]),
)


@given(HOSTILE)
def test_whatever_alerts_hold_pagerduty_takes_a_digest(made: MessageContext) -> None:
    event = render_event(made, KEY)

    assert find_errors(event) == []
    if made.message.kind is MessageKind.DIGEST:
        assert all(link["href"].startswith(("http://", "https://")) for link in event["links"])
        assert event["payload"]["summary"].isprintable()


@given(HOSTILE, TEXTS)
def test_whatever_alerts_hold_slack_takes_a_digest_and_reads_no_markup(
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
    assert all(f"#{one.number} " in lines for one in told.told[:SHOWN])


@given(HOSTILE)
def test_whatever_alerts_hold_a_mail_stays_text(made: MessageContext) -> None:
    mail = render_email(made, answer_url=ANSWER)

    assert "\n" not in mail.subject
    assert mail.subject.isprintable()
    assert Tags(mail.html).seen <= OUR_TAGS
    assert Tags(mail.html).attributes <= {
        *("lang", "charset", "name", "content", "style", "href", "rel"),
        *BUTTON,
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

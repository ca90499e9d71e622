"""One attempt on each channel: what it sends, and what each answer means."""

import json
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from router.address import Address
from router.channels.outcome import FailureReason, Outcome, Refused, Retry, Sent
from router.channels.pagerduty import PagerDuty
from router.channels.secret import SecretUnavailableError, read_secret
from router.channels.slack import Slack
from router.channels.smtp import Email
from router.message.model import MessageContext, MessageKind
from router.settings import SmtpTls
from tests.fakes.pagerduty import PagerDutyFake
from tests.fakes.slack import SlackFake
from tests.fakes.smtp import SmtpFake
from tests.router.making import context, incident, incident_alert, minutes

KEY = "k" * 32
HOSTILE = "casos\r\nBcc: everybody@conecta360.example\r\n\r\n<!channel> <b>\N{FIRE}"


@pytest.fixture
def pagerduty() -> Iterator[PagerDutyFake]:
    with PagerDutyFake(keys={"ana": KEY}).serving() as fake:
        yield fake


@pytest.fixture
def slack() -> Iterator[SlackFake]:
    with SlackFake(token="xoxb-1", channels=["#operaciones"]).serving() as fake:
        yield fake


@pytest.fixture
def secrets_dir(tmp_path: Path) -> Path:
    (tmp_path / "pagerduty-ana").write_text(KEY)
    (tmp_path / "slack-token").write_text("xoxb-1")
    (tmp_path / "smtp-password").write_text("right")
    return tmp_path


def about(channel: str, address: str, **fields: object) -> MessageContext:
    alert = incident_alert(severity="critical", service="casos", summary=HOSTILE)
    made = context(incident(alert), kind=MessageKind.NOTICE)
    message = replace(made.message, address=Address(channel=channel, address=address))
    return replace(made, message=message, **fields)  # type: ignore[arg-type]


def page() -> MessageContext:
    return context(incident(incident_alert(severity="critical", summary=HOSTILE)))


def reason(outcome: Outcome) -> tuple[type, FailureReason | None]:
    return type(outcome), None if isinstance(outcome, Sent) else outcome.reason


# PagerDuty


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (500, (Retry, FailureReason.PROVIDER_ERROR)),
        (503, (Retry, FailureReason.PROVIDER_ERROR)),
        (429, (Retry, FailureReason.RATE_LIMITED)),
        (400, (Refused, FailureReason.CONTENT)),
        (413, (Refused, FailureReason.CONTENT)),
        (401, (Refused, FailureReason.CREDENTIALS)),
        (403, (Refused, FailureReason.CREDENTIALS)),
        (404, (Retry, FailureReason.PROVIDER_ERROR)),
        (302, (Retry, FailureReason.PROVIDER_ERROR)),
    ],
)
async def test_pagerduty_is_asked_exactly_once_whatever_it_answers(
    pagerduty: PagerDutyFake,
    secrets_dir: Path,
    status: int,
    expected: tuple[type, FailureReason],
) -> None:
    pagerduty.fail_next(None, status=status, body={"status": "error"})
    outcome = await PagerDuty(url=pagerduty.url, secrets_dir=secrets_dir).attempt(page())

    assert reason(outcome) == expected
    assert len(pagerduty.calls) == 1


async def test_events_go_to_the_host_of_the_setting_as_for_accounts_in_the_eu(
    pagerduty: PagerDutyFake, secrets_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a proxy, which is told the host that is meant."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", pagerduty.url)

    await PagerDuty(url="http://events.eu.pagerduty.com", secrets_dir=secrets_dir).attempt(page())

    (call,) = pagerduty.calls
    assert call.headers["host"] == "events.eu.pagerduty.com"
    assert call.path.endswith("/v2/enqueue")


@pytest.mark.parametrize("end", ["", "/"])
async def test_a_slash_at_the_end_of_the_setting_changes_nothing(
    pagerduty: PagerDutyFake, secrets_dir: Path, end: str
) -> None:
    channel = PagerDuty(url=pagerduty.url + end, secrets_dir=secrets_dir)
    assert await channel.attempt(page()) == Sent()


async def test_pagerduty_says_when_to_come_back(
    pagerduty: PagerDutyFake, secrets_dir: Path
) -> None:
    pagerduty.fail_next(1, status=429, headers={"Retry-After": "30"})
    outcome = await PagerDuty(url=pagerduty.url, secrets_dir=secrets_dir).attempt(page())
    assert isinstance(outcome, Retry)
    assert outcome.after is not None
    assert outcome.after.total_seconds() == 30


async def test_a_cut_connection_is_a_retry(pagerduty: PagerDutyFake, secrets_dir: Path) -> None:
    pagerduty.fail_next(1, drops_connection=True)
    outcome = await PagerDuty(url=pagerduty.url, secrets_dir=secrets_dir).attempt(page())
    assert reason(outcome) == (Retry, FailureReason.UNREACHABLE)
    assert len(pagerduty.calls) == 1


async def test_a_routing_key_is_never_in_what_is_kept_of_an_answer(
    pagerduty: PagerDutyFake, secrets_dir: Path
) -> None:
    pagerduty.fail_next(1, status=400, body={"errors": [f"routing_key {KEY} is unknown"]})
    outcome = await PagerDuty(url=pagerduty.url, secrets_dir=secrets_dir).attempt(page())
    assert reason(outcome) == (Refused, FailureReason.CREDENTIALS)
    assert KEY not in str(outcome)


async def test_a_routing_key_at_the_length_limit_is_masked_before_it_is_cut(
    pagerduty: PagerDutyFake, secrets_dir: Path
) -> None:
    for length in range(250, 300):
        pagerduty.fail_next(1, status=400, body={"errors": ["x" * length + KEY]})
        outcome = await PagerDuty(url=pagerduty.url, secrets_dir=secrets_dir).attempt(page())
        assert "kkkk" not in str(outcome)


def test_a_secret_that_cannot_be_read_just_now_is_not_missing(secrets_dir: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(SecretUnavailableError):
            read_secret(secrets_dir, "slack-token")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# Slack


async def test_slack_posts_then_edits_the_same_message(slack: SlackFake, secrets_dir: Path) -> None:
    channel = Slack(url=slack.base_url, secrets_dir=secrets_dir)
    posted = await channel.attempt(about("slack", "#operaciones"))
    assert isinstance(posted, Sent)

    edited = await channel.attempt(about("slack", "#operaciones", sent_before=posted.provider_id))

    assert edited == posted
    assert [message.edits for message in slack.messages] == [1]
    assert slack.refused == ()


async def test_a_post_whose_answer_was_lost_is_found_and_edited(
    slack: SlackFake, secrets_dir: Path
) -> None:
    """The router died after Slack took it: the next attempt finds it by its metadata."""
    channel = Slack(url=slack.base_url, secrets_dir=secrets_dir)
    told = about("slack", slack.channel_id("operaciones"))
    other = replace(told, message=replace(told.message, dedup_key="installation/2/notice"))
    await channel.attempt(told)
    await channel.attempt(other)

    again = await channel.attempt(replace(told, maybe_sent_since=slack.now() - minutes(1)))

    assert isinstance(again, Sent)
    assert [message.edits for message in slack.messages] == [1, 0]
    assert json.loads(again.provider_id or "")["ts"] == slack.messages[0].ts


@pytest.mark.parametrize("address", ["#operaciones", "id"])
async def test_a_post_that_cannot_be_looked_for_is_posted_again(
    slack: SlackFake, secrets_dir: Path, address: str
) -> None:
    """A name has no history to ask for, and the bot may lack the scope: twice beats never."""
    slack.reads_history = False
    place = slack.channel_id("operaciones") if address == "id" else address
    channel = Slack(url=slack.base_url, secrets_dir=secrets_dir)
    told = about("slack", place)
    await channel.attempt(told)

    again = await channel.attempt(replace(told, maybe_sent_since=slack.now() - minutes(1)))

    assert isinstance(again, Sent)
    assert len(slack.messages) == 2


async def test_a_retry_of_what_was_never_posted_posts_it(
    slack: SlackFake, secrets_dir: Path
) -> None:
    channel = Slack(url=slack.base_url, secrets_dir=secrets_dir)
    told = about("slack", slack.channel_id("operaciones"), maybe_sent_since=slack.now())

    assert isinstance(await channel.attempt(told), Sent)
    assert len(slack.messages) == 1


async def test_what_was_deleted_in_slack_is_posted_anew(
    slack: SlackFake, secrets_dir: Path
) -> None:
    gone = json.dumps({"channel": slack.channel_id("operaciones"), "ts": "1.000100"})
    channel = Slack(url=slack.base_url, secrets_dir=secrets_dir)

    outcome = await channel.attempt(about("slack", "#operaciones", sent_before=gone))

    assert isinstance(outcome, Sent)
    assert len(slack.messages) == 1


def step(thread: str | None) -> MessageContext:
    told = about("slack", "#operaciones", thread=thread)
    because = "Page to Engineer <!channel> ben by pagerduty."
    message = replace(told.message, kind=MessageKind.ESCALATION, because=because)
    return replace(told, message=message)


async def test_a_step_is_told_in_the_thread_of_its_incident(
    slack: SlackFake, secrets_dir: Path
) -> None:
    channel = Slack(url=slack.base_url, secrets_dir=secrets_dir)
    notice = await channel.attempt(about("slack", "#operaciones"))
    assert isinstance(notice, Sent)

    assert isinstance(await channel.attempt(step(notice.provider_id)), Sent)

    first, reply = slack.messages
    assert (first.thread_ts, reply.thread_ts) == (None, first.ts)
    assert reply.text == "#1: Page to Engineer &lt;!channel&gt; ben by pagerduty."


async def test_the_end_of_a_page_that_was_never_accepted_disturbs_nobody(
    slack: SlackFake, secrets_dir: Path
) -> None:
    told = about("slack", "#operaciones")
    told = replace(told, message=replace(told.message, kind=MessageKind.RESOLVE))
    outcome = await Slack(url=slack.base_url, secrets_dir=secrets_dir).attempt(told)
    assert reason(outcome) == (Refused, FailureReason.ADDRESS)
    assert slack.calls == ()


async def test_a_step_whose_notice_was_deleted_is_told_on_its_own(
    slack: SlackFake, secrets_dir: Path
) -> None:
    gone = json.dumps({"channel": slack.channel_id("operaciones"), "ts": "1.000100"})
    channel = Slack(url=slack.base_url, secrets_dir=secrets_dir)

    assert isinstance(await channel.attempt(step(gone)), Sent)

    assert [message.thread_ts for message in slack.messages] == [None]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("channel_not_found", (Refused, FailureReason.ADDRESS)),
        ("is_archived", (Refused, FailureReason.ADDRESS)),
        ("invalid_auth", (Refused, FailureReason.CREDENTIALS)),
        ("msg_too_long", (Refused, FailureReason.CONTENT)),
        ("ratelimited", (Retry, FailureReason.RATE_LIMITED)),
        ("internal_error", (Retry, FailureReason.PROVIDER_ERROR)),
        ("an_error_of_next_year", (Retry, FailureReason.PROVIDER_ERROR)),
    ],
)
async def test_slack_says_errors_with_status_200(
    slack: SlackFake, secrets_dir: Path, error: str, expected: tuple[type, FailureReason]
) -> None:
    slack.refuse_next(error)
    channel = Slack(url=slack.base_url, secrets_dir=secrets_dir)
    assert reason(await channel.attempt(about("slack", "#operaciones"))) == expected
    assert len(slack.calls) == 1


async def test_slack_out_of_reach_or_out_of_its_mind_is_a_retry(
    slack: SlackFake, secrets_dir: Path
) -> None:
    channel = Slack(url=slack.base_url, secrets_dir=secrets_dir)
    slack.fail_next(1, drops_connection=True)
    first = await channel.attempt(about("slack", "#operaciones"))
    slack.fail_next(1, status=502, body={})
    second = await channel.attempt(about("slack", "#operaciones"))

    assert reason(first) == (Retry, FailureReason.UNREACHABLE)
    assert reason(second) == (Retry, FailureReason.PROVIDER_ERROR)
    assert len(slack.calls) == 2


async def test_without_its_token_slack_is_not_asked(slack: SlackFake, tmp_path: Path) -> None:
    channel = Slack(url=slack.base_url, secrets_dir=tmp_path)
    outcome = await channel.attempt(about("slack", "#operaciones"))
    assert reason(outcome) == (Refused, FailureReason.CREDENTIALS)
    assert slack.calls == ()


# E-mail


def email(fake: SmtpFake, folder: Path, *, user: str | None = None) -> Email:
    return Email(
        host=fake.host,
        port=fake.port,
        sender="Guardia <guardia@conecta360.example>",
        tls=SmtpTls.NONE,
        user=user,
        secrets_dir=folder,
    )


async def test_a_mail_goes_to_one_mailbox_whatever_an_alert_says(secrets_dir: Path) -> None:
    with SmtpFake().serving() as fake:
        channel = email(fake, secrets_dir)
        for _ in range(2):
            assert isinstance(await channel.attempt(about("email", "ana@x.example")), Sent)
        first, second = fake.mails

    assert first.recipients == ("ana@x.example",)
    assert first.message["Bcc"] is None
    assert "\n" not in first.subject
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.message["Message-ID"].endswith("@conecta360.example>")


@pytest.mark.parametrize(
    ("stage", "reply", "expected"),
    [
        ("RCPT", "550 5.1.1 No such mailbox", (Refused, FailureReason.ADDRESS)),
        ("RCPT", "451 4.3.0 Greylisted", (Retry, FailureReason.PROVIDER_ERROR)),
        ("DATA", "554 5.7.1 Spam", (Refused, FailureReason.CONTENT)),
        ("DATA", "452 4.3.1 Disk full", (Retry, FailureReason.PROVIDER_ERROR)),
        ("MAIL", None, (Retry, FailureReason.UNREACHABLE)),
    ],
)
async def test_what_a_mail_server_answers(
    secrets_dir: Path, stage: str, reply: str | None, expected: tuple[type, FailureReason]
) -> None:
    with SmtpFake().serving() as fake:
        fake.fail_next(1, stage=stage, reply=reply)  # type: ignore[arg-type]
        outcome = await email(fake, secrets_dir).attempt(about("email", "ana@x.example"))
    assert reason(outcome) == expected


async def test_a_mail_server_gets_user_and_password(secrets_dir: Path) -> None:
    with SmtpFake(users={"guardia": "right"}).serving() as fake:
        channel = email(fake, secrets_dir, user="guardia")
        assert isinstance(await channel.attempt(about("email", "ana@x.example")), Sent)
        assert fake.mails[0].authenticated_as == "guardia"

        (secrets_dir / "smtp-password").write_text("wrong")
        outcome = await channel.attempt(about("email", "ana@x.example"))
    assert reason(outcome) == (Refused, FailureReason.CREDENTIALS)


async def test_no_mail_server_is_said(secrets_dir: Path) -> None:
    channel = Email(
        host=None, port=25, sender="", tls=SmtpTls.NONE, user=None, secrets_dir=secrets_dir
    )
    outcome = await channel.attempt(about("email", "ana@x.example"))
    assert reason(outcome) == (Refused, FailureReason.CREDENTIALS)

"""Run all fakes and the inbox until a signal: `python -m tests.fakes --help`."""

import argparse
import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack

from tests.fakes.inbox import Inbox
from tests.fakes.pagerduty import PagerDutyFake
from tests.fakes.pagerduty_rules import ROUTING_KEY_LENGTH
from tests.fakes.slack import SlackFake
from tests.fakes.slack_buttons import Fingers
from tests.fakes.slack_hand import Hand
from tests.fakes.smtp import SmtpFake


def named_key(text: str) -> tuple[str, str]:
    """Parse "platform-1=<integration key>"."""
    name, equals, key = text.partition("=")
    if not (name and equals) or len(key) != ROUTING_KEY_LENGTH or not key.isalnum():
        raise argparse.ArgumentTypeError(
            f"expected NAME=KEY with a key of {ROUTING_KEY_LENGTH} letters and digits"
        )
    return name, key


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line; port 0 takes a free port."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes", description=__doc__)
    for name in ("pagerduty", "slack", "smtp", "inbox"):
        parser.add_argument(f"--{name}-port", type=int, default=0, metavar="N")
    parser.add_argument(
        "--routing-key",
        dest="routing_keys",
        type=named_key,
        action="append",
        default=[],
        metavar="NAME=KEY",
        help="an integration key and who it wakes; may be repeated",
    )
    parser.add_argument("--slack-token", required=True)
    parser.add_argument(
        "--slack-channel", dest="slack_channels", action="append", default=[], metavar="NAME"
    )
    parser.add_argument(
        "--slack-member", metavar="ID", help="who presses buttons in the inbox; with the next two"
    )
    parser.add_argument(
        "--slack-signing-secret", metavar="TEXT", help="by which Slack signs what is pressed"
    )
    parser.add_argument(
        "--slack-request-url", metavar="URL", help="where Slack sends what is pressed"
    )
    return parser.parse_args(arguments)


def open_hand(options: argparse.Namespace, slack: SlackFake) -> Hand | None:
    """Return who presses in the inbox; nobody where the app is not known."""
    given = (options.slack_member, options.slack_signing_secret, options.slack_request_url)
    if None in given:
        return None
    member, secret, url = given
    return Hand(fingers=Fingers(slack=slack, secret=secret), member=member, url=url)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    options = parse_arguments(arguments)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    pagerduty = PagerDutyFake(keys=dict(options.routing_keys))
    slack = SlackFake(token=options.slack_token, channels=options.slack_channels)
    mail = SmtpFake()
    hand = open_hand(options, slack)
    inbox = Inbox(pagerduty=pagerduty, slack=slack, mail=mail, hand=hand)
    with ExitStack() as running:
        running.enter_context(pagerduty.serving(options.pagerduty_port))
        running.enter_context(slack.serving(options.slack_port))
        running.enter_context(mail.serving(options.smtp_port))
        inbox.start(options.inbox_port)
        running.callback(inbox.stop)
        print(  # noqa: T201 - a command of its own: who starts it waits for this line
            f"ready pagerduty={pagerduty.url} slack={slack.base_url}"
            f" slack-hooks={slack.hooks_url}"
            f" smtp={mail.host}:{mail.port} inbox={inbox.url}/",
            flush=True,
        )
        stopping.wait()


if __name__ == "__main__":
    main()

"""What somebody alone is told by the `response_url` that came with what they pressed.

Source: Slack developer documentation, "Handling user interaction", 'response_url':
five answers within half an hour.
"""

from datetime import datetime, timedelta
from typing import Final

from tests.fakes.failures import Call
from tests.fakes.slack_arguments import SlackError, parse_arguments, parse_content
from tests.fakes.slack_records import TEAM_ID, Reply
from tests.fakes.slack_rules import TEXT_MAX

REPLIES_MAX: Final = 5
REPLIES_FOR: Final = timedelta(minutes=30)


class Replies:
    """The addresses that were given, and what came by them; under the lock of its workspace."""

    def __init__(self) -> None:
        self.taken: list[Reply] = []
        self._given: dict[str, datetime] = {}  # path -> when

    def __contains__(self, path: str) -> bool:
        return path in self._given

    def give(self, *, at: datetime) -> str:
        """Return the path of a new address."""
        path = f"/hooks/actions/{TEAM_ID}/{len(self._given) + 1}"
        self._given[path] = at
        return path

    def take(self, call: Call, *, at: datetime) -> None:
        """Take a sentence for one person; no token is asked for. Raises SlackError."""
        if sum(one.url == call.path for one in self.taken) >= REPLIES_MAX:
            raise SlackError("used_url")
        if at - self._given[call.path] > REPLIES_FOR:
            raise SlackError("expired_url")
        arguments = parse_arguments(call)
        if arguments.get("response_type") != "ephemeral" or arguments.get("replace_original"):
            raise SlackError("not_for_one_person")  # ours alone: others must not see it
        text = str(parse_content(arguments, text_max=TEXT_MAX).get("text", ""))
        if not text.strip():
            raise SlackError("no_text")
        self.taken.append(Reply(url=call.path, text=text, at=at))

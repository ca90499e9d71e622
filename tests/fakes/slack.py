"""Slack's Web API as far as an alert router uses it: auth.test, chat.postMessage, chat.update.

Source: Slack developer documentation, "Using the Slack Web API" and the pages
of the three methods; the OpenAPI document "Slack Web API" 1.7.0. Slack says
most errors in the body of an HTTP 200.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from tests.fakes.failures import Answer, Call, any_call
from tests.fakes.serving import HttpFake, utc_now
from tests.fakes.slack_answers import (
    check_writable,
    refusal_of,
    says_something,
    shown_as_json,
    success,
)
from tests.fakes.slack_arguments import SlackError, parse_arguments, parse_content, parse_metadata
from tests.fakes.slack_rate import PostRate
from tests.fakes.slack_records import (
    BOT_ID,
    BOT_USER,
    TEAM_ID,
    Channel,
    Message,
    Refused,
    Reply,
    version_of,
)
from tests.fakes.slack_replies import Replies
from tests.fakes.slack_rules import TEXT_MAX, UPDATE_TEXT_MAX


class SlackFake(HttpFake):
    """A workspace with one bot token.

    channels: names ("#operaciones") or Channels, for archived ones and the like.
    people: ids of users ("U024BE7LH"); a post to one opens a direct message.
    posts_per_minute: answer 429 beyond it, for each channel, over the last 60 s.
    """

    methods: ClassVar[Sequence[str]] = ("GET", "POST")

    def __init__(
        self,
        *,
        token: str,
        channels: Iterable[str | Channel],
        people: Iterable[str] = (),
        posts_per_minute: int | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(now=now)
        self.token = token
        self.channels = tuple(
            one
            if isinstance(one, Channel)
            else Channel(name=one.removeprefix("#"), id=f"C{index:010d}")
            for index, one in enumerate(channels, start=1)
        )
        # "chat.postMessage", 'Post to a DM': the user's id is taken, the conversation's answered.
        self.direct = {one: Channel(name=one, id=f"D{one.removeprefix('U')}") for one in people}
        self._rate = PostRate(posts_per_minute)
        self.reads_history = True  # has the scope channels:history
        self._messages: dict[tuple[str, str], Message] = {}
        self._refused: list[Refused] = []
        self._replies = Replies()

    # Records

    @property
    def base_url(self) -> str:
        """What slack-sdk's clients take as `base_url`; the slash at the end is needed."""
        return f"{self.url}/api/"

    @property
    def messages(self) -> tuple[Message, ...]:
        """Every message as it is now, in the order of posting."""
        with self.changed:
            return tuple(self._messages.values())

    @property
    def hooks_url(self) -> str:
        """What every `response_url` begins with; the true ones with https://hooks.slack.com/."""
        return f"{self.url}/hooks/"

    @property
    def replies(self) -> tuple[Reply, ...]:
        """What people were told by their `response_url`, in order."""
        with self.changed:
            return tuple(self._replies.taken)

    def give_reply_url(self) -> str:
        """Return a new `response_url`."""
        with self.changed:
            return f"{self.url}{self._replies.give(at=self.now())}"

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Every call that a rule refused, in order."""
        with self.changed:
            return tuple(self._refused)

    def channel_id(self, name: str) -> str:
        """Return the id of a channel. Raises KeyError."""
        channel = self._find_channel(name)
        if channel is None:
            raise KeyError(name)
        return channel.id

    def post_as_other(self, channel: str, text: str) -> Message:
        """Post as somebody else: the bot can not update that message."""
        with self.changed:
            found = self._find_channel(channel)
            if found is None:
                raise KeyError(channel)
            message = self._keep_message(found, {"text": text}, author="U0SOMEONE")
            self.changed.notify_all()
            return message

    def refuse_next(
        self,
        error: str,
        times: int | None = 1,
        *,
        when: Callable[[Call], bool] = any_call,
    ) -> None:
        """Answer the next calls with HTTP 200 and this error."""
        self.fail_next(times, status=200, body={"ok": False, "error": error}, when=when)

    def limit_next(self, times: int | None = 1, *, retry_after_seconds: int = 30) -> None:
        """Answer the next calls with HTTP 429 and Retry-After ("Rate limits", 'Overview')."""
        self.fail_next(times, status=429, headers={"Retry-After": str(retry_after_seconds)})

    # Answers

    def answer(self, call: Call) -> Answer | None:
        if call.path in self._replies:
            return self._reply(call)
        method = METHODS.get(call.path)
        if method is None:
            return None
        try:
            arguments = parse_arguments(call)
            self._check_token(call, arguments)
            return method(self, arguments)
        except SlackError as refusal:
            self._keep_refusal(call.path.removeprefix("/api/"), refusal)
            return refusal_of(refusal)

    def _reply(self, call: Call) -> Answer:
        try:
            self._replies.take(call, at=self.now())
        except SlackError as refusal:
            self._keep_refusal("response_url", refusal)
            return Answer(status=404, body={"ok": False, "error": refusal.error})
        return Answer(body={"ok": True})

    def _keep_refusal(self, method: str, refusal: SlackError) -> None:
        self._refused.append(
            Refused(method=method, error=refusal.error, details=refusal.details, at=self.now())
        )

    def failure_answer(self, status: int) -> Mapping[str, Any]:
        if status == 429:
            return {"ok": False, "error": "ratelimited"}
        return {"ok": False, "error": "internal_error"}

    def _check_token(self, call: Call, arguments: Mapping[str, Any]) -> None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            token = arguments.get("token", "")
        if not token:
            raise SlackError("not_authed")
        if token != self.token:
            raise SlackError("invalid_auth")

    def _auth_test(self, arguments: Mapping[str, Any]) -> Answer:
        return success(
            url=f"{self.url}/",
            team="Guardia",
            user="guardia",
            team_id=TEAM_ID,
            user_id=BOT_USER,
            bot_id=BOT_ID,
        )

    def _post_message(self, arguments: Mapping[str, Any]) -> Answer:
        channel = self._find_channel(str(arguments.get("channel", "")))
        if channel is None:
            raise SlackError("channel_not_found")
        check_writable(channel)
        content = parse_content(arguments, text_max=TEXT_MAX)
        if not says_something(content):
            raise SlackError("no_text")
        thread_ts = arguments.get("thread_ts")
        if thread_ts is not None and (channel.id, str(thread_ts)) not in self._messages:
            # slackapi/bolt-js#2307: what a reply to a deleted message is answered.
            raise SlackError("thread_not_found")
        if not self._rate.takes(channel.id, now=self.now()):
            raise SlackError("ratelimited")
        message = self._keep_message(
            channel,
            content,
            author=BOT_USER,
            thread_ts=thread_ts,
            metadata=parse_metadata(arguments),
        )
        return success(channel=channel.id, ts=message.ts, message=shown_as_json(message))

    def _update(self, arguments: Mapping[str, Any]) -> Answer:
        # "chat.update", argument `channel`: an id; a name is not looked up.
        channel_id = arguments.get("channel")
        conversations = (*self.channels, *self.direct.values())
        channel = next((one for one in conversations if one.id == channel_id), None)
        if channel is None:
            raise SlackError("channel_not_found")
        check_writable(channel)
        message = self._messages.get((channel.id, str(arguments.get("ts", ""))))
        if message is None:
            raise SlackError("message_not_found")
        if message.author != BOT_USER:
            raise SlackError("cant_update_message")
        content = parse_content(arguments, text_max=UPDATE_TEXT_MAX)
        if not says_something(content):
            raise SlackError("no_text")
        message = message.edited(content, at=self.now())
        self._messages[channel.id, message.ts] = message
        return success(
            channel=channel.id, ts=message.ts, text=message.text, message=shown_as_json(message)
        )

    def _history(self, arguments: Mapping[str, Any]) -> Answer:
        """Newest first. "conversations.history": an id, no name; no replies of threads."""
        if not self.reads_history:
            raise SlackError("missing_scope")
        conversations = (*self.channels, *self.direct.values())
        if arguments.get("channel") not in {one.id for one in conversations}:
            raise SlackError("channel_not_found")
        oldest = float(arguments.get("oldest", 0))
        found = [
            message
            for (channel, ts), message in self._messages.items()
            if channel == arguments["channel"] and float(ts) > oldest
        ]
        shown = [shown_as_json(message) for message in reversed(found) if message.thread_ts is None]
        if str(arguments.get("include_all_metadata")).lower() not in ("true", "1"):
            shown = [{**one, "metadata": None} for one in shown]
        return success(messages=shown[: int(arguments.get("limit", 100))], has_more=False)

    # State

    def _find_channel(self, name: str) -> Channel | None:
        if name in self.direct:
            return self.direct[name]
        for channel in (*self.channels, *self.direct.values()):
            if name in (channel.id, channel.name, f"#{channel.name}"):
                return channel
        return None

    def _keep_message(
        self,
        channel: Channel,
        content: Mapping[str, Any],
        *,
        author: str,
        thread_ts: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Message:
        now = self.now()
        message = Message(
            channel=channel,
            # Unique within a channel, and sortable: the counter does both.
            ts=f"{int(now.timestamp())}.{len(self._messages) + 1:06d}",
            thread_ts=thread_ts,
            author=author,
            metadata=metadata,
            versions=(version_of(content, at=now),),
        )
        self._messages[channel.id, message.ts] = message
        return message


METHODS: Final[Mapping[str, Callable[[SlackFake, Mapping[str, Any]], Answer]]] = {
    "/api/auth.test": SlackFake._auth_test,
    "/api/chat.postMessage": SlackFake._post_message,
    "/api/chat.update": SlackFake._update,
    "/api/conversations.history": SlackFake._history,
}

"""Slack's Web API as far as an alert router uses it: auth.test, chat.postMessage, chat.update.

Source: Slack developer documentation, "Using the Slack Web API" and the pages
of the three methods; the OpenAPI document "Slack Web API" 1.7.0. Slack says
most errors in the body of an HTTP 200.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from tests.fakes.failures import Answer, Call, any_call
from tests.fakes.serving import HttpFake, utc_now
from tests.fakes.slack_arguments import (
    SlackError,
    parse_arguments,
    parse_content,
    parse_metadata,
)
from tests.fakes.slack_rules import TEXT_MAX, UPDATE_TEXT_MAX

RATE_WINDOW = timedelta(seconds=60)
BOT_USER = "U0GUARDIA"
BOT_ID = "B0GUARDIA"
TEAM_ID = "T0GUARDIA"
# "Handling user interaction", 'response_url': five answers within half an hour.
REPLIES_MAX: Final = 5
REPLIES_FOR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A conversation; the id is what Slack answers and what an update needs."""

    name: str  # without "#"
    id: str
    is_archived: bool = False
    is_member: bool = True  # is the bot in it?


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a message said from `at` on."""

    text: str
    blocks: tuple[Mapping[str, Any], ...]
    attachments: tuple[Mapping[str, Any], ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as shown now, with what it said before."""

    channel: Channel
    ts: str
    thread_ts: str | None
    author: str
    metadata: Mapping[str, Any] | None
    versions: tuple[Version, ...]  # oldest first; the last is what people see

    @property
    def now_shown(self) -> Version:
        return self.versions[-1]

    @property
    def text(self) -> str:
        return self.now_shown.text

    @property
    def blocks(self) -> tuple[Mapping[str, Any], ...]:
        return self.now_shown.blocks

    @property
    def posted_at(self) -> datetime:
        return self.versions[0].at

    @property
    def edits(self) -> int:
        return len(self.versions) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A call that Slack answered with an error."""

    method: str
    error: str
    details: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What somebody alone was told, by a `response_url`."""

    url: str
    text: str
    at: datetime


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
        self._posts_per_minute = posts_per_minute
        self.reads_history = True  # has the scope channels:history
        self._recent: dict[str, deque[datetime]] = {}
        self._messages: dict[tuple[str, str], Message] = {}
        self._refused: list[Refused] = []
        self._reply_urls: dict[str, datetime] = {}  # path -> when it was given
        self._replies: list[Reply] = []

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
            return tuple(self._replies)

    def give_reply_url(self) -> str:
        """Return a new `response_url`."""
        with self.changed:
            path = f"/hooks/actions/{TEAM_ID}/{len(self._reply_urls) + 1}"
            self._reply_urls[path] = self.now()
            return f"{self.url}{path}"

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
        if call.path in self._reply_urls:
            return self._reply(call)
        method = METHODS.get(call.path)
        if method is None:
            return None
        name = call.path.removeprefix("/api/")
        try:
            arguments = parse_arguments(call)
            self._check_token(call, arguments)
            return method(self, arguments)
        except SlackError as refusal:
            self._refused.append(
                Refused(method=name, error=refusal.error, details=refusal.details, at=self.now())
            )
            return _refusal(refusal)

    def _reply(self, call: Call) -> Answer:
        """Take a sentence for one person; no token is asked for."""
        used = [one for one in self._replies if one.url == call.path]
        try:
            if len(used) >= REPLIES_MAX:
                raise SlackError("used_url")
            if self.now() - self._reply_urls[call.path] > REPLIES_FOR:
                raise SlackError("expired_url")
            arguments = parse_arguments(call)
            if arguments.get("response_type") != "ephemeral" or arguments.get("replace_original"):
                raise SlackError("not_for_one_person")  # ours alone: others must not see it
            text = str(parse_content(arguments, text_max=TEXT_MAX).get("text", ""))
            if not text.strip():
                raise SlackError("no_text")
        except SlackError as refusal:
            self._refused.append(
                Refused(
                    method="response_url",
                    error=refusal.error,
                    details=refusal.details,
                    at=self.now(),
                )
            )
            return Answer(status=404, body={"ok": False, "error": refusal.error})
        self._replies.append(Reply(url=call.path, text=text, at=self.now()))
        return Answer(body={"ok": True})

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
        return _success(
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
        _check_writable(channel)
        content = parse_content(arguments, text_max=TEXT_MAX)
        if not _says_something(content):
            raise SlackError("no_text")
        thread_ts = arguments.get("thread_ts")
        if thread_ts is not None and (channel.id, str(thread_ts)) not in self._messages:
            # slackapi/bolt-js#2307: what a reply to a deleted message is answered.
            raise SlackError("thread_not_found")
        if self._exceeds_rate(channel):
            raise SlackError("ratelimited")
        message = self._keep_message(
            channel,
            content,
            author=BOT_USER,
            thread_ts=thread_ts,
            metadata=parse_metadata(arguments),
        )
        return _success(channel=channel.id, ts=message.ts, message=_shown(message))

    def _update(self, arguments: Mapping[str, Any]) -> Answer:
        # "chat.update", argument `channel`: an id; a name is not looked up.
        channel_id = arguments.get("channel")
        conversations = (*self.channels, *self.direct.values())
        channel = next((one for one in conversations if one.id == channel_id), None)
        if channel is None:
            raise SlackError("channel_not_found")
        _check_writable(channel)
        message = self._messages.get((channel.id, str(arguments.get("ts", ""))))
        if message is None:
            raise SlackError("message_not_found")
        if message.author != BOT_USER:
            raise SlackError("cant_update_message")
        content = parse_content(arguments, text_max=UPDATE_TEXT_MAX)
        if not _says_something(content):
            raise SlackError("no_text")
        message = self._edit_message(message, content)
        return _success(
            channel=channel.id, ts=message.ts, text=message.text, message=_shown(message)
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
        shown = [_shown(message) for message in reversed(found) if message.thread_ts is None]
        if str(arguments.get("include_all_metadata")).lower() not in ("true", "1"):
            shown = [{**one, "metadata": None} for one in shown]
        return _success(messages=shown[: int(arguments.get("limit", 100))], has_more=False)

    # State

    def _find_channel(self, name: str) -> Channel | None:
        if name in self.direct:
            return self.direct[name]
        for channel in (*self.channels, *self.direct.values()):
            if name in (channel.id, channel.name, f"#{channel.name}"):
                return channel
        return None

    def _exceeds_rate(self, channel: Channel) -> bool:
        if self._posts_per_minute is None:
            return False
        now = self.now()
        recent = self._recent.setdefault(channel.id, deque())
        while recent and recent[0] <= now - RATE_WINDOW:
            recent.popleft()
        if len(recent) >= self._posts_per_minute:
            return True
        recent.append(now)
        return False

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
            versions=(
                Version(
                    text=content.get("text", ""),
                    blocks=tuple(content.get("blocks", ())),
                    attachments=tuple(content.get("attachments", ())),
                    at=now,
                ),
            ),
        )
        self._messages[channel.id, message.ts] = message
        return message

    def _edit_message(self, message: Message, content: Mapping[str, Any]) -> Message:
        """Add a version. "chat.update", `blocks`: left out, the previous ones are retained."""
        before = message.now_shown
        version = Version(
            text=content.get("text", before.text),
            blocks=tuple(content.get("blocks", before.blocks)),
            attachments=tuple(content.get("attachments", before.attachments)),
            at=self.now(),
        )
        edited = replace(message, versions=(*message.versions, version))
        self._messages[message.channel.id, message.ts] = edited
        return edited


METHODS: Final[Mapping[str, Callable[[SlackFake, Mapping[str, Any]], Answer]]] = {
    "/api/auth.test": SlackFake._auth_test,
    "/api/chat.postMessage": SlackFake._post_message,
    "/api/chat.update": SlackFake._update,
    "/api/conversations.history": SlackFake._history,
}


def _success(**body: Any) -> Answer:
    return Answer(body={"ok": True, **body})


def _refusal(refusal: SlackError) -> Answer:
    body: dict[str, Any] = {"ok": False, "error": refusal.error}
    if refusal.details:
        body["errors"] = list(refusal.details)
        body["response_metadata"] = {"messages": [f"[ERROR] {one}" for one in refusal.details]}
    if refusal.error == "ratelimited":
        return Answer(status=429, body=body, headers={"Retry-After": "30"})
    return Answer(body=body)


def _shown(message: Message) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": "message",
        "user": message.author,
        "bot_id": BOT_ID,
        "text": message.text,
        "ts": message.ts,
    }
    if message.blocks:
        shown["blocks"] = list(message.blocks)
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    if message.metadata:
        shown["metadata"] = dict(message.metadata)
    return shown


def _check_writable(channel: Channel) -> None:
    if channel.is_archived:
        raise SlackError("is_archived")
    if not channel.is_member:
        raise SlackError("not_in_channel")


def _says_something(content: Mapping[str, Any]) -> bool:
    has_text = bool(str(content.get("text", "")).strip())
    return has_text or bool(content.get("blocks")) or bool(content.get("attachments"))

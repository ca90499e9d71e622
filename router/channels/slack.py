"""Slack's Web API: a message is posted once and then edited in place, steps follow as replies."""

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from router.channels.outcome import FailureReason, Outcome, Refused, Retry, Sent
from router.channels.rate import Rate
from router.channels.secret import (
    SecretError,
    SecretUnavailableError,
    read_secret,
    read_secrets,
)
from router.message.model import MessageContext, MessageKind
from router.message.slack import render_slack
from router.settings import SLACK_SIGNING_SECRET, SLACK_TOKEN, Settings

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

TIMEOUT_SECONDS: Final = 5
# By which a message is found again. Source: Slack developer documentation, "Message metadata".
_METADATA: Final = "guardia_message"
_CONVERSATIONS: Final = ("C", "G", "D")  # how the ids of conversations begin
_CLOCKS_APART: Final = timedelta(minutes=2)
_SEARCHED: Final = 200

# Source: Slack developer documentation, "Rate limits": a message a second for each channel;
# short bursts are taken, longer ones may be accepted and never shown.
RATE: Final = Rate(burst=5, every=timedelta(seconds=1), spared=1)

# Source: Slack developer documentation, chat.postMessage and chat.update, "Errors".
_CREDENTIALS: Final = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "no_permission",
        "missing_scope",
        "org_login_required",
        "ekm_access_denied",
        "access_denied",
    }
)
_ADDRESS: Final = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "user_not_found",
        "restricted_action",
        "restricted_action_read_only_channel",
        "cannot_dm_bot",
    }
)
_CONTENT: Final = frozenset(
    {
        "msg_too_long",
        "invalid_blocks",
        "invalid_blocks_format",
        "no_text",
        "too_many_attachments",
        "invalid_arguments",
        "invalid_json",
        "msg_blocks_too_long",
    }
)
_CANNOT_EDIT: Final = frozenset(
    {
        "message_not_found",
        "cant_update_message",
        "edit_window_closed",
    }
)
# slackapi/bolt-js#2307: a reply whose parent was deleted meanwhile.
_CANNOT_REPLY: Final = frozenset({"thread_not_found", "cannot_reply_to_message"})


class Slack:
    """Informs channels and people; the bot's token is the secret `slack-token`."""

    closes_pages = True  # a page to a person is edited to say who has it
    edits_notices = True
    has_threads = True
    rate = RATE
    settles_within = timedelta()

    def __init__(self, *, url: str, secrets_dir: Path) -> None:
        self._url = url
        self._secrets_dir = secrets_dir

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Return the channel of this installation."""
        return cls(url=settings.slack_url, secrets_dir=settings.secrets_dir)

    @property
    def _is_answerable(self) -> bool:
        """Say whether what people press can come back: a button that does nothing helps nobody."""
        try:
            return bool(read_secrets(self._secrets_dir, SLACK_SIGNING_SECRET))
        except SecretError:
            return False
        except SecretUnavailableError:
            return True  # it may well be there when somebody presses

    def prepare(self) -> None:
        """Load Slack's SDK, and what it loads in turn."""
        import slack_sdk.web.async_client  # noqa: F401  # loading it is the purpose

    def secrets(self, address: str) -> tuple[str, ...]:
        """Return the name of the bot's token, the same for every address."""
        return (SLACK_TOKEN,)

    async def attempt(self, context: MessageContext) -> Outcome:
        """Post, reply, or edit what was posted before.

        What can no longer be edited or replied to is posted anew, on its own.
        """
        try:
            token = read_secret(self._secrets_dir, SLACK_TOKEN)
        except SecretError as error:
            return Refused(reason=FailureReason.CREDENTIALS, detail=str(error))
        except SecretUnavailableError as error:
            return Retry(reason=FailureReason.UNREACHABLE, detail=str(error))
        sent_before = context.sent_before or await self._find_posted(token, context)
        if sent_before is not None:
            outcome = await self._call("chat_update", token, context, **json.loads(sent_before))
            if outcome is not None:
                return outcome
        elif context.message.kind in (MessageKind.ACKNOWLEDGE, MessageKind.RESOLVE):
            # No page was accepted: telling its end hours later, on its own, would only disturb.
            detail = "nothing was posted that could be edited"
            return Refused(reason=FailureReason.ADDRESS, detail=detail)
        elif context.thread is not None:
            parent = json.loads(context.thread)
            outcome = await self._call(
                *("chat_postMessage", token, context),
                channel=parent["channel"],
                thread_ts=parent["ts"],
            )
            if outcome is not None:
                return outcome
        address = context.message.address.address
        posted = await self._call("chat_postMessage", token, context, channel=address)
        return posted or Retry(reason=FailureReason.PROVIDER_ERROR, detail="Slack refused to post")

    async def _find_posted(self, token: str, context: MessageContext) -> str | None:
        """Return what an attempt posted whose answer was lost; None where that cannot be known.

        Only a conversation's id can be asked for its history, not a name, and
        only with the scope `channels:history`. Replies are not in it.
        """
        since, address = context.maybe_sent_since, context.message.address.address
        if since is None or address[0] not in _CONVERSATIONS or context.thread is not None:
            return None
        import aiohttp  # late: 0.5 s together
        from slack_sdk.errors import SlackApiError

        try:
            found = await self._client(token).conversations_history(
                channel=address,
                oldest=f"{(since - _CLOCKS_APART).timestamp():.6f}",
                include_all_metadata=True,
                limit=_SEARCHED,
            )
        except (SlackApiError, TimeoutError, aiohttp.ClientError, OSError, ValueError):
            return None  # posting it twice is better than not at all
        for message in found.get("messages") or ():
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") != _METADATA:
                continue
            if (metadata.get("event_payload") or {}).get("key") == context.message.dedup_key:
                return json.dumps({"channel": address, "ts": message["ts"]})
        return None

    def _client(self, token: str) -> "AsyncWebClient":
        from slack_sdk.web.async_client import AsyncWebClient

        # No retries in the library: the outbox retries, under a lease and in view.
        return AsyncWebClient(
            token=token, base_url=self._url, timeout=TIMEOUT_SECONDS, retry_handlers=[]
        )

    async def _call(
        self, method: str, token: str, context: MessageContext, **place: str
    ) -> Outcome | None:
        """Return the outcome, or None when what was to be edited or replied to is gone."""
        import aiohttp  # late: 0.5 s together
        from slack_sdk.errors import SlackApiError

        client = self._client(token)
        written = render_slack(context, has_buttons=self._is_answerable)
        try:
            response = await getattr(client, method)(
                **place,
                text=written.text,
                blocks=written.blocks,
                mrkdwn=False,  # the fallback text holds text of alerts
                metadata={
                    "event_type": _METADATA,
                    "event_payload": {"key": context.message.dedup_key},
                },
                **({"unfurl_links": False} if method == "chat_postMessage" else {}),
            )
        except SlackApiError as error:
            return _classify(error.response)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            detail = f"no answer from Slack: {type(error).__name__}"
            return Retry(reason=FailureReason.UNREACHABLE, detail=detail)
        return Sent(provider_id=json.dumps({"channel": response["channel"], "ts": response["ts"]}))


def _classify(response: Any) -> Outcome | None:
    """Return what an answer with `ok: false` means; Slack gives most of them with status 200."""
    body = response.data if isinstance(response.data, dict) else {}
    error = str(body.get("error", ""))
    detail = f"Slack answered {response.status_code}: {error or 'no reason'}"[:300]
    if error in _CANNOT_EDIT | _CANNOT_REPLY:
        return None
    if response.status_code == 429 or error in ("ratelimited", "rate_limited"):
        seconds = str(response.headers.get("Retry-After", ""))
        after = timedelta(seconds=int(seconds)) if seconds.isdigit() else None
        return Retry(reason=FailureReason.RATE_LIMITED, detail=detail, after=after)
    for reason, errors in (
        (FailureReason.CREDENTIALS, _CREDENTIALS),
        (FailureReason.ADDRESS, _ADDRESS),
        (FailureReason.CONTENT, _CONTENT),
    ):
        if error in errors:
            return Refused(reason=reason, detail=detail)
    return Retry(reason=FailureReason.PROVIDER_ERROR, detail=detail)

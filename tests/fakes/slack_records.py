"""What Slack keeps: conversations, messages with all their versions, refused calls, answers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

BOT_USER = "U0GUARDIA"
BOT_ID = "B0GUARDIA"
TEAM_ID = "T0GUARDIA"


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

    def edited(self, content: Mapping[str, Any], *, at: datetime) -> "Message":
        """Return it with one more version."""
        version = version_of(content, at=at, before=self.now_shown)
        return replace(self, versions=(*self.versions, version))


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


def version_of(
    content: Mapping[str, Any], *, at: datetime, before: Version | None = None
) -> Version:
    """Return what content says. "chat.update", `blocks`: left out, the previous are retained."""
    text, blocks, attachments = (
        ("", (), ()) if before is None else (before.text, before.blocks, before.attachments)
    )
    return Version(
        text=content.get("text", text),
        blocks=tuple(content.get("blocks", blocks)),
        attachments=tuple(content.get("attachments", attachments)),
        at=at,
    )

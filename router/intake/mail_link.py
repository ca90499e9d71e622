"""The link in a page by e-mail: who it was sent to, about which page, until when.

Whoever holds the link acts as the person it was sent to. So it is signed, it
ends, and opening it does nothing: programs that scan mail open all links.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from itsdangerous import Signer

LASTS: Final = timedelta(hours=24)
SHORTEST_KEY: Final = 32  # characters; HMAC-SHA256 wants 32 bytes (RFC 2104, 3)

_LONGEST_LINK: Final = 2000
_SALT: Final = "guardia mail link 1"  # of nothing else that one key may sign


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLink:
    """What a link says. `page` is a page's or digest's dedup key, which begins `installation/`."""

    page: str
    person: str
    ends_at: datetime  # UTC, in whole seconds

    @property
    def id(self) -> str:
        """Return the same for all links to one person in one page, however often it was sent.

        Not made of the token: the end of its Base64 may be written in several ways.
        """
        return hashlib.sha256(f"{self.page}\0{self.person}".encode()).hexdigest()


class LinkRefused(Exception):  # noqa: N818 - says what it is
    """The link is not by one of our keys, or it has ended."""

    def __init__(self, *, expired_at: datetime | None = None) -> None:
        super().__init__("expired" if expired_at else "forged")
        self.expired_at = expired_at


def parse_keys(content: str) -> tuple[str, ...]:
    """Return the usable keys of a file, one a line: the first signs, each is believed."""
    lines = (line.strip() for line in content.splitlines())
    return tuple(line for line in lines if len(line) >= SHORTEST_KEY and line[0] != "#")


def sign_link(page: str, person: str, keys: Sequence[str], *, now: datetime) -> str:
    """Return the token of a link; the same page at the same instant gives the same one."""
    ends = int((now + LASTS).timestamp())
    from itsdangerous.encoding import base64_encode

    said = base64_encode(json.dumps([page, person, ends], separators=(",", ":")))
    return _signer(keys).sign(said).decode()


def read_link(token: str, keys: Sequence[str], *, now: datetime) -> MailLink:
    """Return what a token says. Raises LinkRefused, in time that tells nothing of the keys."""
    from itsdangerous import BadData
    from itsdangerous.encoding import base64_decode

    if not keys or len(token) > _LONGEST_LINK:
        raise LinkRefused
    try:
        said: Any = json.loads(base64_decode(_signer(keys).unsign(token)))
        page, person, ends = said
        ends_at = datetime.fromtimestamp(ends, UTC)
    except (BadData, TypeError, ValueError, OverflowError, OSError):
        raise LinkRefused from None
    if ends_at <= now:
        raise LinkRefused(expired_at=ends_at)
    return MailLink(page=str(page), person=str(person), ends_at=ends_at)


def _signer(keys: Sequence[str]) -> "Signer":
    """Return what signs by the first key and believes all.

    Not the library's serializer: what it compresses begins with a full stop,
    and many a proxy lets no path through that looks like a hidden file.
    """
    from itsdangerous import Signer  # late: without links, nobody needs it

    return Signer(
        [*reversed(keys)],  # the last one signs
        salt=_SALT,
        key_derivation="hmac",
        digest_method=hashlib.sha256,
    )

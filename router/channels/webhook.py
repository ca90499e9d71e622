"""A signed POST to a receiver of one's own, for whatever has no channel here."""

import hashlib
import hmac
import ssl
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from router.channels.outcome import FailureReason, Outcome, Refused, Retry, Sent
from router.channels.rate import Rate
from router.channels.secret import SecretError, SecretUnavailableError, read_secret
from router.message.model import MessageContext
from router.message.webhook import render_body
from router.settings import Settings

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS: Final = 5
SHORTEST_KEY: Final = 32  # characters; HMAC-SHA256 wants 32 bytes (RFC 2104, 3)
LONGEST_DETAIL: Final = 300

# A receiver of one's own says itself, with 429, when this is too much.
RATE: Final = Rate(burst=100, every=timedelta(milliseconds=100), spared=25)


class Webhook:
    """Posts JSON, signed. An address is a name: the secrets `webhook-NAME` and `webhook-NAME.url`.

    The URL is a file of the operator's and not the catalog's, so that whoever
    edits the catalog cannot make the router call an address of the inner
    network; for the same reason redirects are not followed.
    """

    closes_pages = True
    edits_notices = True  # each post tells how things stand now, under the same id
    has_threads = False
    rate = RATE
    settles_within = timedelta()

    def __init__(self, *, secrets_dir: Path) -> None:
        self._secrets_dir = secrets_dir
        self._tls = cache(ssl.create_default_context)  # 20 ms each: once, and at the first use

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Return the channel of this installation."""
        return cls(secrets_dir=settings.secrets_dir)

    def prepare(self) -> None:
        """Load httpx, and the certificates that are trusted."""
        import httpx  # noqa: F401  # loading it is the purpose

        self._tls()

    def secrets(self, address: str) -> tuple[str, ...]:
        """Return the key's name and the URL's."""
        return (f"webhook-{address}", f"webhook-{address}.url")

    async def attempt(self, context: MessageContext) -> Outcome:
        """Post once; 2xx is accepted."""
        try:
            key, url = (
                read_secret(self._secrets_dir, name)
                for name in self.secrets(context.message.address.address)
            )
            _check(key, url)
        except SecretError as error:
            return Refused(reason=FailureReason.CREDENTIALS, detail=str(error))
        except SecretUnavailableError as error:
            return Retry(reason=FailureReason.UNREACHABLE, detail=str(error))
        body = render_body(context)
        timestamp = str(int(context.now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Guardia",
            "X-Guardia-Timestamp": timestamp,
            "X-Guardia-Signature": f"v1={sign(key, timestamp, body)}",
        }
        return await _post(url, body, headers, tls=self._tls())


def sign(key: str, timestamp: str, body: bytes) -> str:
    """Return HMAC-SHA256, in hexadecimal, over the timestamp, a full stop and the body.

    The timestamp is signed too, so that a receiver can refuse what is old
    without remembering everything it ever got.
    """
    signed = timestamp.encode() + b"." + body
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()


def _check(key: str, url: str) -> None:
    """Raise SecretError for a key that can be guessed and for what is no address."""
    if len(key) < SHORTEST_KEY:
        raise SecretError(f"a webhook's key must have at least {SHORTEST_KEY} characters")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()
    except ValueError:
        usable = False
    if not usable:
        raise SecretError("a webhook's URL must begin with https:// or http:// and name a host")


async def _post(url: str, body: bytes, headers: dict[str, str], *, tls: ssl.SSLContext) -> Outcome:
    import httpx  # late: 0.1 s

    try:
        async with (
            httpx.AsyncClient(
                timeout=TIMEOUT_SECONDS, follow_redirects=False, verify=tls
            ) as client,
            client.stream("POST", url, content=body, headers=headers) as response,
        ):
            # The answer's body is never read: it may have no end, and may hold what was sent.
            return _classify(response)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        # Its name alone: the text may hold the URL, which may hold a password.
        detail = f"no answer from the receiver: {type(error).__name__}"
        return Retry(reason=FailureReason.UNREACHABLE, detail=detail)


def _classify(response: "httpx.Response") -> Outcome:
    """Return what an answer means. Source: RFC 9110, 15, and RFC 6585, 4 (429)."""
    status = response.status_code
    detail = f"the receiver answered {status}"
    if 200 <= status < 300:
        return Sent()
    if status in (429, 503):
        seconds = response.headers.get("Retry-After", "")
        after = timedelta(seconds=int(seconds[:9])) if seconds.isdecimal() else None
        limited = FailureReason.RATE_LIMITED if status == 429 else FailureReason.PROVIDER_ERROR
        return Retry(reason=limited, detail=detail, after=after)
    if status in (401, 403):
        return Refused(reason=FailureReason.CREDENTIALS, detail=detail)
    if status in (404, 410) or 300 <= status < 400:
        return Refused(reason=FailureReason.ADDRESS, detail=detail)
    if 400 <= status < 500 and status not in (408, 421, 425):
        return Refused(reason=FailureReason.CONTENT, detail=detail)
    return Retry(reason=FailureReason.PROVIDER_ERROR, detail=detail)

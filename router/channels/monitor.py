"""The router's own sign of life: one GET to whoever calls people when it stays away."""

import asyncio
import ssl
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from router.channels.secret import SecretError, SecretUnavailableError, read_secret
from router.settings import Settings

if TYPE_CHECKING:
    import httpx

URL_FILE: Final = "heartbeat.url"
TIMEOUT_SECONDS: Final = 5


class Beat(StrEnum):
    """What became of one sign of life."""

    SENT = "sent"
    WITHHELD = "withheld"  # the router does not truly work
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # any answer but 2xx
    ADDRESS = "address"  # the file with the URL cannot be used


class Monitor:
    """The dead man's switch outside. Its URL is a setting, or a secret that is read each time."""

    def __init__(self, *, url: str | None, secrets_dir: Path) -> None:
        self._url = url
        self._secrets_dir = secrets_dir
        self._tls = cache(ssl.create_default_context)  # 20 ms each: once, and at the first use

    @classmethod
    def open(cls, settings: Settings) -> Self | None:
        """Return the monitor of this installation, or None where there is none."""
        if settings.heartbeat_url is None and not (settings.secrets_dir / URL_FILE).exists():
            return None
        return cls(url=settings.heartbeat_url, secrets_dir=settings.secrets_dir)

    async def beat(self) -> tuple[Beat, str]:
        """Call once; return the outcome, and a sentence that never holds the URL."""
        try:
            url = self._url or _usable(read_secret(self._secrets_dir, URL_FILE))
        except (SecretError, SecretUnavailableError) as error:
            return Beat.ADDRESS, str(error)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await _get(url, tls=self._tls())
        except TimeoutError:
            return Beat.UNREACHABLE, f"no answer within {TIMEOUT_SECONDS} s"


def _usable(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()
    except ValueError:
        usable = False
    if not usable:
        raise SecretError(f"{URL_FILE} must begin with https:// or http:// and name a host")
    return url


async def _get(url: str, *, tls: ssl.SSLContext) -> tuple[Beat, str]:
    import httpx  # late: 0.1 s

    headers = {"User-Agent": "Guardia"}
    try:
        async with (
            httpx.AsyncClient(
                timeout=TIMEOUT_SECONDS, follow_redirects=False, verify=tls
            ) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            return _classify(response)  # the answer's body is never read: it may have no end
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        # Its name alone: the text may hold the URL, which is a secret.
        return Beat.UNREACHABLE, f"no answer: {type(error).__name__}"


def _classify(response: "httpx.Response") -> tuple[Beat, str]:
    outcome = Beat.SENT if response.is_success else Beat.REFUSED
    return outcome, f"the answer was {response.status_code}"

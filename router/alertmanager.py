"""Asks the peers of Alertmanager what fires, by their own account: one attempt each."""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from router.channels.secret import SecretError, SecretUnavailableError, read_secret
from router.intake.alertmanager import Listing, UnreadableListing, parse_listing
from router.logs import context
from router.settings import Settings

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS: Final = 10.0  # without a byte
LONGEST_SECONDS: Final = 30.0  # for all that one peer is asked
LARGEST_BYTES: Final = 256 * 1024 * 1024  # some 200,000 alerts

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the peers list, and whether that is all of them."""

    listings: tuple[Listing, ...]
    silent: tuple[str, ...]  # the addresses of those that did not answer


@dataclass(frozen=True, kw_only=True)
class Peers:
    """All peers of one cluster. `token_file` holds a bearer token, read at each question."""

    urls: Sequence[str]
    receiver: str
    token_file: Path | None = None
    transport: "httpx.AsyncBaseTransport | None" = field(default=None, repr=False)

    async def ask(self) -> Answers:
        """Return what each peer lists; one that fails is logged and named, and delays no other."""
        async with self._client() as client:
            asked = [self._ask_one(client, url) for url in self.urls]
            found = await asyncio.gather(*asked)
        return Answers(
            listings=tuple(one for one in found if one is not None),
            silent=tuple(url for url, one in zip(self.urls, found, strict=True) if one is None),
        )

    async def _ask_one(self, client: "httpx.AsyncClient", url: str) -> Listing | None:
        import httpx  # late: 0.1 s

        try:
            headers = self._headers()
            paths = ("alerts/groups", "silences", "status")
            async with asyncio.timeout(LONGEST_SECONDS):
                bodies = [await _get(client, f"{url}/api/v2/{path}", headers) for path in paths]
            # A large cluster lists megabytes: nobody else waits while they are read.
            return await asyncio.to_thread(parse_listing, *bodies, receiver=self.receiver)
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            OSError,
            UnreadableListing,
            SecretError,
            SecretUnavailableError,
        ) as error:
            reason = str(error) or type(error).__name__
            logger.warning(
                "an Alertmanager cannot be asked what fires", extra=context(url=url, reason=reason)
            )
            return None

    def _client(self) -> "httpx.AsyncClient":
        import httpx

        return httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
            verify=self._tls,
            transport=self.transport,
        )

    def _headers(self) -> dict[str, str]:
        if self.token_file is None:
            return {}
        token = read_secret(self.token_file.parent, self.token_file.name)
        return {"Authorization": f"Bearer {token}"}

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()


def open_peers(settings: Settings) -> Peers | None:
    """Return the peers of this installation; None where none are named."""
    if not settings.alertmanagers:
        return None
    return Peers(
        urls=settings.alertmanagers,
        receiver=settings.alertmanager_receiver,
        token_file=settings.alertmanager_token_file,
    )


async def _get(client: "httpx.AsyncClient", url: str, headers: dict[str, str]) -> bytes:
    """Return the body of a 200. Raises httpx.HTTPError, UnreadableListing."""
    chunks, size = [], 0
    async with client.stream("GET", url, headers=headers) as response:
        response.raise_for_status()
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > LARGEST_BYTES:
                raise UnreadableListing(f"{url} answers more than {LARGEST_BYTES} bytes")
            chunks.append(chunk)
    return b"".join(chunks)

"""The identity provider: its addresses and keys, and a code for an identity (OpenID Connect)."""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from router.channels.secret import SecretError, SecretUnavailableError, read_secret
from router.phrase import phrase
from router.sign_in import OIDC_SECRET, Oidc, is_plain_http_to_us
from router.web.access.id_token import (
    Expected,
    OidcRefused,
    UnknownKeyError,
    read_id_token,
    read_name,
)

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

TIMEOUT_SECONDS: Final = 5
LARGEST_BYTES: Final = 256 * 1024
KEPT: Final = timedelta(hours=1)  # addresses and keys
SOONEST: Final = timedelta(minutes=1)  # that keys are asked for again, for a key that is unknown
AWAY: Final = timedelta(seconds=5)  # that it is taken to be away still, and not asked again
_ADDRESSES: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class OidcUnavailableError(Exception):
    """The provider, or what we need to ask it, is out of order; the text is for the logs."""


class _InvalidGrantError(OidcUnavailableError):
    """It does not know a code: used, over or another client's (RFC 6749, 5.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One sign-in under way. All but the address is known to one browser and us alone."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str  # of PKCE (RFC 7636)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    provider: Mapping[str, Any]  # its metadata
    keys: "KeySet"
    at: datetime


class Provider:
    """Asks the organisation's identity provider; what it publishes is kept for an hour."""

    def __init__(self, oidc: Oidc, *, secrets_dir: Path, clock: Callable[[], datetime]) -> None:
        self._oidc = oidc
        self._secrets_dir = secrets_dir
        self._clock = clock
        self._known: _Known | None = None
        self._away: tuple[str, datetime] | None = None  # why it could not be asked last, and when
        self._asking = asyncio.Lock()
        self._tls = cache(ssl.create_default_context)  # 20 ms each: once, and at the first use

    async def authorization_url(self, attempt: Attempt) -> str:
        """Return where a browser goes to sign in. Raises OidcUnavailableError."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        known = await self._published()
        scope = "openid email" if self._oidc.claim == "email" else "openid email profile"
        return str(
            prepare_grant_uri(
                known.provider["authorization_endpoint"],
                client_id=self._oidc.client_id,
                response_type="code",
                redirect_uri=attempt.redirect_uri,
                scope=scope,
                state=attempt.state,
                nonce=attempt.nonce,
                code_challenge=create_s256_code_challenge(attempt.verifier),
                code_challenge_method="S256",
            )
        )

    async def identify(self, code: str, attempt: Attempt) -> str:
        """Return the name at sign-in that a code stands for.

        Raises OidcRefused and OidcUnavailableError.
        """
        answer = await self._fetch_tokens(code, attempt)
        token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str):
            raise OidcRefused(phrase("The identity provider sent no ID token."))
        expected = Expected(
            oidc=self._oidc,
            nonce=attempt.nonce,
            access_token=access_token if isinstance(access_token, str) else None,
            now=self._clock(),
        )
        known = await self._published()
        try:
            claims = read_id_token(token, known.keys, expected)
        except UnknownKeyError:
            claims = await self._read_by_newer_keys(token, expected)
        return read_name(claims, self._oidc.claim)

    async def _read_by_newer_keys(self, token: str, expected: Expected) -> Mapping[str, Any]:
        known = await self._published(younger_than=SOONEST)
        try:
            return read_id_token(token, known.keys, expected)
        except UnknownKeyError:
            raise OidcRefused(
                phrase("The identity provider's token is signed by a key that it does not publish.")
            ) from None

    async def _published(self, *, younger_than: timedelta = KEPT) -> _Known:
        """Return what it publishes; whoever waits for that has it asked once, also in vain."""
        if known := self._fresh(younger_than):
            return known
        async with self._asking:
            if known := self._fresh(younger_than):
                return known
            if self._away is not None and timedelta() <= self._clock() - self._away[1] < AWAY:
                raise OidcUnavailableError(self._away[0])
            try:
                self._known = await self._fetch_published(self._clock())
            except OidcUnavailableError as error:
                self._away = str(error), self._clock()
                raise
            return self._known

    def _fresh(self, younger_than: timedelta) -> _Known | None:
        known = self._known
        is_fresh = known is not None and timedelta() <= self._clock() - known.at < younger_than
        return known if is_fresh else None

    async def _fetch_published(self, now: datetime) -> _Known:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        url = self._oidc.issuer.rstrip("/") + "/.well-known/openid-configuration"
        provider = await self._ask("GET", url)
        # Discovery 1.0, 4.3: else one provider could pass itself off as another.
        if provider.get("issuer") != self._oidc.issuer:
            raise OidcUnavailableError(
                f"{url} is of another issuer than GUARDIA_OIDC_ISSUER: they must be the same text"
            )
        for name in _ADDRESSES:
            self._check_address(name, provider.get(name))
        found = await self._ask("GET", provider["jwks_uri"])
        try:
            keys = KeySet.import_key_set(found)  # type: ignore[arg-type]  # judged by the library
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise OidcUnavailableError(f"its keys cannot be read: {type(error).__name__}") from None
        return _Known(provider=provider, keys=keys, at=now)

    def _check_address(self, name: str, url: object) -> None:
        if isinstance(url, str) and url.isprintable():
            at_us = is_plain_http_to_us(self._oidc.issuer) and is_plain_http_to_us(url)
            if url.startswith("https://") or at_us:
                return
        raise OidcUnavailableError(f"its {name} is no https:// address")

    async def _fetch_tokens(self, code: str, attempt: Attempt) -> Mapping[str, Any]:
        from authlib.oauth2.auth import ClientAuth
        from authlib.oauth2.rfc6749.parameters import prepare_token_request

        provider = (await self._published()).provider
        try:
            secret = read_secret(self._secrets_dir, OIDC_SECRET)
        except (SecretError, SecretUnavailableError) as error:
            raise OidcUnavailableError(str(error)) from None
        body = prepare_token_request(
            "authorization_code",
            code=code,
            redirect_uri=attempt.redirect_uri,
            code_verifier=attempt.verifier,
        )
        by = ClientAuth(self._oidc.client_id, secret, _authentication(provider))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            url, headers, body = by.prepare("POST", provider["token_endpoint"], headers, body)
        except UnicodeEncodeError:
            raise OidcUnavailableError(f"the secret {OIDC_SECRET} has foreign letters") from None
        try:
            return await self._ask("POST", url, body=body, headers=headers)
        except _InvalidGrantError:
            raise OidcRefused(
                phrase("The identity provider does not know this sign-in, or not any more.")
            ) from None

    async def _ask(
        self, method: str, url: str, *, body: str | None = None, headers: Mapping[str, str] = {}
    ) -> Mapping[str, Any]:
        """Return the JSON object of an answer."""
        import httpx  # late: 0.1 s

        sent = {"Accept": "application/json", "User-Agent": "Guardia", **headers}
        try:
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),  # for all of it: httpx counts from byte to byte
                httpx.AsyncClient(
                    timeout=TIMEOUT_SECONDS, follow_redirects=False, verify=self._tls()
                ) as client,
                client.stream(method, url, content=body, headers=sent) as response,
            ):
                status, text = response.status_code, await _read(response)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise OidcUnavailableError(f"no answer: {type(error).__name__}") from None
        return _parse(status, text)


async def _read(response: Any) -> bytes:
    text = b""
    async for chunk in response.aiter_bytes():
        text += chunk
        if len(text) > LARGEST_BYTES:
            raise OidcUnavailableError(f"an answer of more than {LARGEST_BYTES} bytes")
    return text


def _parse(status: int, text: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if status == HTTPStatus.OK and isinstance(answer, dict):
        return answer
    is_of_code = isinstance(answer, dict) and answer.get("error") == "invalid_grant"
    raise (_InvalidGrantError if is_of_code else OidcUnavailableError)(f"it answered {status}")


def _authentication(provider: Mapping[str, Any]) -> str:
    """Return how we show our secret. Source: Discovery 1.0, 3: basic unless it says otherwise."""
    known = provider.get("token_endpoint_auth_methods_supported")
    offered = known if isinstance(known, list) else ["client_secret_basic"]
    return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"

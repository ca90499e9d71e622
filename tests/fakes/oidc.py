"""An identity provider that refuses what a strict one refuses.

Contract: OpenID Connect Core 1.0, 3.1 (authorization code flow); OpenID Connect
Discovery 1.0, 4; RFC 6749, 4.1 and 5; RFC 7636, 4 (PKCE, S256 only).

`claims` and `forge` let a test sign what an attacker would like to be believed.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from html import escape
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.fakes.failures import Answer, Call
from tests.fakes.serving import HttpFake, utc_now

CLIENT_ID = "guardia"
CLIENT_SECRET = "of-the-client"
CODE_SECONDS = 60
HTML: Final = "text/html"
_NEEDED = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)


class OidcRefusalError(Exception):
    """A strict provider shows an error page for this, and sends nobody back."""


@cache
def rsa_key(kid: str) -> RSAKey:
    """Return a key by its id, the same for the whole run: making one takes a while."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grant:
    challenge: str
    redirect_uri: str
    nonce: str
    claims: Mapping[str, Any]
    at: datetime


class OidcFake(HttpFake):
    """One issuer with one client.

    People sign in by `sign_in`, as their browser would, or by a browser: then a
    page asks for their address and believes it.
    """

    methods: ClassVar = ("GET", "POST")

    def __init__(self, *, redirect_uri: str, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now=now)
        self.redirect_uri = redirect_uri
        self.kid = "key-1"
        self.published = [self.kid]
        self.claims: dict[str, Any] = {}  # in place of the true ones; None leaves one out
        self.metadata: dict[str, Any] = {}  # likewise
        self.forge: Callable[[dict[str, Any]], str] | None = None  # writes the ID token itself
        self._grants: dict[str, _Grant] = {}

    @property
    def issuer(self) -> str:
        return self.url

    def sign_in(self, url: str, **claims: Any) -> str:
        """Let somebody with these claims sign in; return where the browser is sent.

        Raises OidcRefusalError for a request that must not be sent on.
        """
        parts = urlsplit(url)
        found = parse_qs(parts.query, keep_blank_values=True)
        if f"{parts.scheme}://{parts.netloc}{parts.path}" != f"{self.url}/authorize":
            raise OidcRefusalError("not the authorization endpoint")
        if any(len(found.get(name, [])) != 1 for name in _NEEDED):
            raise OidcRefusalError("a parameter is missing or doubled")
        asked = {name: values[0] for name, values in found.items()}
        right = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": self.redirect_uri,
            "code_challenge_method": "S256",
        }
        for name, value in right.items():
            if asked[name] != value:
                raise OidcRefusalError(f"{name} is {asked[name]!r}")
        if "openid" not in asked["scope"].split() or len(asked["code_challenge"]) != 43:
            raise OidcRefusalError("no OpenID Connect, or no challenge of S256")
        code = secrets.token_urlsafe(16)
        with self.changed:
            self._grants[code] = _Grant(
                challenge=asked["code_challenge"],
                redirect_uri=asked["redirect_uri"],
                nonce=asked["nonce"],
                claims=claims,
                at=self.now(),
            )
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def answer(self, call: Call) -> Answer | None:
        match call.method, call.path:
            case "GET", "/.well-known/openid-configuration":
                return Answer(body=self._metadata())
            case "GET", "/keys":
                keys = KeySet([rsa_key(kid) for kid in self.published])
                return Answer(body=keys.as_dict(private=False))
            case "POST", "/token":
                return self._token(call)
            case "GET", "/authorize":
                return Answer(body=_page(_fields(call.query)), media_type=HTML)
            case "POST", "/authorize":
                return self._send_back(dict(parse_qsl(call.body.decode(), strict_parsing=True)))
        return None

    def _send_back(self, form: dict[str, str]) -> Answer:
        """Let somebody sign in who posted our page, and send their browser back."""
        email = form.pop("email", "")
        try:
            url = self.sign_in(
                f"{self.url}/authorize?{urlencode(form)}", email=email, email_verified=True
            )
        except OidcRefusalError as refusal:
            return Answer(status=400, body=_page(escape(str(refusal))), media_type=HTML)
        return Answer(status=303, body="", headers={"Location": url}, media_type=HTML)

    def failure_answer(self, status: int) -> Mapping[str, Any]:
        return {"error": "server_error", "status": status}

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **self.metadata,
        }

    def _token(self, call: Call) -> Answer:
        kind = call.headers.get("content-type", "").partition(";")[0]
        pairs = parse_qsl(call.body.decode(), strict_parsing=True)
        form = dict(pairs)
        if kind != "application/x-www-form-urlencoded" or len(form) < len(pairs):
            return Answer(status=400, body={"error": "invalid_request"})
        if not self._knows_client(call, form):
            return Answer(status=401, body={"error": "invalid_client"})
        if form.get("grant_type") != "authorization_code":
            return Answer(status=400, body={"error": "unsupported_grant_type"})
        grant = self._grants.pop(form.get("code", ""), None)  # a code is good once
        verifier = form.get("code_verifier", "")
        if (
            grant is None
            or (self.now() - grant.at).total_seconds() > CODE_SECONDS
            or form.get("redirect_uri") != grant.redirect_uri
            or not 43 <= len(verifier) <= 128
            or not hmac.compare_digest(_challenge(verifier), grant.challenge)
        ):
            return Answer(status=400, body={"error": "invalid_grant"})
        return Answer(
            body={
                "access_token": "opaque",
                "token_type": "Bearer",
                "expires_in": 60,
                "id_token": self._id_token(grant),
            }
        )

    def _knows_client(self, call: Call, form: Mapping[str, str]) -> bool:
        """Say whether the client shows its secret in the one way that the metadata names."""
        if self._metadata()["token_endpoint_auth_methods_supported"] == ["client_secret_post"]:
            shown = (form.get("client_id"), form.get("client_secret"))
            return shown == (CLIENT_ID, CLIENT_SECRET) and "authorization" not in call.headers
        scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        known = (unquote(name), unquote(secret)) == (CLIENT_ID, CLIENT_SECRET)
        return scheme == "Basic" and known and "client_secret" not in form

    def _id_token(self, grant: _Grant) -> str:
        now = int(self.now().timestamp())
        claims = {
            "iss": self.issuer,
            "sub": "248289761001",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": grant.nonce,
            **grant.claims,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.forge is not None:
            return self.forge(claims)
        return signed(claims, self.kid)


def signed(claims: Mapping[str, Any], kid: str, *, named: str | None = None) -> str:
    """Return an ID token by the key `kid`, which its header may call otherwise."""
    return jwt.encode({"alg": "RS256", "kid": named or kid}, dict(claims), rsa_key(kid))


def unsigned(claims: Mapping[str, Any], header: Mapping[str, Any], signature: bytes = b"") -> str:
    """Return a token put together by hand, as no library would."""
    parts = (json.dumps(dict(header)).encode(), json.dumps(dict(claims)).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _page(content: str) -> str:
    return f"""<!doctype html><html lang="en"><title>Provider</title><main>{content}</main>"""


def _fields(asked: Mapping[str, str]) -> str:
    """Return a form that asks for an address, and keeps what the client asked for."""
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in asked.items()
    )
    asks = '<label>Address <input name="email" type="email"></label><button>Continue</button>'
    return f'<form method="post" action="/authorize">{kept}{asks}</form>'


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

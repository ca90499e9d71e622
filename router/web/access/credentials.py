"""Secrets that we give out, what is kept of them, and what is derived from them.

No key of ours is needed: whatever a form or a sign-in under way must prove is
derived from a random cookie that only this browser has.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any, Final

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

_SECRET_BYTES: Final = 32
_TYPED_BYTES: Final = 15  # 24 letters and digits
LONGEST: Final = 200  # of a secret that somebody shows
LONGEST_SIGNED: Final = 8000
API_PREFIX: Final = "guardia_"  # by which scanners of code find one that was published


def new_secret() -> str:
    """Return 256 random bits for a cookie."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def new_api_token() -> str:
    """Return a program's token."""
    return API_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def new_sign_in_token() -> str:
    """Return 120 random bits as six groups of four letters and digits, for people who type it."""
    text = base64.b32encode(secrets.token_bytes(_TYPED_BYTES)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def typed_token(text: str) -> str:
    """Return a token for signing in as it was given out, however it was typed."""
    plain = "".join(char for char in text.lower() if char.isalnum())
    return "-".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def digest(secret: str) -> str:
    """Return what is kept of a secret. Random ones need no slow digest: there is no guessing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def derive(secret: str, purpose: str) -> str:
    """Return another secret, for one purpose, that tells nothing of the first."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def form_token(secret: str) -> str:
    """Return what a browser's forms must carry, by its cookie."""
    return derive(secret, "guardia form")


def is_same(shown: str, expected: str) -> bool:
    """Compare in a time that tells nothing; an empty secret is nobody's."""
    return bool(expected) and hmac.compare_digest(shown.encode(), expected.encode())


def sign(value: Any, secret: str, *, now: datetime) -> str:
    """Return a value with the time, signed by a browser's cookie."""
    return str(_serializer(secret, now).dumps(value))


def unsign(text: str, secret: str, *, seconds: int, now: datetime) -> Any | None:
    """Return the signed value; None when the cookie is another, or it is older than that."""
    if not secret or len(text) > LONGEST_SIGNED:
        return None
    try:
        return _serializer(secret, now).loads(text, max_age=seconds)
    except BadData:
        return None


def _serializer(secret: str, now: datetime) -> URLSafeTimedSerializer:
    class _Signer(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(now.timestamp())

    return URLSafeTimedSerializer(secret, salt="guardia sign-in", signer=_Signer)

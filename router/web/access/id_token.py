"""An ID token, judged: whose it is, or why it is nobody's (OpenID Connect Core 1.0, 3.1.3.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from router.phrase import phrase
from router.sign_in import Oidc
from router.web.access.people import is_usable

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

# Signatures that only the provider's private key makes. Not `none`, and not HS256 and its
# like, whose key would be something that we or anybody knows.
ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
LEEWAY: Final = timedelta(minutes=1)  # by which the provider's clock and ours may differ
LONGEST: Final = 32 * 1024


class OidcRefused(Exception):  # noqa: N818 - says what it is; a sentence for people
    """The provider's answer makes nobody known. `reason` is one plain sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownKeyError(Exception):
    """No key of the provider's that we know has signed it: it may have a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an ID token must say to be the answer to our question."""

    oidc: Oidc
    nonce: str
    access_token: str | None
    now: datetime


def read_id_token(token: str, keys: "KeySet", expected: Expected) -> Mapping[str, Any]:
    """Return the claims of a token that is the provider's, for us, of now, and of this sign-in.

    Raises OidcRefused, and UnknownKeyError.
    """
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError, JoseError

    if len(token) > LONGEST:
        raise OidcRefused(phrase("The identity provider's token is too long."))
    oidc = expected.oidc
    try:
        signed = jwt.decode(token, keys, algorithms=ALGORITHMS)
        claims = CodeIDToken(
            signed.claims,
            signed.header,
            options={
                "iss": {"essential": True, "value": oidc.issuer},
                "aud": {"essential": True, "value": oidc.client_id},
            },
            params={
                "nonce": expected.nonce,
                "client_id": oidc.client_id,
                "access_token": expected.access_token,
            },
        )
        leeway = int(LEEWAY.total_seconds())
        claims.validate(now=int(expected.now.timestamp()), leeway=leeway)
    except InvalidKeyIdError:
        raise UnknownKeyError from None
    except (JoseError, ValueError, TypeError) as error:
        # The kind of error alone: its text may quote the token.
        told = getattr(error, "error", type(error).__name__)
        raise OidcRefused(
            phrase("The identity provider's token is not valid ({kind}).", kind=told)
        ) from None
    found: Mapping[str, Any] = claims
    return found


def read_name(claims: Mapping[str, Any], claim: str) -> str:
    """Return the name at sign-in. Raises OidcRefused.

    An e-mail address that the provider says it has not verified is anybody's.
    """
    name = claims.get(claim)
    if not isinstance(name, str) or not is_usable(name):
        raise OidcRefused(
            phrase("The identity provider's token has no usable claim `{claim}`.", claim=claim)
        )
    if claim == "email" and claims.get("email_verified", True) not in (True, "true"):
        raise OidcRefused(
            phrase("The identity provider says that the e-mail address is not verified.")
        )
    return name.strip()

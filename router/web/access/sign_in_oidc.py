"""Signing in by the identity provider: there, and back."""

import logging
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from router.logs import context
from router.phrase import phrase
from router.web.access import credentials
from router.web.access.access import SIGN_IN
from router.web.access.admission import BEGUN_SECONDS, Admission
from router.web.access.id_token import OidcRefused
from router.web.access.oidc import Attempt, OidcUnavailableError, Provider
from router.web.access.site import local_path

START: Final = f"{SIGN_IN}/oidc"
CALLBACK: Final = f"{START}/callback"
_VIA: Final = "oidc"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcPages:
    """The two endpoints; there are none without a provider.

    What a sign-in must prove (state, nonce, PKCE's verifier) follows from a
    random cookie of this one browser, and the state has the time and where to
    go: so nothing is stored, any replica may finish it, and another browser's
    state, or an old one, is nobody's.
    """

    admission: Admission
    provider: Provider

    async def start(self, request: Request) -> Response:
        """Send the browser to the identity provider."""
        to = local_path(request.query_params.get("next"))
        secret = self.admission.begun(request) or credentials.new_secret()
        # Beside the random part the state would be the same for two in one second, and so
        # would be what is derived from it.
        state = credentials.sign([to, credentials.new_secret()], secret, now=self._now())
        try:
            url = await self.provider.authorization_url(self._attempt(request, secret, state))
        except OidcUnavailableError as error:
            return await self._unavailable(request, error)
        response = RedirectResponse(url, HTTPStatus.SEE_OTHER)
        self.admission.keep_begun(response, secret)
        return response

    async def finish(self, request: Request) -> Response:
        """Take what the provider sends the browser back with.

        Who fails too often from one address, in turn or at once and whatever the
        provider says, has it asked no more: it might turn away the router, and so
        everybody.
        """
        if refusal := self.admission.hold(request):
            return refusal
        try:
            name, to = await self._identify(request)
        except OidcRefused as error:
            refusal = self.admission.limit_held(request)
            return refusal or await self.admission.refuse(request, error.reason)
        except OidcUnavailableError as error:
            refusal = self.admission.limit_held(request)
            return refusal or await self._unavailable(request, error)
        self.admission.give_back(request)
        return await self.admission.admit(request, name, via=_VIA, to=to)

    async def _identify(self, request: Request) -> tuple[str, str]:
        """Return the name at sign-in, and where to go. Raises as Provider.identify does."""
        state, code = _single(request, "state"), _single(request, "code")
        secret = self.admission.begun(request)
        begun = credentials.unsign(state, secret, seconds=BEGUN_SECONDS, now=self._now())
        if begun is None:
            raise OidcRefused(
                phrase(
                    "This sign-in was begun in another browser, more than ten minutes ago,"
                    " or is finished already. Please begin again."
                )
            )
        if not code:
            raise OidcRefused(phrase("The identity provider did not sign you in."))
        name = await self.provider.identify(code, self._attempt(request, secret, state))
        return name, local_path(begun[0])

    def _now(self) -> datetime:
        return self.admission.access.ports.clock()

    async def _unavailable(self, request: Request, error: OidcUnavailableError) -> Response:
        logger.error("the identity provider cannot be used", extra=context(reason=str(error)))
        sentence = phrase(
            "The identity provider cannot be asked now. Whoever runs Guardia can make a token"
            " to sign in with."
        )
        await self.admission.keep_refused(request, f"by {_VIA}: the provider cannot be asked")
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return self.admission.access.refuse(request, sentence, status=status)

    def _attempt(self, request: Request, secret: str, state: str) -> Attempt:
        base = self.admission.access.ports.external_url or str(request.base_url).rstrip("/")
        return Attempt(
            redirect_uri=base + CALLBACK,
            state=state,
            nonce=credentials.derive(secret, f"nonce {state}"),
            verifier=credentials.derive(secret, f"verifier {state}"),
        )


def _single(request: Request, name: str) -> str:
    """Return a parameter that is there once; empty else (RFC 6749, 3.1)."""
    found = request.query_params.getlist(name)
    return found[0] if len(found) == 1 else ""

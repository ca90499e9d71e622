"""The page to sign in on, a token's form, and signing out."""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from router.oncall.model import Role
from router.phrase import phrase
from router.store.audit import record_audit
from router.store.sessions import delete_session
from router.web.access import credentials
from router.web.access.access import SESSION, SIGN_IN, STALE_FORM, Access, entry_of
from router.web.access.admission import Admission
from router.web.access.cross_site import is_foreign
from router.web.access.forms import BadForm, read_form
from router.web.access.proxy import BY_PROXY, proxy_name
from router.web.access.site import local_path
from router.web.access.unsent import forget_unsent, list_unsent
from router.web.page.render import render_page


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPages:
    """The endpoints /sign-in and /sign-out."""

    access: Access
    admission: Admission

    async def show(self, request: Request) -> Response:
        """Show the ways to sign in; who a proxy vouches for is signed in at once."""
        to = local_path(request.query_params.get("next"))
        if await self.access.caller(request) is not None:
            return RedirectResponse(to, HTTPStatus.SEE_OTHER)
        name = proxy_name(request)
        if name is not None and "out" not in request.query_params:
            return await self.admission.admit(request, name, via=BY_PROXY, to=to)
        return self._form(request, to)

    async def post(self, request: Request) -> Response:
        """Sign in by a token that a command made; it is used up by that."""
        if is_foreign(request.headers, self.access.site):
            return await self.access.refuse_foreign(request)
        try:
            fields = await read_form(request)
        except BadForm as error:
            refusal = self.admission.limit(request)
            return refusal or self.access.refuse(request, error.reason, status=error.status)
        if not credentials.is_same(fields.get("form_token", ""), self._form_token(request)):
            return self.admission.limit(request) or self.access.refuse(request, STALE_FORM)
        shown = credentials.typed_token(fields.get("token", "")[: credentials.LONGEST])
        to = local_path(fields.get("next"))
        admitted = await self.admission.admit_by_token(request, shown, to=to)
        return admitted or await self._refuse_token(request, to)

    async def _refuse_token(self, request: Request, to: str) -> Response:
        """Return the form with a sentence, and keep that it was refused; or 429, kept nowhere."""
        if refusal := self.admission.limit(request):
            return refusal
        await self.admission.keep_refused(request, "by a token that is not valid")
        sentence = phrase(
            "This token cannot be used: it is unknown, over, or was used before."
            " Whoever runs Guardia can make another."
        )
        return self._form(request, to, refused=sentence)

    async def sign_out(self, request: Request) -> Response:
        """End the session here and in the browser."""
        foreign = is_foreign(request.headers, self.access.site)
        if not foreign and await self.access.caller(request) is None:
            response = RedirectResponse(f"{SIGN_IN}?out=1", HTTPStatus.SEE_OTHER)
            forget_unsent(request, response, self.access.site)
            return response
        taken = await self.access.take_form(request, Role.VIEWER)
        if isinstance(taken, Response):
            return taken
        caller, _ = taken
        entry = entry_of(request, caller, "sign-out", at=self.access.ports.clock())
        secret = self.access.site.cookie(request, SESSION)

        def work(tx: Connection) -> None:
            delete_session(tx, credentials.digest(secret))
            record_audit(tx, entry)

        await self.access.ports.store.write(work)
        response = RedirectResponse(f"{SIGN_IN}?out=1", HTTPStatus.SEE_OTHER)
        self.access.site.set_cookie(response, SESSION, "", seconds=0)
        forget_unsent(request, response, self.access.site)
        return response

    def _form(self, request: Request, to: str, *, refused: str = "") -> Response:
        ways, reader = self.access.ports.sign_in, self.access.reader(None)
        secret = self.admission.begun(request) or credentials.new_secret()
        response = render_page(
            "sign_in.html",
            reader,
            None,
            now=self.access.ports.clock(),
            status=HTTPStatus.FORBIDDEN if refused else HTTPStatus.OK,
            refused=reader.say(refused),
            is_out="out" in request.query_params,
            unsent=next(iter(list_unsent(request, self.access.site)), None),
            oidc_path=f"{SIGN_IN}/oidc?next={quote(to, safe='/')}" if ways.oidc else "",
            by_proxy=ways.proxy_header is not None,
            proxy_names_somebody=proxy_name(request) is not None,
            to=to,
            begun_token=credentials.form_token(secret),
        )
        self.admission.keep_begun(response, secret)
        return response

    def _form_token(self, request: Request) -> str:
        """Return what the form must carry of a browser that has begun; empty for any other."""
        begun = self.admission.begun(request)
        return credentials.form_token(begun) if begun else ""

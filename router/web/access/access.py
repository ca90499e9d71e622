"""Who asks, by session or token, whether they may, and whether our own page sent it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from router.language import Reader
from router.oncall.model import Role
from router.phrase import phrase
from router.store.audit import Entry, record_audit
from router.store.sessions import Session, find_session
from router.store.tokens import find_api_token
from router.web.access import credentials
from router.web.access.caller import Caller, Via
from router.web.access.cross_site import is_foreign
from router.web.access.former import find_former, whose
from router.web.access.forms import BadForm, read_form
from router.web.access.people import find_person
from router.web.access.places import SAFE, page_to_return_to, place_of
from router.web.access.proxy import BY_PROXY, is_named
from router.web.access.rate import FailureRate
from router.web.access.site import Site
from router.web.access.unsent import Again, find_unsent, is_kept, keep_unsent, read_again
from router.web.page.render import render_page
from router.web.ports import WebPorts
from router.web.problems import render_problem
from router.web.tokens import TokenFile

SESSION: Final = "guardia"  # the cookie
SIGN_IN: Final = "/sign-in"
API_TOKEN: Final = "API token"  # noqa: S105 - how the file's token is called in lists
_PROGRAMS: Final = ("/api/", "/-/", "/webhook", "/metrics")
LONGEST_DETAIL: Final = 500
STALE_FORM: Final = phrase(
    "This form is of an earlier sign-in, or not of this page. Nothing was changed."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The door of pages and API.

    Pages take sessions, programs take bearer tokens. A session also lets a
    browser read the API, but change nothing there: only forms have the token
    that other sites do not know.
    """

    ports: WebPorts
    tokens: TokenFile  # the API's
    # Of programs alone: one with an old token must not keep people from signing in.
    wrong_tokens: FailureRate

    @property
    def site(self) -> Site:
        """Return where people reach us."""
        return Site(external_url=self.ports.external_url)

    async def caller(self, request: Request) -> Caller | None:
        """Return who asks, or None for a stranger.

        Raises TokensUnavailableError, and the store's errors.
        """
        if not is_program(request):
            return await self._signed_in(request)
        shown = _bearer(request)
        if shown is not None:
            return await self._program(shown, request)
        return await self._signed_in(request) if request.method in SAFE else None

    async def enter(self, request: Request, role: Role) -> Caller | Response:
        """Return who asks; or what to answer who is not signed in, or may not do this."""
        caller = await self.caller(request)
        if caller is None:
            return await self._turn_away(request)
        if caller.role.may(role):
            return caller
        detail = f"a {caller.role} is no {role}"
        await self._record_refused(request, caller, "enter", detail)
        sentence = phrase(
            "This needs the role {needed}; yours is {role}. Administrators can change it.",
            needed=role.value,
            role=caller.role.value,
        )
        return self.refuse(request, sentence, caller=caller)

    async def take_form(
        self, request: Request, role: Role
    ) -> tuple[Caller, Mapping[str, str]] | Response:
        """Return who asks and the fields of a form that our own page sent; or what to answer."""
        if is_foreign(request.headers, self.site):
            return await self.refuse_foreign(request)
        entered = await self.enter(request, role)
        if isinstance(entered, Response):
            return entered
        try:
            fields = await read_form(request)
        except BadForm as error:
            return self.refuse(request, error.reason, caller=entered, status=error.status)
        if not credentials.is_same(fields.pop("form_token", ""), entered.form_token):
            await self._record_refused(request, entered, "form", str(STALE_FORM))
            again = await read_again(request, self.site, form_token=entered.form_token)
            return self.refuse(request, STALE_FORM, caller=entered, again=again)
        return entered, fields

    async def audit(
        self,
        request: Request,
        caller: Caller,
        action: str,
        *,
        done: bool = True,
        detail: str = "",
        incident: int | None = None,
    ) -> None:
        """Record what a caller did, or was refused."""
        entry = entry_of(
            request,
            caller,
            action,
            at=self.ports.clock(),
            done=done,
            detail=detail,
            incident=incident,
        )
        await self.ports.store.write(partial(record_audit, entry=entry), refusable=True)

    async def refuse_foreign(self, request: Request) -> Response:
        """Return the refusal of what another site had a browser send, and record it."""
        sentence = phrase("Another site sent this in your name. Nothing was changed.")
        await self._record_refused(request, await self.caller(request), "form", str(sentence))
        return self.refuse(request, sentence)

    def refuse(
        self,
        request: Request,
        sentence: str,
        *,
        caller: Caller | None = None,
        status: HTTPStatus = HTTPStatus.FORBIDDEN,
        headers: Mapping[str, str] | None = None,
        again: Again | None = None,
    ) -> Response:
        """Return a refusal with a sentence of ours, as a page or as a problem.

        `again` is a form that may be sent again.
        """
        if is_program(request):
            return render_problem(status, str(sentence))
        reader = self.reader(caller)
        return render_page(
            "refused.html",
            reader,
            caller,
            now=self.ports.clock(),
            status=status,
            headers=headers,
            sentence=reader.say(sentence),
            back=place_of(request.scope["path"]),
            again=again,
        )

    async def _record_refused(
        self, request: Request, caller: Caller | None, action: str, detail: str
    ) -> None:
        told = f"{request.method} {request.url.path}: {detail}"[:LONGEST_DETAIL]
        at = self.ports.clock()
        who = caller or _stranger(request)
        entry = entry_of(request, who, action, at=at, done=False, detail=told)
        keep = self.ports.refused if caller is None else self.ports.refused_known
        await keep(entry)

    def reader(self, caller: Caller | None) -> Reader:
        """Return in which language and zone to answer."""
        return self.ports.catalog().reader(None if caller is None else caller.person)

    async def _turn_away(self, request: Request) -> Response:
        """Return how a stranger may come in; too many wrong tokens are 429, and kept nowhere."""
        if not is_program(request):
            return await self._lead_to_sign_in(request)
        if _bearer(request) is not None:
            wait = self.wrong_tokens.take(address_of(request))
            if wait > timedelta():
                detail = "This token does not count, and too many such were shown. Please wait."
                return render_problem(HTTPStatus.TOO_MANY_REQUESTS, detail, wait=wait)
            await self._record_refused(request, None, "enter", "a token that does not count")
        detail = "The Authorization header must be `Bearer` and the router's API token."
        return render_problem(HTTPStatus.UNAUTHORIZED, detail)

    async def _lead_to_sign_in(self, request: Request) -> Response:
        """Return the way to signing in and back; what a page of ours sent in vain is kept."""
        to = page_to_return_to(request, self.site)
        where = f"{SIGN_IN}?next={quote(to, safe='/')}"
        response = RedirectResponse(where, HTTPStatus.SEE_OTHER)
        if is_kept(request, self.site):
            await self._record_refused(request, None, "form", "nobody was signed in any more")
            by = await find_former(self.ports.store, self.site.cookie(request, SESSION))
            await keep_unsent(request, response, self.site, page=to, by=by)
        return response

    async def _program(self, shown: str, request: Request) -> Caller | None:
        if shown.startswith(credentials.API_PREFIX) and len(shown) <= credentials.LONGEST:
            work = partial(find_api_token, digest=credentials.digest(shown), now=self.ports.clock())
            token = await self.ports.store.read(work)
            if token is not None:
                return Caller(name=token.name, person=None, role=token.role, via=Via.API)
        if self.tokens.allows(request.headers["authorization"]):
            return Caller(
                name=API_TOKEN,
                person=None,
                role=Role.ADMINISTRATOR,
                via=Via.API,
                speaks_for_others=True,
            )
        return None

    async def _signed_in(self, request: Request) -> Caller | None:
        cookie = self.site.cookie(request, SESSION)
        if not cookie or len(cookie) > credentials.LONGEST:
            return None
        work = partial(find_session, digest=credentials.digest(cookie), now=self.ports.clock())
        session = await self.ports.store.read(work)
        if session is None or (session.via == BY_PROXY and not is_named(session.name, request)):
            return None
        caller = self._caller_today(session, credentials.form_token(cookie))
        unsent = find_unsent(request, self.site, by=whose(session))
        return caller if caller is None else replace(caller, unsent=unsent)

    def _caller_today(self, session: Session, form_token: str) -> Caller | None:
        """Return who it is by the catalog in force: who has left it is out at once."""
        if session.person is None:
            return Caller(
                name=session.name,
                person=None,
                role=session.role,
                via=Via.PAGE,
                form_token=form_token,
            )
        person = find_person(self.ports.catalog().roster.people, session.name)
        if person is None or person.id != session.person:
            return None
        return Caller(
            name=person.name,
            person=person.id,
            role=person.role,
            via=Via.PAGE,
            form_token=form_token,
        )


def entry_of(
    request: Request,
    caller: Caller,
    action: str,
    *,
    at: datetime,
    done: bool = True,
    detail: str = "",
    incident: int | None = None,
) -> Entry:
    """Return the row of the audit for what a caller did, to be recorded with it."""
    return Entry(
        at=at,
        actor=caller.name,
        person=caller.person,
        via=caller.via,
        action=action,
        incident_number=incident,
        done=done,
        detail=detail,
        address=address_of(request),
    )


def address_of(request: Request) -> str | None:
    """Return the network address of who asks, as far as it is known."""
    return None if request.client is None else request.client.host


def is_program(request: Request) -> bool:
    """Say whether this path is for programs, which are answered with JSON and not with pages."""
    path: str = request.scope["path"]
    return path.startswith(_PROGRAMS)


def _stranger(request: Request) -> Caller:
    via = Via.API if is_program(request) else Via.PAGE
    return Caller(name="somebody", person=None, role=Role.VIEWER, via=via)


def _bearer(request: Request) -> str | None:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    return shown.strip() if scheme.lower() == "bearer" else None

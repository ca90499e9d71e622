"""Letting people in: a new session for whom the catalog knows, a page for whom it does not."""

import json
import math
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Final

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from router.oncall.model import Person
from router.phrase import phrase
from router.store.audit import Entry, record_audit
from router.store.sessions import Session, delete_session, record_session
from router.store.tokens import is_for_sign_in, record_signed_in
from router.web.access import credentials
from router.web.access.access import SESSION, Access, address_of
from router.web.access.caller import Via
from router.web.access.people import administrators, find_person
from router.web.access.rate import FailureRate
from router.web.page.render import render_page
from router.web.problems import retry_after

BEGUN: Final = "guardia-sign-in"  # the cookie of a browser that is not signed in yet
BEGUN_SECONDS: Final = 600
LIFE: Final = timedelta(hours=12)  # of a session: a shift, and not a phone that was lost
# The browser shows it longer than it counts: by it we know whose form came too late.
_SHOWN: Final = 2 * LIFE
LONGEST_SHOWN: Final = 320
_BY_TOKEN: Final = "token"  # noqa: S105 - a way to sign in


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What all ways to sign in end with."""

    access: Access
    rate: FailureRate

    async def admit(self, request: Request, name: str, *, via: str, to: str) -> Response:
        """Begin a session for whom the provider or the proxy names, if the catalog knows them."""
        access, now = self.access, self.access.ports.clock()
        person = find_person(access.ports.catalog().roster.people, name)
        if person is None:
            if refusal := self.limit(request):
                return refusal
            return await self._tell_unknown(request, name, via=via)
        secret = credentials.new_secret()
        session = Session(
            digest=credentials.digest(secret),
            person=person.id,
            name=name,
            role=person.role,
            via=via,
            made_at=now,
            ends_at=now + LIFE,
        )
        entry = self._entry(request, person.name, person=person, detail=f"by {via} as {name}")
        before = access.site.cookie(request, SESSION)
        work = partial(_begin, session=session, before=before, entry=entry)
        await access.ports.store.write(work, refusable=True)
        return self._enter(secret, to)

    async def admit_by_token(self, request: Request, shown: str, *, to: str) -> Response | None:
        """Use up a token and begin a session; None when it does not count.

        Looked for before anything is written: a flood of guesses must not fill
        the queue in which notifications wait.
        """
        counts = partial(
            is_for_sign_in, digest=credentials.digest(shown), now=self.access.ports.clock()
        )
        if not await self.access.ports.store.read(counts):
            return None
        secret = credentials.new_secret()

        def work(tx: Connection) -> bool:
            now = self.access.ports.clock()
            token = record_signed_in(tx, credentials.digest(shown), now=now)
            if token is None:
                return False
            session = Session(
                digest=credentials.digest(secret),
                person=None,
                name=token.name,
                role=token.role,
                via=_BY_TOKEN,
                made_at=now,
                ends_at=now + LIFE,
                token_number=token.number,
            )
            detail = f"by token {token.number}, as {token.role}"
            entry = self._entry(request, token.name, detail=detail)
            before = self.access.site.cookie(request, SESSION)
            _begin(tx, session=session, before=before, entry=entry)
            return True

        entered = await self.access.ports.store.write(work, refusable=True)
        return self._enter(secret, to) if entered else None

    async def refuse(self, request: Request, sentence: str) -> Response:
        """Return a refusal that is recorded."""
        await self.keep_refused(request, str(sentence))
        return self.access.refuse(request, sentence)

    async def keep_refused(self, request: Request, detail: str) -> None:
        """Keep that somebody could not sign in, and why."""
        await self.access.ports.refused(self._entry(request, "", done=False, detail=detail))

    def limit(self, request: Request) -> Response | None:
        """Count a failure; return 429 when this address, or all together, fail too often."""
        return self._too_often(request, self.rate.take(address_of(request)))

    def hold(self, request: Request) -> Response | None:
        """Count a failure of this address until it is known to be none; 429 as by `limit`."""
        return self._too_often(request, self.rate.hold(address_of(request)))

    def give_back(self, request: Request) -> None:
        """Count it no more: it was no failure."""
        self.rate.give_back(address_of(request))

    def limit_held(self, request: Request) -> Response | None:
        """Count what is held for a failure of all together too; 429 as by `limit`."""
        return self._too_often(request, self.rate.count_held())

    def _too_often(self, request: Request, wait: timedelta) -> Response | None:
        if wait <= timedelta():
            return None
        shown = timedelta(seconds=math.ceil(wait.total_seconds()))
        sentence = phrase("Too many have tried to sign in. Please wait {wait}.", wait=shown)
        status = HTTPStatus.TOO_MANY_REQUESTS
        return self.access.refuse(request, sentence, status=status, headers=retry_after(wait))

    def begun(self, request: Request) -> str:
        """Return the secret of a browser that has begun to sign in; empty for none of ours."""
        cookie = self.access.site.cookie(request, BEGUN)
        return cookie if len(cookie) == len(credentials.new_secret()) else ""

    def keep_begun(self, response: Response, secret: str) -> None:
        """Have the browser keep the secret for as long as signing in may take."""
        self.access.site.set_cookie(response, BEGUN, secret, seconds=BEGUN_SECONDS)

    def _enter(self, secret: str, to: str) -> Response:
        """Return to where somebody wanted to go, with a session's cookie that is new."""
        response, site = RedirectResponse(to, HTTPStatus.SEE_OTHER), self.access.site
        site.set_cookie(response, SESSION, secret, seconds=int(_SHOWN.total_seconds()))
        site.set_cookie(response, BEGUN, "", seconds=0)
        return response

    async def _tell_unknown(self, request: Request, name: str, *, via: str) -> Response:
        """Say what somebody has to ask for who is not in the catalog, and whom."""
        access = self.access
        detail = f"by {via}: nobody in the catalog has this name"
        await access.ports.refused(self._entry(request, name, done=False, detail=detail))
        return render_page(
            "unknown_person.html",
            access.reader(None),
            None,
            now=access.ports.clock(),
            status=HTTPStatus.FORBIDDEN,
            name=name,
            written_name=json.dumps(name, ensure_ascii=False),  # as YAML reads it, whatever it is
            administrators=administrators(access.ports.catalog().roster.people.values()),
        )

    def _entry(
        self,
        request: Request,
        actor: str,
        *,
        person: Person | None = None,
        done: bool = True,
        detail: str = "",
    ) -> Entry:
        return Entry(
            at=self.access.ports.clock(),
            actor=actor[:LONGEST_SHOWN] or "somebody",
            person=None if person is None else person.id,
            via=Via.PAGE,
            action="sign-in",
            done=done,
            detail=detail,
            address=address_of(request),
        )


def _begin(tx: Connection, *, session: Session, before: str, entry: Entry) -> None:
    """Begin a session and end the one that this browser had before."""
    delete_session(tx, credentials.digest(before))
    record_session(tx, session)
    record_audit(tx, entry)

"""The page behind the link in a page by e-mail: opening it shows, only its buttons act.

Who holds the link acts as whom it was sent to, without signing in: the phone at
03:00 has no session. Programs that scan mail open links, so GET changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from router.catalog import OnCallCatalog
from router.incident.answerer import is_same_person
from router.incident.callbacks import Callback, CallbackRefused, Refused, admit, nothing_there
from router.incident.choices import SNOOZES, Choice
from router.incident.glance import glance_at
from router.incident.model import Incident
from router.intake.mail_link import LinkRefused, MailLink, parse_keys, read_link
from router.language import Reader
from router.message.model import is_digest_key
from router.oncall.model import Person, PersonId
from router.phrase import phrase
from router.store.audit import Entry
from router.store.incidents import find_incident
from router.store.provider_events import find_standing, list_paged_for
from router.web.access.caller import Caller, Via
from router.web.access.cross_site import is_foreign
from router.web.access.forms import BadForm, read_form
from router.web.access.site import Site
from router.web.actions import stored_in_time
from router.web.api.incident_views import IncidentDetails, find_details
from router.web.page.incident_view import firing_since, links_of, row_of, state_of
from router.web.page.notice import notice_of
from router.web.page.render import render_page
from router.web.page.standing import has_next_step, standing_of
from router.web.ports import WebPorts
from router.web.problems import STORE_ERRORS
from router.web.tokens import TokenFile, TokensUnavailableError

LONGEST_CHOICE: Final = 40
SHOWN: Final = 20  # incidents of a digest; its mail names them all

_STATUS: Final[Mapping[Refused, HTTPStatus]] = MappingProxyType(
    {
        Refused.STRANGER: HTTPStatus.FORBIDDEN,
        Refused.ROLE: HTTPStatus.FORBIDDEN,
        Refused.FOREIGN: HTTPStatus.FORBIDDEN,
        Refused.UNKNOWN: HTTPStatus.NOT_FOUND,
        Refused.REPEATED: HTTPStatus.CONFLICT,
        Refused.OVER: HTTPStatus.GONE,
        Refused.SENSELESS: HTTPStatus.CONFLICT,
    }
)


class _Unusable(Exception):  # noqa: N818 - says what it is; a sentence for people
    def __init__(self, reason: str, status: HTTPStatus) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class ActPage:
    """The endpoints of `/act/TOKEN`."""

    ports: WebPorts
    keys: TokenFile
    site: Site

    async def show(self, request: Request) -> Response:
        """Show what can be done, and who would do it; change nothing at all."""
        try:
            link, person = self._read(request)
            catalog, now = self.ports.catalog(), self.ports.clock()
            work = partial(_find, link=link, catalog=catalog, now=now)
            incidents, details, used = await self.ports.store.read(work)
        except _Unusable as error:
            return self._refuse(None, error.reason, error.status)
        except STORE_ERRORS:
            return self._away(None)
        if not incidents:
            reason = nothing_there(of_digest=is_digest_key(link.page)).reason
            return self._refuse(person.id, reason, HTTPStatus.NOT_FOUND)
        reader = catalog.reader(person.id)
        done = request.query_params.get("done", "")
        shown = [
            (row_of(glance_at(one), catalog.scope_labels), state_of(one, reader))
            for one in incidents[:SHOWN]
        ]
        return render_page(
            "act.html",
            reader,
            None,
            now=now,
            notice=None if details is None else notice_of(done, details, _caller(person)),
            person=person,
            ends_at=link.ends_at,
            incidents=shown,
            more=len(incidents) - len(shown),
            is_open=any(one.is_open for one in incidents),
            is_digest=is_digest_key(link.page),
            used=used,
            snoozes=SNOOZES,
            **_alone(details, person, reader),
        )

    async def act(self, request: Request) -> Response:
        """Do what was chosen, as the person of the link; and show how it stands now."""
        address = request.client.host if request.client else None
        try:
            form = await self._take_form(request)
            link, person = self._read(request)
        except _Unusable as error:
            await self._keep(error.reason, address)
            return self._refuse(None, error.reason, error.status)
        choice = form.get("do", "")[:LONGEST_CHOICE]
        given = Callback(
            via=Via.EMAIL.value,
            id=_use_of(link, choice),
            choice=choice,
            reference=link.page,
            person=person.id,
            name=person.name,
            address=address,
            lasts=True,
        )
        try:
            answered = await stored_in_time(self.ports.callback(given), "the answer")
        except CallbackRefused as refusal:
            outcome = "repeated" if refusal.why is Refused.REPEATED else "refused"
            self._count(outcome)
            status, back = _STATUS[refusal.why], request.url.path
            return self._refuse(person.id, refusal.reason, status, back=back)
        except STORE_ERRORS:
            return self._away(person.id, back=request.url.path)
        self._count(answered.outcome)
        return RedirectResponse(f"{request.url.path}?done={_done(choice)}", HTTPStatus.SEE_OTHER)

    async def _take_form(self, request: Request) -> Mapping[str, str]:
        """Return the form's fields. Raises _Unusable for what our own page did not send."""
        if is_foreign(request.headers, self.site):
            reason = phrase("Another site sent this: open the link in the e-mail itself.")
            raise _Unusable(reason, HTTPStatus.FORBIDDEN)
        try:
            return await read_form(request)
        except BadForm as error:
            raise _Unusable(error.reason, error.status) from None

    def _read(self, request: Request) -> tuple[MailLink, Person]:
        """Return what the link says and whom it was sent to. Raises _Unusable."""
        now = self.ports.clock()
        try:
            keys = parse_keys(b"\n".join(self.keys.read()).decode(errors="replace"))
            link = read_link(request.path_params["token"], keys, now=now)
        except TokensUnavailableError:
            reason = phrase("Links in e-mails are not set up here.")
            raise _Unusable(reason, HTTPStatus.NOT_FOUND) from None
        except LinkRefused as error:
            raise _unusable(error) from None
        known = self.ports.catalog().roster.people.get(PersonId(link.person))
        try:
            person = admit(known, link.page, installation=self.ports.store.installation)
        except CallbackRefused as refusal:
            raise _Unusable(refusal.reason, _STATUS[refusal.why]) from None
        return link, person

    async def _keep(self, reason: str, address: str | None) -> None:
        """Keep that a link was refused before anybody could be named."""
        self._count("unauthorized")
        await self.ports.refused(
            Entry(
                at=self.ports.clock(),
                actor="a stranger",
                via=Via.EMAIL.value,
                action="link",
                done=False,
                detail=str(reason),
                address=address,
            )
        )

    def _refuse(
        self, person: PersonId | None, reason: str, status: HTTPStatus, *, back: str = ""
    ) -> Response:
        """Return a sentence; with `back`, the path of a page that shows how it stands."""
        reader = self.ports.catalog().reader(person)
        return render_page(
            "act_refused.html",
            reader,
            None,
            now=self.ports.clock(),
            status=status,
            sentence=reader.say(reason),
            back=back,
        )

    def _away(self, person: PersonId | None, *, back: str = "") -> Response:
        self._count("unavailable")
        reason = phrase("The router cannot do this now: try again, or answer in PagerDuty.")
        return self._refuse(person, reason, HTTPStatus.SERVICE_UNAVAILABLE, back=back)

    def _count(self, outcome: str) -> None:
        self.ports.metrics.provider_events.labels(Via.EMAIL.value, outcome).inc()


def _find(
    tx: Connection, *, link: MailLink, catalog: OnCallCatalog, now: datetime
) -> tuple[list[Incident], IncidentDetails | None, set[Choice]]:
    """Return what a link is about, all of it where that is one; and which buttons stand."""
    numbers = list_paged_for(tx, Via.EMAIL.value, link.page)
    read = (find_incident(tx, number) for number in numbers or ())
    found = [one for one in read if one is not None]
    details = None
    if found and not is_digest_key(link.page):
        details = find_details(tx, found[0].stored_number, catalog=catalog, now=now)
    used = {one for one in Choice if _stands(tx, link, one, found)}
    return found, details, used


def _stands(tx: Connection, link: MailLink, choice: Choice, found: list[Incident]) -> bool:
    """Say whether what somebody chose by a link still stands, so that it would count twice."""
    wakes = choice is Choice.ESCALATE
    use = _use_of(link, choice)
    return bool(find_standing(tx, Via.EMAIL.value, use, found, leaves_waiting=wakes))


def _alone(found: IncidentDetails | None, person: Person, reader: Reader) -> dict[str, Any]:
    """Return what is shown of one incident, and not of many in a digest."""
    if found is None:
        return {"standing": "", "has_next_step": False, "since_when": None, "is_taken": False}
    runbook_url, dashboard_url = links_of(found.incident)
    by = found.incident.acknowledged_by
    return {
        "standing": standing_of(found, reader),
        "has_next_step": has_next_step(found),
        "since_when": firing_since(found.incident),
        "is_taken": by is not None and not is_same_person(by, person.name),
        "kept_quiet": found.catalog.repeat_interval,
        "runbook_url": runbook_url,
        "dashboard_url": dashboard_url,
    }


def _caller(person: Person) -> Caller:
    return Caller(name=person.name, person=person.id, role=person.role, via=Via.EMAIL)


def _done(choice: str) -> str:
    """Return the word for what was done, as the page of an incident has it."""
    return "snooze" if choice in list(SNOOZES) else choice


def _use_of(link: MailLink, choice: str) -> str:
    return f"{link.id}/{choice}"


def _unusable(error: LinkRefused) -> _Unusable:
    if error.expired_at is not None:
        reason = phrase(
            "This link ended at {at}: answer on the page, in Slack or in PagerDuty.",
            at=error.expired_at,
        )
        return _Unusable(reason, HTTPStatus.GONE)
    reason = phrase("This link is not whole, or not of this router: open it in the e-mail itself.")
    return _Unusable(reason, HTTPStatus.FORBIDDEN)

"""POST /webhook/slack: what people press in a message there counts as any other answer.

Slack shows an error to whoever pressed when no answer comes within 3 s, and
asks only once. So each press is answered at once, and what it asks for is done
after that: whoever pressed sees the message change, or is told why it does not.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from router.channels.slack_reply import reply_in_slack
from router.incident.callbacks import Callback, CallbackRefused, Refused
from router.intake.slack import SlackPress, is_recent, is_signed, parse_press
from router.language import Reader
from router.logs import context
from router.oncall.model import Person
from router.settings import SLACK_SIGNING_SECRET
from router.store.audit import Entry
from router.web.access.caller import Via
from router.web.actions import stored_in_time
from router.web.ports import WebPorts
from router.web.problems import STORE_ERRORS, render_problem, render_unavailable
from router.web.requests import TooLarge, read_body
from router.web.tokens import TokenFile, TokensUnavailableError

LARGEST_BYTES: Final = 256 * 1024  # a press brings the whole message along

_REFUSED_AS: Final[Mapping[Refused, str]] = MappingProxyType(
    {Refused.REPEATED: "repeated", Refused.UNKNOWN: "unknown", Refused.FOREIGN: "unknown"}
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackWebhook:
    """The endpoint, open to whoever signs with a secret of the file."""

    ports: WebPorts
    secrets: TokenFile

    async def post(self, request: Request) -> Response:
        """Take one interaction; count what became of it."""
        try:
            return await self._take(request)
        except ClientDisconnect:
            return self._count("disconnected", Response(status_code=HTTPStatus.BAD_REQUEST))
        except TokensUnavailableError as error:
            return self._count("unavailable", render_unavailable(error))

    async def _take(self, request: Request) -> Response:
        if not self.secrets.is_there:
            reason = f"Buttons in Slack are not set up: no secret {SLACK_SIGNING_SECRET}."
            problem = render_problem(HTTPStatus.SERVICE_UNAVAILABLE, reason)
            return self._count("unavailable", problem)
        secrets = self.secrets.read()
        body = await read_body(request, limit=LARGEST_BYTES)
        if isinstance(body, TooLarge):
            reason = f"The body is larger than {LARGEST_BYTES} bytes."
            problem = render_problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)
            return self._count("too_large", problem)
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if not is_signed(body, timestamp, signature, secrets):
            reason = "The signature is missing, of another body, or by none of the secrets."
            return await self._refuse(request, reason)
        if not is_recent(timestamp, now=self.ports.clock()):
            reason = "The signature is more than five minutes old: is the clock of one side wrong?"
            return await self._refuse(request, reason)
        press = parse_press(body)
        if press is None:
            return self._count("ignored", Response())
        address = request.client.host if request.client else None
        return Response(background=BackgroundTask(self._answer, press, address))

    async def _refuse(self, request: Request, reason: str) -> Response:
        """Answer a stranger, of whom nothing is believed."""
        address = request.client.host if request.client else None
        await self.ports.refused(
            Entry(
                at=self.ports.clock(),
                actor="a stranger",
                via=Via.SLACK.value,
                action="press",
                done=False,
                detail=reason,
                address=address,
            )
        )
        return self._count("unauthorized", render_problem(HTTPStatus.FORBIDDEN, reason))

    async def _answer(self, press: SlackPress, address: str | None) -> None:
        """Do what was pressed, and tell who pressed where the message does not."""
        person = self._find_person(press.member)
        reader = self.ports.catalog().reader(None if person is None else person.id)
        given = Callback(
            via=Via.SLACK.value,
            id=press.id,
            choice=press.choice,
            reference=press.reference,
            person=None if person is None else person.id,
            name=f"{press.name} ({press.member})",
            address=address,
        )
        outcome, told = await self._give(given, press, reader)
        self.ports.metrics.provider_events.labels(Via.SLACK.value, outcome).inc()
        logger.info(
            "a press in Slack was taken",
            extra=context(choice=press.choice, reference=press.reference, outcome=outcome),
        )
        if told and press.response_url:
            await reply_in_slack(press.response_url, told, base=self.ports.slack_hooks_url)

    async def _give(self, given: Callback, press: SlackPress, reader: Reader) -> tuple[str, str]:
        """Return what became of it, and what to tell who pressed: nobody else would tell them."""
        try:
            answered = await stored_in_time(self.ports.callback(given), "what was pressed")
            return answered.outcome, reader.say(answered.told)
        except CallbackRefused as refusal:
            told = reader.say(refusal.reason)
            if refusal.why is Refused.STRANGER:
                told = reader.text(
                    "Guardia does not know who you are: ask whoever keeps the on-call catalog to"
                    " write `slack: {member}` beside your name.",
                    member=press.member,
                )
            return _REFUSED_AS.get(refusal.why, "refused"), told
        except STORE_ERRORS as error:
            logger.error("a press in Slack could not be stored: %s", type(error).__name__)
        except Exception:
            logger.exception("a press in Slack failed in an unforeseen way")
        told = reader.text(
            "The router cannot do this now. Look whether the message changes; if it does not,"
            " press again, or answer in PagerDuty."
        )
        return "unavailable", told

    def _find_person(self, member: str) -> Person | None:
        people = self.ports.catalog().roster.people.values()
        return next((one for one in people if one.slack == member), None)

    def _count(self, outcome: str, response: Response) -> Response:
        self.ports.metrics.provider_events.labels(Via.SLACK.value, outcome).inc()
        return response

"""All endpoints of the API in one table: the routes, and the document that describes them."""

from functools import cache
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from router.oncall.model import Role
from router.web.access.access import Access
from router.web.access.caller import Caller
from router.web.api.answers import AnswersApi, CommentBody, ReassignBody, SnoozeBody
from router.web.api.audit import AuditApi, AuditView
from router.web.api.awake import AwakeApi
from router.web.api.bodies import BY_EXAMPLE, By
from router.web.api.catalog import CatalogApi, CatalogView, ReloadedView
from router.web.api.endpoint import Endpoint, Nothing, Reply, Work, get, post, routes_of
from router.web.api.health import HealthApi, HealthView
from router.web.api.incidents import IncidentQuery, IncidentsApi
from router.web.api.oncall import OnCallApi
from router.web.api.oncall_routes import oncall_endpoints, override_endpoints, people_endpoints
from router.web.api.openapi import render_document
from router.web.api.overrides import OverridesApi
from router.web.api.people import PeopleApi
from router.web.api.queries import Paged
from router.web.api.shapes import AnsweredView, DetailsView, IncidentsView, RejectionsView
from router.web.api.tokens import (
    MadeTokenView,
    TokenBody,
    TokenQuery,
    TokensApi,
    TokensView,
    TokenView,
)
from router.web.ports import WebPorts

B = TypeVar("B", bound=msgspec.Struct)

_ADMINISTRATOR: Final = Role.ADMINISTRATOR
_SENSELESS: Final = HTTPStatus.UNPROCESSABLE_ENTITY
_CONFLICT: Final = HTTPStatus.CONFLICT
_CREATED: Final = HTTPStatus.CREATED
_TOKEN: Final = {
    "name": "Night shift",
    "role": "responder",
    "purpose": "sign-in",
    "for": "15m",
    "by": "Platform engineer 1",
}


def api_routes(ports: WebPorts, access: Access) -> list[Route]:
    """Return the routes; the document is one of them."""
    endpoints = list_endpoints(ports, access)
    return routes_of(endpoints, access)


def list_endpoints(ports: WebPorts, access: Access) -> list[Endpoint]:
    """Return every endpoint, each with what may be asked, by whom, and what is answered."""
    found = [
        *_incidents(IncidentsApi(ports=ports)),
        *_answers(AnswersApi(ports=ports)),
        *oncall_endpoints(OnCallApi(ports=ports)),
        *override_endpoints(OverridesApi(ports=ports)),
        *people_endpoints(PeopleApi(ports=ports), AwakeApi(ports=ports)),
        *_administration(TokensApi(ports=ports), AuditApi(ports=ports)),
        *_router(HealthApi(ports=ports), CatalogApi(access=access, reloads=ports.reloads)),
    ]

    @cache  # it takes a tenth of the router's start, and few ask for it
    def document() -> dict[str, Any]:
        return render_document(found)

    async def show(_request: Request, _caller: Caller, _asked: Nothing) -> Response:
        """Return this document."""
        return JSONResponse(document())

    described = Reply(shape=dict[str, Any])
    found.append(get("/api/openapi.json", "describe", show, query=Nothing, reply=described))
    return found


def _incidents(api: IncidentsApi) -> list[Endpoint]:
    return [
        get(
            "/api/incidents",
            "list_incidents",
            api.list,
            query=IncidentQuery,
            reply=Reply(shape=IncidentsView, has_pages=True),
            problems=[_SENSELESS],
        ),
        get(
            "/api/incidents/{number}",
            "show_incident",
            api.show,
            query=Nothing,
            reply=Reply(shape=DetailsView),
        ),
        get(
            "/api/incidents/{number}/runbook",
            "show_runbook",
            api.runbook,
            query=Nothing,
            reply=Reply(media_type="text/markdown"),
        ),
        get(
            "/api/rejected",
            "list_rejected",
            api.list_rejected,
            query=Paged,
            reply=Reply(shape=RejectionsView, has_pages=True),
            role=_ADMINISTRATOR,
        ),
        get(
            "/api/rejected/{number}",
            "show_rejected",
            api.show_rejected,
            query=Nothing,
            reply=Reply(media_type="application/octet-stream"),
            role=_ADMINISTRATOR,
        ),
    ]


def _answers(api: AnswersApi) -> list[Endpoint]:
    def answer(word: str, name: str, work: Work[B], body: type[B], **example: str) -> Endpoint:
        return post(
            f"/api/incidents/{{number}}/{word}",
            name,
            work,
            body=body,
            example=BY_EXAMPLE | example,
            reply=Reply(shape=AnsweredView),
            problems=[_CONFLICT, _SENSELESS],
        )

    return [
        answer("ack", "acknowledge", api.acknowledge, By),
        answer("escalate", "escalate", api.escalate, By),
        answer("snooze", "snooze", api.snooze, SnoozeBody, **{"for": "30m"}),
        answer("reassign", "reassign", api.reassign, ReassignBody, person="platform-2"),
        answer("comment", "comment", api.comment, CommentBody, text="Restarted the pool."),
        answer("resolve", "resolve", api.resolve, By),
    ]


def _administration(tokens: TokensApi, audit: AuditApi) -> list[Endpoint]:
    return [
        get(
            "/api/tokens",
            "list_tokens",
            tokens.list,
            query=TokenQuery,
            reply=Reply(shape=TokensView, has_pages=True),
            role=_ADMINISTRATOR,
        ),
        post(
            "/api/tokens",
            "make_token",
            tokens.make,
            body=TokenBody,
            example=_TOKEN,
            reply=Reply(shape=MadeTokenView, status=_CREATED),
            role=_ADMINISTRATOR,
            problems=[_CONFLICT, _SENSELESS],
        ),
        post(
            "/api/tokens/{number}/end",
            "end_token",
            tokens.end,
            body=By,
            example=BY_EXAMPLE,
            reply=Reply(shape=TokenView),
            role=_ADMINISTRATOR,
            problems=[_SENSELESS],
        ),
        get(
            "/api/audit",
            "list_audit",
            audit.list,
            query=Paged,
            reply=Reply(shape=AuditView, has_pages=True),
            role=_ADMINISTRATOR,
        ),
    ]


def _router(health: HealthApi, catalog: CatalogApi) -> list[Endpoint]:
    return [
        get(
            "/api/health",
            "show_health",
            health.show,
            query=Nothing,
            reply=Reply(shape=HealthView),
        ),
        get(
            "/api/catalog",
            "show_catalog",
            catalog.show,
            query=Nothing,
            reply=Reply(shape=CatalogView),
        ),
        post(
            "/-/reload",
            "reload",
            catalog.reload,
            body=Nothing,
            example={},
            reply=Reply(shape=ReloadedView),
            role=_ADMINISTRATOR,
            problems=[_SENSELESS],
        ),
    ]

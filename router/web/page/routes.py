"""All pages for people."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from router.oncall.model import Role
from router.web.access.access import Access
from router.web.page.answers import AnswerPages
from router.web.page.assets import send_asset
from router.web.page.door import Act, Look, act, look
from router.web.page.health import HealthPages
from router.web.page.history import HistoryPages
from router.web.page.incidents import IncidentPages
from router.web.page.me import MePages
from router.web.page.oncall import OnCallPages
from router.web.page.overrides import OverridePages
from router.web.ports import WebPorts


def page_routes(ports: WebPorts, access: Access) -> list[Route]:
    """Return the routes: who may look is a viewer at least, who may act a responder."""

    def seen(path: str, page: Look, role: Role = Role.VIEWER) -> Route:
        return Route(path, look(access, role, page), methods=["GET"])

    def done(path: str, page: Act, role: Role = Role.RESPONDER) -> Route:
        return Route(path, act(access, role, page), methods=["POST"])

    incidents = IncidentPages(ports=ports)
    answers = AnswerPages(ports=ports)
    oncall = OnCallPages(ports=ports)
    overrides = OverridePages(ports=ports)
    me = MePages(ports=ports)
    return [
        Route("/", _to_incidents, methods=["GET"]),
        Route("/static/{name}", send_asset, methods=["GET"]),
        seen("/incidents", incidents.list),
        seen("/incidents/{number}", incidents.show),
        seen("/incidents/{number}/review", incidents.review),
        done("/incidents/{number}/ack", answers.acknowledge),
        done("/incidents/{number}/resolve", answers.resolve),
        done("/incidents/{number}/escalate", answers.escalate),
        done("/incidents/{number}/snooze", answers.snooze),
        done("/incidents/{number}/reassign", answers.reassign),
        done("/incidents/{number}/comment", answers.comment),
        seen("/history", HistoryPages(ports=ports).search),
        seen("/oncall", oncall.who),
        seen("/oncall/{id}", oncall.calendar),
        seen("/overrides/new", overrides.new, Role.RESPONDER),
        seen("/overrides/preview", overrides.preview, Role.RESPONDER),
        done("/overrides", overrides.make),
        done("/overrides/{number}/cancel", overrides.cancel),
        seen("/me", me.show),
        done("/me/test", me.test),
        done("/me/awake", me.awake),
        done("/me/awake/end", me.not_awake),
        seen("/health", HealthPages(ports=ports).show),
    ]


async def _to_incidents(_request: Request) -> Response:
    return RedirectResponse("/incidents", HTTPStatus.SEE_OTHER)

"""All endpoints of the router."""

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from router.web.api import Api
from router.web.health import Health
from router.web.ports import WebPorts
from router.web.problems import EXCEPTION_HANDLERS
from router.web.request_ids import RequestIdMiddleware
from router.web.tokens import TokenFile
from router.web.webhook import Webhook


def create_app(ports: WebPorts) -> ASGIApp:
    """Return the application."""
    webhook = Webhook(ports=ports, tokens=TokenFile(ports.webhook_token_file))
    api = Api(ports=ports, tokens=TokenFile(ports.api_token_file))
    health = Health(ports=ports, tokens=(webhook.tokens, api.tokens))
    app = Starlette(
        routes=[
            Route("/webhook", webhook.post, methods=["POST"]),
            Route("/api/incidents", api.list, methods=["GET"]),
            Route("/api/incidents/{number}", api.show, methods=["GET"]),
            Route("/api/incidents/{number}/ack", api.acknowledge, methods=["POST"]),
            Route("/api/rejected", api.list_rejected, methods=["GET"]),
            Route("/api/rejected/{number}", api.show_rejected, methods=["GET"]),
            Route("/metrics", health.metrics, methods=["GET"]),
            Route("/-/healthy", health.healthy, methods=["GET"]),
            Route("/-/ready", health.ready, methods=["GET"]),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    # Outside of everything, so that an unforeseen error is logged with its ids too.
    return RequestIdMiddleware(app)

"""All endpoints of the router."""

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from router.settings import LINK_KEY, PAGERDUTY_WEBHOOK, SLACK_SIGNING_SECRET
from router.web.access.access import Access
from router.web.access.rate import FailureRate
from router.web.access.routes import guarded, sign_in_routes
from router.web.api.routes import api_routes
from router.web.health import Health
from router.web.page.act import ActPage
from router.web.page.failures import Failures
from router.web.page.routes import page_routes
from router.web.page_route import page_route
from router.web.ports import WebPorts
from router.web.request_ids import RequestIdMiddleware
from router.web.tokens import TokenFile
from router.web.under_path import UnderPath, path_of
from router.web.webhooks.alertmanager import Webhook
from router.web.webhooks.arrivals import Arrivals
from router.web.webhooks.pagerduty import PagerDutyWebhook
from router.web.webhooks.slack import SlackWebhook


def create_app(ports: WebPorts) -> ASGIApp:
    """Return the application."""
    arrivals = Arrivals(ports.store, limit=ports.queue_limit)
    webhook_tokens = TokenFile(ports.webhook_token_file)
    webhook = Webhook(ports=ports, tokens=webhook_tokens, arrivals=arrivals)
    pagerduty_secrets = TokenFile(ports.secrets_dir / PAGERDUTY_WEBHOOK)
    pagerduty = PagerDutyWebhook(ports=ports, secrets=pagerduty_secrets)
    slack = SlackWebhook(ports=ports, secrets=TokenFile(ports.secrets_dir / SLACK_SIGNING_SECRET))
    api_tokens = TokenFile(ports.api_token_file)
    access = Access(ports=ports, tokens=api_tokens, wrong_tokens=FailureRate(ports.clock))
    links = ActPage(ports=ports, keys=TokenFile(ports.secrets_dir / LINK_KEY), site=access.site)
    health = Health(ports=ports, tokens=(webhook.tokens, api_tokens))
    app = Starlette(
        routes=[
            Route("/webhook", webhook.post, methods=["POST"]),
            Route("/webhook/pagerduty", pagerduty.post, methods=["POST"]),
            Route("/webhook/slack", slack.post, methods=["POST"]),
            page_route("/act/{token}", show=links.show, post=links.act),
            *api_routes(ports, access),
            *sign_in_routes(ports, access),
            *page_routes(ports, access),
            Route("/metrics", health.metrics, methods=["GET"]),
            Route("/-/healthy", health.healthy, methods=["GET"]),
            Route("/-/ready", health.ready, methods=["GET"]),
        ],
        exception_handlers=Failures(ports=ports).handlers(),
    )
    # Starlette would send people to an absolute address of its own making: it knows neither
    # the TLS nor the path that a proxy ends before us.
    app.router.redirect_slashes = False
    # Outside of everything, so that an unforeseen error is logged with its ids too.
    below = UnderPath(guarded(app, ports, access), base=path_of(ports.external_url))
    return RequestIdMiddleware(below)

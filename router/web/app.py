"""All endpoints of the router."""

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from router.settings import PAGERDUTY_WEBHOOK
from router.web.api.answers import AnswersApi
from router.web.api.catalog import CatalogApi
from router.web.api.incidents import Api
from router.web.api.oncall import OnCallApi
from router.web.api.overrides import OverridesApi
from router.web.api.people import PeopleApi
from router.web.health import Health
from router.web.ports import WebPorts
from router.web.problems import EXCEPTION_HANDLERS
from router.web.request_ids import RequestIdMiddleware
from router.web.tokens import TokenFile
from router.web.webhooks.alertmanager import Webhook
from router.web.webhooks.arrivals import Arrivals
from router.web.webhooks.pagerduty import PagerDutyWebhook


def create_app(ports: WebPorts) -> ASGIApp:
    """Return the application."""
    arrivals = Arrivals(ports.store, limit=ports.queue_limit)
    webhook_tokens = TokenFile(ports.webhook_token_file)
    webhook = Webhook(ports=ports, tokens=webhook_tokens, arrivals=arrivals)
    pagerduty_secrets = TokenFile(ports.secrets_dir / PAGERDUTY_WEBHOOK)
    pagerduty = PagerDutyWebhook(ports=ports, secrets=pagerduty_secrets)
    api = Api(ports=ports, tokens=TokenFile(ports.api_token_file))
    catalog = CatalogApi(reloads=ports.reloads, tokens=api.tokens)
    oncall = OnCallApi(ports=ports, tokens=api.tokens)
    overrides = OverridesApi(ports=ports, tokens=api.tokens)
    people = PeopleApi(ports=ports, tokens=api.tokens)
    answers = AnswersApi(ports=ports, tokens=api.tokens)
    health = Health(ports=ports, tokens=(webhook.tokens, api.tokens))
    app = Starlette(
        routes=[
            Route("/webhook", webhook.post, methods=["POST"]),
            Route("/webhook/pagerduty", pagerduty.post, methods=["POST"]),
            Route("/api/incidents", api.list, methods=["GET"]),
            Route("/api/incidents/{number}", api.show, methods=["GET"]),
            Route("/api/incidents/{number}/ack", answers.acknowledge, methods=["POST"]),
            Route("/api/incidents/{number}/resolve", answers.resolve, methods=["POST"]),
            Route("/api/incidents/{number}/snooze", answers.snooze, methods=["POST"]),
            Route("/api/incidents/{number}/escalate", answers.escalate, methods=["POST"]),
            Route("/api/incidents/{number}/reassign", answers.reassign, methods=["POST"]),
            Route("/api/incidents/{number}/comment", answers.comment, methods=["POST"]),
            Route("/api/rejected", api.list_rejected, methods=["GET"]),
            Route("/api/rejected/{number}", api.show_rejected, methods=["GET"]),
            Route("/api/catalog", catalog.show, methods=["GET"]),
            Route("/-/reload", catalog.reload, methods=["POST"]),
            Route("/api/oncall", oncall.who, methods=["GET"]),
            Route("/api/schedules/{id}.ics", oncall.schedule_calendar, methods=["GET"]),
            Route("/api/people/{id}.ics", oncall.person_calendar, methods=["GET"]),
            Route("/api/people/{id}/test-page", people.test_page, methods=["POST"]),
            Route("/api/overrides", overrides.list, methods=["GET"]),
            Route("/api/overrides", overrides.make, methods=["POST"]),
            Route("/api/overrides/{number}/cancel", overrides.cancel, methods=["POST"]),
            Route("/metrics", health.metrics, methods=["GET"]),
            Route("/-/healthy", health.healthy, methods=["GET"]),
            Route("/-/ready", health.ready, methods=["GET"]),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    # Outside of everything, so that an unforeseen error is logged with its ids too.
    return RequestIdMiddleware(app)

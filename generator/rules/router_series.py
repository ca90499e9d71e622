"""The router's own metrics by name, and how they are selected where it runs.

Source: router/metrics.py, whose names and labels these are; a test compares them.
"""

from generator.catalog.model import Organisation
from generator.promql.text import select

OVERDUE = "guardia_overdue_seconds"
WAITING = "guardia_waiting"
OPEN_INCIDENTS = "guardia_open_incidents"
WRITABLE = "guardia_store_writable"
TURN = "guardia_worker_turn_timestamp_seconds"
FAILED_STEPS = "guardia_worker_failures_total"
POSTS = "guardia_webhook_posts_total"
COMMIT_BUCKETS = "guardia_webhook_commit_seconds_bucket"
LAST_WEBHOOK = "guardia_webhook_last_timestamp_seconds"
ATTEMPTS = "guardia_message_attempts_total"
ATTEMPT_BUCKETS = "guardia_message_attempt_seconds_bucket"
PAGES = "guardia_pages_accepted_total"
HEARTBEAT_SEEN = "guardia_heartbeat_last_seen_timestamp_seconds"
OWN_HEARTBEAT = "guardia_own_heartbeat_last_timestamp_seconds"
RELOADED = "guardia_catalog_last_reload_successful"
RELOADS = "guardia_catalog_reloads_total"
RECONCILED = "guardia_reconciled_total"
RECONCILED_AT = "guardia_reconcile_timestamp_seconds"
PEERS = "guardia_alertmanagers"
TEMPLATES = "guardia_template_failures_total"


class RouterSeries:
    """Selects the router's own series by the matchers of `router_targets`.

    Where that is not its `up`, but what somebody else finds out about it, its
    labels are not those of the router's series.
    """

    def __init__(self, organisation: Organisation) -> None:
        targets = organisation.alertmanager.router_targets
        inside = targets.text.partition("{")[2].rpartition("}")[0]
        self._inside = inside.strip().rstrip(",").rstrip() if targets.metric == "up" else ""

    def select(self, metric: str, matcher: str = "") -> str:
        """Return a selector of one of the router's metrics, with one matcher more."""
        inside = ",".join(part for part in (self._inside, matcher) if part)
        return select(metric, inside) if inside else metric

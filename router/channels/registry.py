"""All channels, by the names that the catalog uses: a new one is a file and a row here."""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from router.channels.channel import Channel
from router.channels.pagerduty import PagerDuty
from router.channels.slack import Slack
from router.channels.smtp import Email
from router.channels.webhook import Webhook
from router.settings import Settings

logger = logging.getLogger(__name__)

REGISTERED: Final[Mapping[str, Callable[[Settings], Channel]]] = {
    "pagerduty": PagerDuty.open,
    "slack": Slack.open,
    "email": Email.open,
    "webhook": Webhook.open,
}


def open_channels(settings: Settings) -> Mapping[str, Channel]:
    """Return every channel; one that is not set up says so at its first attempt."""
    return {name: open_channel(settings) for name, open_channel in REGISTERED.items()}


def prepare_channels(channels: Mapping[str, Channel]) -> None:
    """Load what first attempts would wait for: together a second, in which somebody sleeps on.

    To be run in a thread. What fails here fails again at the attempt, which tells it.
    """
    for name, channel in channels.items():
        try:
            channel.prepare()
        except Exception:
            logger.exception("the channel %s is not ready", name)

"""All channels, by the names that the catalog uses."""

from collections.abc import Mapping

from router.channels.channel import Channel
from router.channels.pagerduty import PagerDuty
from router.channels.slack import Slack
from router.channels.smtp import Email
from router.settings import Settings


def open_channels(settings: Settings) -> Mapping[str, Channel]:
    """Return every channel; one that is not set up says so at its first attempt."""
    return {
        "pagerduty": PagerDuty(url=settings.pagerduty_url, secrets_dir=settings.secrets_dir),
        "slack": Slack(url=settings.slack_url, secrets_dir=settings.secrets_dir),
        "email": Email(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=settings.smtp_from,
            starttls=settings.smtp_starttls,
            user=settings.smtp_user,
            secrets_dir=settings.secrets_dir,
        ),
    }

"""A sentence to one person in Slack, by the address that came with what they pressed."""

import logging
from typing import Final

from router.logs import context
from router.message.slack import escape

TIMEOUT_SECONDS: Final = 5
_LONGEST: Final = 1000

logger = logging.getLogger(__name__)


async def reply_in_slack(url: str, sentence: str, *, base: str) -> None:
    """Tell somebody something that nobody else sees; what fails is logged and not tried again.

    `base` is what Slack's own addresses begin with, a slash at its end: nobody
    makes the router call another one, and redirects are not followed.
    Source: Slack developer documentation, "Handling user interaction", response_url.
    """
    import httpx  # late: 0.1 s

    if not url.startswith(base):
        logger.warning("an answer in Slack has no address of Slack's")
        return
    told = {
        "response_type": "ephemeral",
        "replace_original": False,
        "text": escape(sentence, _LONGEST),
    }
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
            response = await client.post(url, json=told)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        # Its name alone: the text may hold the address, by which anybody may write there.
        logger.warning("an answer in Slack failed: %s", type(error).__name__)
        return
    if not response.is_success:
        logger.warning("an answer in Slack was refused", extra=context(status=response.status_code))

"""`guardia test-page`: page somebody's addresses to see whether they work."""

import argparse
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from guardia.change import plain
from guardia.cli.arguments import ASKS_ROUTER

WAIT_SECONDS = 30  # a page that nobody takes within that goes elsewhere
POLL_SECONDS = 0.5
# What may end by itself while we wait; anything else somebody has to mend.
_PASSING = ("unreachable", "rate_limited", "provider_error")


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "test-page",
        help="page every address of a person with a text that says it is a test",
        epilog=ASKS_ROUTER,
    )
    parser.add_argument("person", help="the person's id in the catalog")
    parser.add_argument("--by", metavar="NAME", help="who asks for it (default: your login name)")
    return parser


def run(args: argparse.Namespace) -> int:
    """Send it and print what came of it; 1 unless every address accepted it."""
    from guardia.cli.answering import login_name
    from guardia.cli.router_api import call_router, explain

    by = login_name() if args.by is None else args.by
    path = f"/api/people/{quote(args.person, safe='')}/test-page"
    status, answer = call_router("POST", path, body={"by": by})
    if status != 201:
        print(plain(explain(answer)))
        return 1
    number = answer["incident"]
    print(f"#{number}: test page for {plain(answer['name'])}, it ends by itself in 10 minutes")

    def read() -> list[dict[str, Any]]:
        status, incident = call_router("GET", f"/api/incidents/{number}")
        messages = incident["messages"] if status == 200 else []
        return [one for one in messages if one["kind"] == "page"]

    pages = wait_for_outcomes(read, monotonic=time.monotonic, sleep=time.sleep)
    for page in pages:
        print(f"  {plain(page['channel'])} {plain(page['address'])}: {_outcome(page)}")
    return 0 if pages and all(page["state"] == "sent" for page in pages) else 1


def wait_for_outcomes(
    read: Callable[[], list[dict[str, Any]]],
    *,
    monotonic: Callable[[], float],
    sleep: Callable[[float], None],
) -> list[dict[str, Any]]:
    """Return the pages once each is accepted or needs mending, or after WAIT_SECONDS as they are.

    `read` asks the router.
    """
    until = monotonic() + WAIT_SECONDS
    pages = read()
    while not all(map(_is_settled, pages)) and monotonic() < until:
        sleep(POLL_SECONDS)
        pages = read()
    return pages


def _is_settled(page: dict[str, Any]) -> bool:
    if page["state"] in ("sent", "failed", "dropped"):
        return True
    return page["reason"] is not None and page["reason"] not in _PASSING


def _outcome(page: dict[str, Any]) -> str:
    why = plain(page["detail"] or page["reason"] or "")
    if page["state"] == "sent":
        return "accepted"
    if page["state"] in ("failed", "dropped"):
        return f"not sent: {why}"
    if page["reason"] is None:
        return f"no outcome within {WAIT_SECONDS} s"
    return f"not accepted ({plain(page['reason'])}): {why}"

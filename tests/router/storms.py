"""Many incidents for one person, and what PagerDuty was told of them."""

import re
from collections import Counter
from datetime import timedelta
from typing import Any

from router.escalation.storm import DIGEST_WAIT
from tests.fakes.pagerduty import Accepted
from tests.router.making import notification_body
from tests.router.road import Road, firing, resolved

SECOND = timedelta(seconds=1)


async def fires(road: Road, numbers: range, status: Any = firing) -> None:
    """Let one incident a number begin (or end): number 1 is the first incident, and so on."""
    for number in numbers:
        labels = {"service": f"service-{number}"}
        body = notification_body(status(**labels), groupLabels=labels)
        response = await road.post(body)
        assert response.status_code == 200, response.text
    await road.worker.turn()


async def ends(road: Road, numbers: range) -> None:
    await fires(road, numbers, status=resolved)


async def digest_goes_out(road: Road) -> None:
    await road.pass_time(DIGEST_WAIT)


def triggers(road: Road) -> list[Accepted]:
    return [one for one in road.fakes.pagerduty.accepted if one.outcome == "opened"]


def is_digest(one: Accepted) -> bool:
    return "/digest." in one.dedup_key


def numbers_in(one: Accepted) -> list[int]:
    """Return the incidents that a page of PagerDuty's tells."""
    details = one.event["payload"]["custom_details"]
    if "incidents" not in details:
        return [int(one.dedup_key.split("/")[1])]
    named = [line.split()[0] for line in details["incidents"]]
    named += re.findall(r"#\d+", details.get("also", ""))
    return [int(number.removeprefix("#")) for number in named]


def told(road: Road) -> Counter[int]:
    """Return how often each incident was told to somebody by a page that wakes."""
    return Counter(number for one in triggers(road) for number in numbers_in(one))


def once(numbers: range) -> Counter[int]:
    return Counter(numbers)


async def texts(road: Road, number: int) -> str:
    return "\n".join(row["text"] for row in (await road.show(number))["timeline"])


async def page_of(road: Road, number: int) -> dict[str, Any]:
    messages = (await road.show(number))["messages"]
    (page,) = [one for one in messages if one["kind"] == "page"]
    found: dict[str, Any] = page
    return found


def states(road: Road) -> list[str]:
    return [alert.state for alert in road.fakes.pagerduty.alerts]

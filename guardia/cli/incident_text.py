"""An incident of the router's API as text: the chain from the alert to whoever was woken, and on.

For somebody who was just woken: whole sentences, one chain from top to bottom,
what comes next at the end, where the eye is. Every time is UTC, as in pages
and logs, and says so; what is still to come also in the zone of those paged.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from guardia.change import plain
from guardia.duration import spoken_duration
from guardia.word import counted

_ALERTS_SHOWN = 5
_LABELS_LENGTH = 400
_RANK = ("critical", "high", "medium", "low")
# What a line about somebody's page or about a message tells already.
_TOLD_ELSEWHERE = ("routed", "paged", "message_sent", "message_failed", "message_dropped")
_FOLLOW_UPS = {"acknowledge": "told that somebody has it", "resolve": "told that it is over"}


def render_incident(incident: dict[str, Any]) -> str:
    """Return the chain from the alerts to the people and what comes next; ends without a newline.

    `incident` is the answer of GET /api/incidents/N.
    """
    sections = [
        _head(incident),
        _section("Alerts", _alerts(incident["alerts"])),
        _section("Where that leads, and why", _routes(incident)),
        _section("Who was paged, and why", _pages(incident["messages"]) or ["  nobody"]),
        _section("Who was informed", _notices(incident["messages"])),
        _section("What else happened", _events(incident["timeline"])),
        _section("What happens next", _next(incident)),
    ]
    return "\n\n".join(section for section in sections if section)


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, *lines]) if lines else ""


def _head(incident: dict[str, Any]) -> str:
    opened = _ago(incident["opened_at"], incident["next"]["now"])
    return "\n".join(
        [
            f"#{incident['number']} {incident['state']}, {incident['severity']}:"
            f" {plain(incident['title'])}",
            f"  opened at {opened}",
        ]
    )


def _alerts(alerts: Sequence[dict[str, Any]]) -> list[str]:
    ranked = sorted(alerts, key=lambda one: (not one["firing"], _rank(one), one["starts_at"]))
    lines = []
    for alert in ranked[:_ALERTS_SHOWN]:
        labels = {plain(name): plain(value) for name, value in alert["labels"].items()}
        name = labels.pop("alertname", "An alert without a name")
        since = f"fires since {instant(alert['starts_at'])}"
        if not alert["firing"]:
            since = f"ended at {instant(alert['ended_at'])}"
        lines.append(f"  {alert['severity']}: {name}, {since}")
        written = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
        if written:
            lines.append(f"    {_cut(written)}")
    more = len(alerts) - _ALERTS_SHOWN
    return [*lines, f"  and {counted(more, 'more alert')}"] if more > 0 else lines


def _rank(alert: dict[str, Any]) -> int:
    severity = alert["severity"]
    return _RANK.index(severity) if severity in _RANK else len(_RANK)


def _routes(incident: dict[str, Any]) -> list[str]:
    lines = _rows(event for event in incident["timeline"] if event["kind"] == "routed")
    escalation = incident["escalation"]
    if escalation is None:
        return [*lines, "  No policy escalates it."]
    again = escalation["round"] - 1
    anew = f" It has begun anew {'once' if again == 1 else f'{again} times'}." if again else ""
    return [*lines, f"  {_escalated_by(escalation)}.{anew}"]


def _escalated_by(escalation: dict[str, Any]) -> str:
    from router.escalation.given import NO_POLICY, split_given

    policy, person = split_given(escalation["policy"])
    edition = f"as edition {plain(escalation['catalog_version'])} of the catalog has it"
    if person is None:
        return f"{name_policy(policy)}, {edition}"
    given = f"It was given to {plain(person)}"
    if policy == NO_POLICY:
        return f"{given}; no policy escalates it"
    return f"{given}; then comes the last resort of policy {plain(policy)}, {edition}"


def name_policy(policy: str) -> str:
    """Return whom a sentence begins with: a policy, or the service that escalates in its place."""
    from router.oncall.model import is_service

    if is_service(policy):
        return f"PagerDuty service {plain(policy.partition(':')[2])}"
    return f"Policy {plain(policy)}"


def _pages(messages: Sequence[dict[str, Any]]) -> list[str]:
    """Return each page of a person at one step, with all its addresses and what came of them."""
    lines = []
    for key in dict.fromkeys(one["dedup_key"] for one in messages if one["kind"] == "page"):
        of_page = [one for one in messages if one["dedup_key"] == key]
        first = of_page[0]
        lines.append(f"  {instant(first['created_at'])}: {plain(first['name'] or 'somebody')}")
        lines.append(f"    {plain(first['because'])}")
        lines += [f"    {told}" for one in of_page for told in _page(one)]
    return lines


def _page(one: dict[str, Any]) -> Iterator[str]:
    """Yield what became of a page; of one that is told with others, what became of that one."""
    digest = one.get("digest")  # a router of an earlier release gathers nothing
    if digest is None:
        yield _message(one)
        return
    count = len(digest["other_incidents"])
    together = f" in one page with {counted(count, 'other incident')}" if count else " in one page"
    for told in digest["messages"]:
        yield _message(told, together if told["kind"] == "digest" else "")


def _notices(messages: Sequence[dict[str, Any]]) -> list[str]:
    keys = {one["dedup_key"] for one in messages if one["kind"] in ("page", "digest")}
    return [f"  {_message(one)}" for one in messages if one["dedup_key"] not in keys]


def _events(timeline: Sequence[dict[str, Any]]) -> list[str]:
    return _rows(event for event in timeline if event["kind"] not in _TOLD_ELSEWHERE)


def _rows(events: Iterable[dict[str, Any]]) -> list[str]:
    return [f"  {instant(event['at'])}: {plain(event['text'])}" for event in events]


def _message(one: dict[str, Any], together: str = "") -> str:
    where = f"{plain(one['channel'])} {plain(one['address'])}"
    what = _FOLLOW_UPS.get(one["kind"])
    return f"{where}{together}{f', {what}' if what else ''}: {_outcome(one)}"


def _outcome(one: dict[str, Any]) -> str:
    why = plain(one["detail"] or one["reason"] or "")
    tries = f" (attempt {one['attempts']})" if one["attempts"] > 1 else ""
    match one["state"]:
        case "sent":
            return f"accepted at {instant(one['ended_at'])}{tries}"
        case "failed":
            return f"given up at {instant(one['ended_at'])}{tries}: {why}"
        case "dropped":
            return f"not sent: {why}"
        case "sending":
            return f"is being sent{tries}"
        case _ if one["reason"]:
            return f"not accepted so far, tried again at {instant(one['due_at'])}{tries}: {why}"
        case _:
            # What the router notes of a message that waits, such as that it is sent once more.
            return f"{why or 'waits to be sent'}, at {instant(one['due_at'])}"


def _next(incident: dict[str, Any]) -> list[str]:
    coming = incident["next"]
    text = plain(coming["text"])
    if coming["steps"] and incident["state"] == "triggered":
        text = f"{text.rstrip(':')} (guardia ack {incident['number']} --by YOU):"
    return [f"  {text}", *(line for step in coming["steps"] for line in render_step(step, coming))]


def render_step(step: dict[str, Any], coming: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a step to come; `coming` says what time it is `now`, and the `zone`."""
    people = ", ".join(
        f"{plain(page['name'])} by {plain(page['channel'])}" for page in step["pages"]
    )
    told = ", ".join(f"{plain(one['channel'])} {plain(one['address'])}" for one in step["informs"])
    nobody = f"only informs {told}" if told and not step["remarks"] else "reaches nobody"
    yield f"  {_ahead(step['at'], coming)}: {plain(step['name'])}: {people or nobody}"
    reasons = dict.fromkeys([*step["remarks"], *(page["because"] for page in step["pages"])])
    yield from (f"    {plain(reason)}" for reason in reasons)
    if people and told:
        yield f"    It also informs {told}."


def _ahead(at: str, coming: dict[str, Any]) -> str:
    """Return a time to come: UTC, how long until then, and the wall clock of those paged."""
    wait = datetime.fromisoformat(at) - datetime.fromisoformat(coming["now"])
    told = [f"in {spoken_duration(wait)}" if wait.total_seconds() >= 1 else "now"]
    zone = _zone(coming["zone"])
    if zone is not None:
        told.append(f"{datetime.fromisoformat(at).astimezone(zone):%a %H:%M} {zone.key}")
    return f"{instant(at)} ({', '.join(told)})"


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # an older list of zones than the router's
        return None


def _ago(at: str, now: str) -> str:
    age = datetime.fromisoformat(now) - datetime.fromisoformat(at)
    return f"{instant(at)}, {spoken_duration(age)} ago"


def instant(at: str | None) -> str:
    """Return an instant of the API for people: to the second, in UTC, and it says so."""
    if at is None:
        return "an unknown time"
    return f"{datetime.fromisoformat(at).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _cut(text: str) -> str:
    return text if len(text) <= _LABELS_LENGTH else f"{text[: _LABELS_LENGTH - 1]}…"

"""What a notification would do, as text."""

from collections.abc import Iterator
from typing import Any

from guardia.change import plain
from guardia.cli.incident_text import instant, name_policy, render_step
from guardia.word import counted

_ASSUMED = (
    "Assumed: nothing was known before, so each incident is new; no override was made at run"
    " time; nobody answers. Nothing is sent."
)


def render_replay(found: dict[str, Any]) -> str:
    """Return what a readable notification would do; ends without a newline."""
    return "\n".join([*_head(found), *_incidents(found)])


def render_refusal(found: dict[str, Any]) -> str:
    """Return why a body is refused, and what the router then does about it."""
    return "\n".join(
        [
            f"Refused: {plain(found['refused'])}",
            "The router answers 400, keeps the body as it came (guardia rejected), and tells"
            " people: the first one opens this incident.",
            *_incidents(found),
        ]
    )


def _head(found: dict[str, Any]) -> Iterator[str]:
    alerts = found["notification"]
    cut_off = f", {alerts['truncated']} cut off" if alerts["truncated"] else ""
    yield (
        f"A notification ({counted(alerts['firing'], 'firing alert')}, {alerts['resolved']} ended"
        f"{cut_off}) as if received at {instant(found['now'])},"
        f" under edition {plain(found['catalog_version'])} of the catalog."
    )
    yield _ASSUMED
    for name in found["heartbeats"]:
        yield f"\nHeartbeat {plain(name)} came; it is in no incident."


def _incidents(found: dict[str, Any]) -> Iterator[str]:
    if not found["incidents"]:
        yield "\nIt opens no incident."
    for number, incident in enumerate(found["incidents"], start=1):
        yield f"\nIncident {number}: {incident['severity']}: {plain(incident['title'])}"
        yield f"  key {plain(incident['key'])}"
        yield from (f"  {plain(text)}" for text in incident["told"])
        if incident["state"] != "resolved":
            yield from _destination(incident, found)


def _destination(incident: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    yield f"  {plain(incident['because'])}"
    for channel in incident["channels"]:
        when = "at once" if channel["at"] == found["now"] else f"at {instant(channel['at'])}"
        yield f"  Informs {plain(channel['channel'])} {plain(channel['address'])} {when}."
    if not incident["channels"]:
        yield "  Informs no channel."
    if incident["policy"] is None:
        yield "  Pages nobody: no policy."
        return
    yield f"  {name_policy(incident['policy'])}, unless somebody acknowledges:"
    for step in incident["steps"]:
        yield from (f"  {line}" for line in render_step(step, incident | {"now": found["now"]}))

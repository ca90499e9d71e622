"""What came of an answer, in one or two lines for somebody who is half asleep."""

from collections.abc import Mapping
from typing import Any

from guardia.change import plain


def render_answer(answer: str, told: Mapping[str, Any], body: Mapping[str, str]) -> str:
    """Return the incident as it stands, and what the answer has done.

    `told` is what the API says to an `answer` with that `body`.
    """
    head = f"#{told['number']} {told['state']}: {plain(told['title'])}"
    return f"{head}\n{_done(answer, told, body)}"


def _done(answer: str, told: Mapping[str, Any], body: Mapping[str, str]) -> str:
    match answer:
        case "ack":
            return _acknowledged(told)
        case "snooze":
            return _snoozed(told)
        case "resolve":
            return _resolved(told)
        case "escalate":
            return _escalated(told)
        case "reassign":
            return _given(told, body)
        case _:
            return "written into its timeline"


def _acknowledged(told: Mapping[str, Any]) -> str:
    if told["state"] == "resolved":
        return f"nothing to acknowledge, it was over before: {_end(told)}"
    by, at, ends = _holder(told)
    if told["already"]:
        return (
            f"{by} was first and has it, since {at}{ends}; the timeline says that you answered too"
        )
    return f"acknowledged by {by} at {at}{ends}"


def _snoozed(told: Mapping[str, Any]) -> str:
    if not told["already"]:
        return _acknowledged(told)
    by, at, ends = _holder(told)
    return f"{by} has it, since {at}{ends}; your snooze is in the timeline, and changes nothing"


def _holder(told: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return who has it, since when, and until when: empty for without end."""
    until = told["acknowledged_until"]
    ends = f", until {shown(until)}" if until else ""
    return plain(told["acknowledged_by"]), shown(told["acknowledged_at"]), ends


def _escalated(told: Mapping[str, Any]) -> str:
    who = f"who that is: guardia explain incident {told['number']}"
    if told["already"]:
        return f"the next step was taken a moment ago, that counts once; {who}"
    return f"the next step is taken now; {who}"


def _given(told: Mapping[str, Any], body: Mapping[str, str]) -> str:
    to = plain(body["person"]) if "person" in body else f"policy {plain(body['policy'])}"
    if told["already"]:
        return f"given to {to} a moment ago: that counts once"
    return f"given to {to}, {'who is paged now' if 'person' in body else 'which begins now'}"


def _resolved(told: Mapping[str, Any]) -> str:
    if told["resolved_by"] != told["answered_by"]:
        return f"it was over before: {_end(told)}"
    firing = told["alerts_firing"]
    goes_on = f"; still firing: {firing}, which opens no new incident before it is repeated"
    return f"{_end(told)}{goes_on if firing else ''}"


def _end(told: Mapping[str, Any]) -> str:
    at = shown(told["resolved_at"])
    by = told["resolved_by"]
    return f"no alert fires since {at}" if by is None else f"resolved by {plain(by)} at {at}"


def shown(instant: str) -> str:
    """Return an instant of the API, which is in UTC, to the second."""
    return f"{instant[:19].replace('T', ' ')} UTC"

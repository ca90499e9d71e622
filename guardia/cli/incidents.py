"""`guardia incidents`: what is open, or everything about one incident."""

import argparse
import json
from typing import Any

from guardia.cli.arguments import ASKS_ROUTER, parse_number


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "incidents",
        help="list the open incidents, or show one with its timeline",
        epilog=ASKS_ROUTER,
    )
    parser.add_argument("number", nargs="?", type=parse_number, help="show this incident")
    parser.add_argument("--all", action="store_true", help="list the resolved ones too")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def run(args: argparse.Namespace) -> int:
    """Print what the router knows; 1 for an unknown number."""
    from guardia.cli.router_api import call_router, explain

    state = "all" if args.all else "open"
    if args.number is not None:
        status, answer = call_router("GET", f"/api/incidents/{args.number}")
    else:
        status, answer = _ask_for_all(state)
    if status != 200:
        print(_printable(explain(answer)))
        return 1
    if args.format == "json":
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    elif args.number is not None:
        print("\n".join(_show(answer)))
    else:
        none = "no incident is kept" if args.all else "no open incidents"
        print("\n".join(_list(answer["incidents"])) or none)
    return 0


def _ask_for_all(state: str) -> tuple[int, dict[str, Any]]:
    """Return what the router lists, from the first of its pages to the last."""
    from guardia.cli.router_api import call_router

    query, listed = f"?state={state}", []
    while True:
        status, answer = call_router("GET", f"/api/incidents{query}")
        if status != 200:
            return status, answer
        listed += answer["incidents"]
        query = answer.get("next")  # a router of an earlier release has no pages
        if query is None:
            return status, {"incidents": listed, "next": None}


def _list(incidents: list[dict[str, Any]]) -> list[str]:
    return [
        f"#{one['number']:<6} {one['state']:<12} {one['severity']:<8} {one['opened_at'][:19]}Z"
        f"  {_printable(one['title'])}"
        for one in incidents
    ]


def _show(incident: dict[str, Any]) -> list[str]:
    """Return the incident, its timeline, and what happens next."""
    lines = [
        *_list([incident]),
        "",
        *(f"{row['at'][:19]}Z  {_printable(row['text'])}" for row in incident["timeline"]),
    ]
    escalation = incident["escalation"]
    if escalation is not None and escalation["due_at"] is not None:
        step = (
            "the last resort"
            if escalation["next_step"] == "last"
            else (f"step {escalation['next_step']}")
        )
        lines += [
            "",
            f"Unless somebody acknowledges, {step}{_of_policy(escalation['policy'])}"
            f" is paged at {escalation['due_at'][:19]}Z.",
        ]
    return lines


def _of_policy(policy: str) -> str:
    from router.escalation.given import NO_POLICY, split_given

    name, person = split_given(policy)
    return "" if person is not None and name == NO_POLICY else f" of policy {name}"


def _printable(text: str) -> str:
    """Return a text of alerts without what could steer the terminal."""
    return "".join(char if char.isprintable() else " " for char in text)

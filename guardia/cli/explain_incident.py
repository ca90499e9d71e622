"""`guardia explain incident`: who was paged and why, what came of it, what is next (G11)."""

import argparse
import json

from guardia.cli.errors import UsageError


def run(args: argparse.Namespace) -> int:
    """Print what `args.subject` (the incident's number) names; 1 when there is no such incident."""
    from guardia.change import plain
    from guardia.cli.incident_text import render_incident
    from guardia.cli.router_api import call_router, explain

    number = _number(args.subject)
    status, answer = call_router("GET", f"/api/incidents/{number}")
    if status != 200:
        print(plain(explain(answer)))
        return 1
    if args.format == "json":
        print(json.dumps(answer, indent=2))  # ASCII: no character of an alert steers anything
    else:
        print(render_incident(answer))
    return 0


def _number(words: list[str]) -> int:
    from guardia.cli.arguments import parse_number

    if len(words) != 1:
        raise UsageError("name one incident, such as: guardia explain incident 1042")
    try:
        return parse_number(words[0])
    except argparse.ArgumentTypeError as error:
        raise UsageError(str(error)) from None

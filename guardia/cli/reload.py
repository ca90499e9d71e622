"""`guardia reload`: have the router read its catalog's files now."""

import argparse
from typing import Any

from guardia.cli.arguments import ASKS_ROUTER
from guardia.problem import Problem, parse_problem, printable, render_text


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command; which router is asked comes from the environment."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "reload",
        help="have the router read its catalog now, and say whether it takes it up",
        epilog=ASKS_ROUTER,
    )
    return parser


def run(_args: argparse.Namespace) -> int:
    """Print which catalog is in force; 1 and the problems when the files are refused."""
    from guardia.cli.router_api import call_router, explain

    status, answer = call_router("POST", "/-/reload")
    if status != 200:
        problems = _read_problems(answer)
        if problems:
            print(render_text(problems, sources={}))
        print(printable(explain(answer)))
        return 1
    state = "in force now" if answer["changed"] else "in force as before: nothing has changed"
    print(f"catalog {printable(answer['catalog'])} is {state}")
    return 0


def _read_problems(answer: Any) -> list[Problem]:
    """Return the problems of a refusal; none of one that gives no such list, or another."""
    try:
        return [parse_problem(fields) for fields in answer["problems"]]
    except (KeyError, TypeError, ValueError):
        return []

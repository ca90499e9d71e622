"""`guardia token`: tokens of programs that call the API, and of somebody who signs in once."""

import argparse
import json
from http import HTTPStatus
from typing import Any

from guardia.cli.arguments import ASKS_ROUTER

ROLES = ("viewer", "responder", "administrator")


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the commands below it."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "token",
        help="make, list or end tokens: for programs, or for somebody to sign in once",
        epilog=ASKS_ROUTER,
    )
    below = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_make(below)
    listing = below.add_parser("list", help="list the tokens made last; none is shown itself")
    listing.add_argument("--format", choices=("text", "json"), default="text")
    listing.set_defaults(answer=_list)
    end = below.add_parser("end", help="end a token, and whoever is signed in with it")
    end.add_argument("number", type=_number, help="its number")
    end.add_argument("--by", metavar="NAME", help="who says so (default: your login name)")
    end.set_defaults(answer=_end)
    return parser


def run(args: argparse.Namespace) -> int:
    """Run the command that was named and return its exit code."""
    code: int = args.answer(args)
    return code


def _add_make(below: Any) -> None:
    make = below.add_parser("make", help="make a token, which is shown this once")
    make.add_argument("--name", required=True, help="who or what will use it")
    make.add_argument("--role", required=True, choices=ROLES)
    make.add_argument(
        "--sign-in",
        action="store_true",
        help="for the page's form, once, such as when the identity provider is away;"
        " without it, for programs that call the API",
    )
    make.add_argument(
        "--for",
        dest="length",
        metavar="LENGTH",
        help="how long it is good (default: 15m to sign in; for a program until it is ended)",
    )
    make.add_argument("--by", metavar="NAME", help="who says so (default: your login name)")
    make.set_defaults(answer=_make)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of a token, such as 3")
    return int(text)


def _make(args: argparse.Namespace) -> int:
    """Print the token alone on standard output, so that it can go into a file."""
    import sys

    from guardia.change import plain
    from guardia.cli.router_api import call_router, explain

    body = {
        "name": args.name,
        "role": args.role,
        "purpose": "sign-in" if args.sign_in else "api",
        "by": _by(args),
        **({} if args.length is None else {"for": args.length}),
    }
    status, told = call_router("POST", "/api/tokens", body=body)
    if status != HTTPStatus.CREATED:
        print(plain(explain(told)))
        return 1
    print(told["token"])
    until = "until it is ended" if told["ends_at"] is None else f"until {_shown(told['ends_at'])}"
    use = "good once, on the page's form," if args.sign_in else "good for the API"
    print(
        f"token {told['number']} is {use} {until}, as {told['role']}; it is not shown again",
        file=sys.stderr,
    )
    return 0


def _list(args: argparse.Namespace) -> int:
    from guardia.change import plain
    from guardia.cli.oncall_catalog import table
    from guardia.cli.router_api import call_router, explain

    status, told = call_router("GET", "/api/tokens")
    if status != HTTPStatus.OK:
        print(plain(explain(told)))
        return 1
    if args.format == "json":
        print(json.dumps(told, indent=2))
    elif told["tokens"]:
        print(table([_cells(one) for one in told["tokens"]]))
    else:
        print("no token was ever made")
    return 0


def _end(args: argparse.Namespace) -> int:
    from guardia.change import plain
    from guardia.cli.router_api import call_router, explain

    status, told = call_router("POST", f"/api/tokens/{args.number}/end", body={"by": _by(args)})
    if status != HTTPStatus.OK:
        print(plain(explain(told)))
        return 1
    at = _shown(told["ended_at"])
    print(plain(f"token {told['number']} ({told['name']}) is ended, by {told['ended_by']} at {at}"))
    return 0


def _by(args: argparse.Namespace) -> str:
    from guardia.cli.answering import login_name

    return str(args.by) if args.by is not None else login_name()


def _cells(one: dict[str, Any]) -> list[str]:
    told = {"ended": f"by {one['ended_by']}", "used": _shown(one["used_at"])}.get(one["state"])
    until = "" if one["ends_at"] is None else f"until {_shown(one['ends_at'])}"
    return [
        str(one["number"]),
        one["state"],
        one["purpose"],
        one["role"],
        one["name"],
        f"made {_shown(one['made_at'])} by {one['made_by']}",
        until if told is None else told,
    ]


def _shown(instant: str | None) -> str:
    """Return an instant of the API, which is in UTC, to the second."""
    return "" if instant is None else f"{instant[:19].replace('T', ' ')} UTC"

"""`guardia explain`: a problem code, or all codes with one line each; an SLO; an incident."""

import argparse
from typing import Any

from guardia.cli import explain_incident, explain_slo


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "explain",
        help="say what a problem code means, how an SLO alerts, or why an incident paged whom;"
        " without any, list all codes",
    )
    parser.add_argument(
        "subject",
        nargs="*",
        help="a code, such as objective-range, as it stands in error[…];"
        " or: slo SERVICE/NAME [CATALOG]; or: incident N",
    )
    explain_slo.add_arguments(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Print what was asked for; 1 for an incident that there is not.

    Raises UsageError for a code or an SLO that there is not.
    """
    from guardia.cli.errors import UsageError

    if args.subject[:1] == ["slo"]:
        args.subject = args.subject[1:]
        return explain_slo.run(args)
    if args.subject[:1] == ["incident"]:
        args.subject = args.subject[1:]
        return explain_incident.run(args)
    if len(args.subject) > 1:
        raise UsageError(
            "explain one code at a time, such as: guardia explain objective-range;"
            " or: guardia explain slo SERVICE/NAME; or: guardia explain incident N"
        )
    print(_explain(args.subject[0]) if args.subject else _list(), end="")
    return 0


def _explain(code: str) -> str:
    from shutil import get_terminal_size

    from guardia.cli.errors import UsageError
    from guardia.pages import list_codes, read_page, render_page
    from guardia.suppression import ALLOWABLE, FORM
    from guardia.word import nearest

    try:
        page = read_page(code)
    except KeyError:
        guess = nearest(code, list_codes())
        hint = f"did you mean {guess}?" if guess else "`guardia explain` lists all codes"
        if code.removeprefix("#").isdecimal():
            hint = f"did you mean: guardia explain incident {code.removeprefix('#')}?"
        raise UsageError(f"there is no problem code {code!r}: {hint}") from None
    shown = render_page(page, width=get_terminal_size().columns)
    if code in ALLOWABLE:
        comment = FORM.replace("CODE", code)
        shown += f"\nIt may be allowed where it is meant, in a comment: {comment}\n"
    return shown


def _list() -> str:
    from guardia.pages import first_sentence, list_codes, read_page

    codes = list_codes()
    width = max(map(len, codes))
    return "".join(f"{code:<{width}}  {first_sentence(read_page(code))}\n" for code in codes)

"""`guardia oncall check`: gaps, people and steps that are not reached, in the weeks to come."""

import argparse
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardia.cli.errors import UsageError
from guardia.cli.oncall_catalog import (
    add_catalog,
    add_span,
    instant,
    load_oncall,
    present,
    span_of,
)

if TYPE_CHECKING:
    from router.address import Address
    from router.catalog import OnCallCatalog
    from router.coverage import Finding

_SHOWN = 3  # times of one finding; the others are counted


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "check", help="find gaps, and people and steps that a page would not reach"
    )
    add_span(parser, weeks=8)
    parser.add_argument(
        "--secrets",
        type=Path,
        metavar="DIR",
        help="the router's folder of secrets, to see which addresses lack theirs"
        " (default: $GUARDIA_SECRETS_DIR; without either they are not looked at)",
    )
    add_catalog(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def answer(args: argparse.Namespace) -> int:
    """Print the findings; 1 when there are any."""
    from router.coverage import check_coverage

    oncall = load_oncall(args.catalog)
    secrets = args.secrets or _secrets_of_environment()
    if secrets is not None and not secrets.is_dir():
        raise UsageError(f"there is no folder of secrets {secrets}")
    start, end = _span(args, oncall)
    found = check_coverage(
        oncall,
        start=start,
        end=end,
        unusable=_unusable(oncall, secrets) if secrets is not None else (),
    )
    if args.format == "json":
        print(json.dumps([_as_json(one) for one in found], indent=2, ensure_ascii=False))
    else:
        lines = [_as_line(one) for one in found]
        print("\n".join([*lines, _summary(oncall, len(found), args.weeks, secrets)]))
    return 1 if found else 0


def _secrets_of_environment() -> Path | None:
    folder = os.environ.get("GUARDIA_SECRETS_DIR")
    return Path(folder) if folder else None


def _span(args: argparse.Namespace, oncall: "OnCallCatalog") -> tuple[datetime, datetime]:
    """Return the weeks asked for, from now or from a day on the first schedule's wall clock."""
    schedule = next(iter(oncall.roster.schedules.values()), None)
    if schedule is None or args.first_day is None:
        return present(), present() + timedelta(weeks=args.weeks)
    return span_of(args, schedule)


def _unusable(oncall: "OnCallCatalog", secrets: Path) -> "set[Address]":
    """Return the people's addresses whose secret is not in the folder."""
    from router.channels.secret import SecretError, SecretUnavailableError, read_secret

    missing = set()
    for person in oncall.roster.people.values():
        for address in person.addresses:
            try:
                for name in _secret_names(address):
                    read_secret(secrets, name)
            except (SecretError, SecretUnavailableError):
                missing.add(address)
    return missing


def _secret_names(address: "Address") -> tuple[str, ...]:
    match address.channel:
        case "pagerduty":
            return (f"pagerduty-{address.address}",)
        case "slack":
            return ("slack-token",)
        case "webhook":
            return (f"webhook-{address.address}", f"webhook-{address.address}.url")
    return ()  # a mail server may want no password


def _as_line(finding: "Finding") -> str:
    from zoneinfo import ZoneInfo

    from guardia.duration import spoken_duration
    from router.oncall.wall_clock import show_moment

    zone = ZoneInfo(finding.zone)
    times = [
        f"  {show_moment(begins, zone)} to {show_moment(ends, zone)} {finding.zone}"
        f" ({spoken_duration(ends - begins)})"
        for begins, ends in finding.spans[:_SHOWN]
    ]
    if len(finding.spans) > _SHOWN:
        whole = sum((ends - begins for begins, ends in finding.spans), timedelta())
        more = len(finding.spans) - _SHOWN
        times.append(f"  and {more} more times, {spoken_duration(whole)} in all")
    return "\n".join([f"{finding.subject}: {finding.text}", *times])


def _as_json(finding: "Finding") -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "subject": finding.subject,
        "text": finding.text,
        "times": [
            {"from": instant(begins), "until": instant(ends)} for begins, ends in finding.spans
        ],
    }


def _summary(oncall: "OnCallCatalog", number: int, weeks: int, secrets: Path | None) -> str:
    looked = "" if secrets is not None else "; secrets were not looked at (--secrets DIR)"
    counted = _count(number, "finding", "findings") if number else "no findings"
    from router.oncall.model import is_service

    people = sum(not is_service(person) for person in oncall.roster.people)
    policies = sum(not is_service(policy) for policy in oncall.policies)
    services = len(oncall.policies) - policies
    left = f", {_count(services, 'service', 'services')} of PagerDuty" if services else ""
    return (
        f"{counted} in {_count(weeks, 'week', 'weeks')}:"
        f" {_count(people, 'person', 'people')},"
        f" {_count(len(oncall.roster.schedules), 'schedule', 'schedules')},"
        f" {_count(policies, 'policy', 'policies')}{left}{looked}"
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"

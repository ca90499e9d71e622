"""`guardia explain slo`: an SLO's budget, thresholds and speed, and whom its alerts reach."""

import argparse
import json
import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from guardia.cli.errors import UsageError

if TYPE_CHECKING:
    from generator.catalog.model import Catalog, Service, Slo
    from guardia.cli.catalog import WholeCatalog
    from guardia.cli.destination import Destination

FORMATS = ("text", "json")
_MOST_EVENTS = 10**9  # a second: more is a slip of the finger


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what only this subject of `explain` takes."""
    parser.add_argument(
        "--events-per-second",
        type=parse_rate,
        metavar="N",
        help="for an SLO: how many events it counts (default: 10 are assumed)",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="for an SLO or an incident (default: text)",
    )


def parse_rate(text: str) -> Fraction:
    """Return events a second from the command line. Raises ArgumentTypeError for what is none."""
    is_number = re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,9})?", text, re.ASCII) is not None
    rate = Fraction(text) if is_number else Fraction()
    if not 0 < rate <= _MOST_EVENTS:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be a number of events above 0 and up to {_MOST_EVENTS}, such as 0.5"
        )
    return rate


def run(args: argparse.Namespace) -> int:
    """Print what `args.subject` (SERVICE/NAME and perhaps the catalog's folder) names.

    1 for a catalog with problems, which are shown. Raises UsageError for an
    SLO that is not there.
    """
    from generator.explaining.slo import explain_slo
    from generator.explaining.text import render_slo, slo_as_json
    from guardia.cli.catalog import load_catalog, render_problems
    from guardia.cli.destination import as_json

    name, root = _subject(args.subject)
    loaded = load_catalog(root)
    if loaded.problems or loaded.generator is None:
        print(render_problems(loaded, args.format))
        return 1
    service, slo = _find(loaded.generator, name)
    organisation = loaded.generator.organisation
    explained = explain_slo(organisation, service, slo, args.events_per_second)
    goes_to = _goes_to(loaded, service, slo)
    if args.format == "json":
        shown = slo_as_json(explained)
        for burn in shown["burns"]:
            burn["goes_to"] = [as_json(one) for one in goes_to.get(burn["severity"], ())]
        print(json.dumps(shown, indent=2, ensure_ascii=False))
        return 0
    print(render_slo(explained))
    if goes_to:
        print(f"\n{_render_goes_to(goes_to)}")
    return 0


def _subject(words: list[str]) -> tuple[str, Path]:
    if not 1 <= len(words) <= 2:
        raise UsageError("name one SLO, such as: guardia explain slo casos/availability")
    return words[0], Path(words[1] if len(words) > 1 else "catalog")


def _find(catalog: "Catalog", name: str) -> "tuple[Service, Slo]":
    from generator.explaining.slo import find_slo
    from guardia.word import nearest

    found = find_slo(catalog.services, name)
    if found is not None:
        return found
    known = [f"{service.name}/{slo.name}" for service in catalog.services for slo in service.slos]
    guess = nearest(name, known)
    if guess is not None:
        hint = f"did you mean {guess}?"
    else:
        hint = f"the catalog has {', '.join(known)}" if known else "the catalog has no SLO"
    raise UsageError(f"there is no SLO {name!r}: {hint}")


def _goes_to(
    loaded: "WholeCatalog", service: "Service", slo: "Slo"
) -> "dict[str, tuple[Destination, ...]]":
    """Return where each severity of the SLO's burn goes."""
    from generator.explaining.alerts import service_alerts
    from generator.naming import BURN_ALERT
    from guardia.cli.destination import destinations

    if loaded.generator is None or loaded.oncall is None:
        return {}
    return {
        alert.severity: destinations(loaded.generator.organisation, alert, loaded.oncall)
        for alert in service_alerts(loaded.generator, service)
        if alert.name == BURN_ALERT and alert.labels["slo"] == slo.name
    }


def _render_goes_to(goes_to: "dict[str, tuple[Destination, ...]]") -> str:
    from generator.explaining.table import render_table

    rows = [
        (severity if number == 0 else "", ", ".join(one.places), one.text)
        for severity, found in goes_to.items()
        for number, one in enumerate(found)
    ]
    return f"Goes to:\n\n{render_table(rows, indent='  ')}"

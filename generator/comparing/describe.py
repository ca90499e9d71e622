"""Values of the catalog as a sentence shows them."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

from generator.catalog.model import (
    ExpressionSli,
    FreshnessSli,
    LatencySli,
    Place,
    RatioSli,
    RawSli,
    UptimeSli,
)
from generator.catalog.model_alertmanager import HiddenAlert, HiddenSlo
from generator.promql.check import Selector
from generator.slo.percent import format_number, format_percent
from guardia.duration import format_duration
from guardia.maintenance import MONTHS, WEEKDAYS, Maintenance, Recurrence


def describe(value: Any) -> str:
    """Return any value of the model in words."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case timedelta():
            return format_duration(value)
        case Fraction():
            return format_percent(value)
    return _describe_parts(value) if is_dataclass(value) else _describe_many(value)


def _describe_many(value: Any) -> str:
    """Return a mapping or a tuple in words; what is neither as it is."""
    match value:
        case Mapping():
            return ", ".join(f"{name}={describe(one)}" for name, one in value.items()) or "none"
        case tuple():
            return ", ".join(describe(one) for one in value) or "none"
    return str(value)


def _describe_parts(value: Any) -> str:
    text = ""
    match value:
        case Selector():
            text = value.text
        case Place():
            text = value.environment + (f"/{value.region}" if value.region else "")
        case HiddenAlert(alert=alert):
            text = alert
        case HiddenSlo(service=service, slo=slo):
            text = f"{service}/{slo}"
        case Maintenance():
            text = _maintenance(value)
        case RatioSli() | ExpressionSli() | LatencySli() | UptimeSli() | FreshnessSli() | RawSli():
            text = _sli(value)
        case _:
            parts = ((field.name, getattr(value, field.name)) for field in fields(value))
            text = ", ".join(f"{in_words(name)} {describe(part)}" for name, part in parts)
    return text


def in_words(field: str) -> str:
    """Return what people call a field of the model."""
    return _WORDS.get(field, field.replace("_", " "))


_WORDS = {
    "sli": "SLI",
    "holds_for": "for",
    "expression": "expr",
    "slo": "SLO",
    "places": "must run in",
    "by": "budget for each",
    "alertmanager": "Alertmanager",
}


def _sli(
    sli: RatioSli | ExpressionSli | LatencySli | UptimeSli | FreshnessSli | RawSli,
) -> str:
    match sli:
        case RatioSli(total=total, bad=bad, good=good):
            counted = f"bad {bad.text}" if bad is not None else f"good {describe(good)}"
            return f"{counted} of {total.text}"
        case ExpressionSli(total=text, bad=bad_text, good=good_text):
            counted = f"bad {bad_text}" if bad_text is not None else f"good {good_text}"
            return f"{counted} of {text} (examples: good {_numbers(sli.good_event)}; bad" + (
                f" {_numbers(sli.bad_event)})"
            )
        case LatencySli(below=below, good=good_bucket, total=total):
            return f"below {format_duration(below)}: {good_bucket.text} of {total.text}"
        case UptimeSli(gauge=gauge):
            return f"{gauge.text} is 1"
        case FreshnessSli(timestamp=timestamp, within=within):
            return f"{timestamp.text} within {format_duration(within)}"
        case RawSli(error_ratio=ratio, works=works, fails=fails):
            return f"{ratio} (examples: works {describe(works)}; fails {describe(fails)})"


def _numbers(events: Mapping[str, float]) -> str:
    return ", ".join(f"{name}={format_number(Fraction(str(n)))}" for name, n in events.items())


def _maintenance(one: Maintenance) -> str:
    days = _days(one.days) if isinstance(one.days, Recurrence) else one.days.isoformat()
    services = f" for {', '.join(one.services)}" if one.services else ""
    environments = f" in {', '.join(one.environments)}" if one.environments else ""
    return (
        f"{one.name}: {days} at {one.begins:%H:%M} ({one.zone.key}) for"
        f" {format_duration(one.lasts)}{services}{environments}"
    )


def _days(days: Recurrence) -> str:
    parts = []
    if days.nth is not None:
        parts.append("last" if days.nth < 0 else f"{days.nth}.")
    if days.weekday is not None:
        parts.append(WEEKDAYS[days.weekday])
    if days.day is not None:
        parts.append("last day of the month" if days.day < 0 else f"day {days.day} of the month")
    if days.months:
        parts.append(f"in {', '.join(MONTHS[month - 1] for month in days.months)}")
    return " ".join(parts) or "every day"

"""Durations multiplied."""

from datetime import timedelta

import promql_parser

from guardia.duration import format_duration

_FINEST = timedelta(milliseconds=1)  # that Prometheus writes


def scale_duration(text: str, factor: float) -> str:
    """Return a Prometheus duration `factor` times as long, in whole milliseconds.

    Raises ValueError for what is no duration. Years, which Guardia itself never
    writes, are 365 days, as in PromQL.
    """
    scaled = promql_parser.parse_duration(text) * factor
    return format_duration(scaled - scaled % _FINEST)

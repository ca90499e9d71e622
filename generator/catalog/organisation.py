"""catalog.yaml to the organisation's settings and SLO defaults."""

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from urllib.parse import urlsplit

from generator.catalog.model import AlertmanagerSettings, Intervals, Organisation
from generator.slo.burn import BurnWindow
from generator.slo.percent import parse_percent
from guardia.document import Pointer
from guardia.duration import format_duration
from guardia.reading import Reading
from guardia.severity import Severity

# An instant query looks back 5 minutes by default; two evaluations must fit, or a
# late one leaves alerts and dashboards without a value.
LONGEST_INSTANT_INTERVAL = timedelta(minutes=2, seconds=30)

LONGEST_WAIT = timedelta(days=1)  # of an alert before it fires; its test waits as long
OWN_LABELS = ("alertname", "alertstate", "severity", "service", "slo", "team", "job", "instance")


@dataclass(frozen=True, slots=True, kw_only=True)
class SloDefaults:
    """What an SLO takes from the organisation when it does not say itself.

    `window` is None and pairs are missing where catalog.yaml has problems:
    such a catalog is refused, but its services are still checked.
    """

    window: timedelta | None
    no_data_for: timedelta
    no_traffic_for: timedelta
    burn_windows: tuple[BurnWindow, ...]  # critical first


def read_organisation(reading: Reading) -> tuple[Organisation, SloDefaults]:
    """Return the organisation's settings; what cannot be read is noted and left empty."""
    found = {
        key: reading.duration(pointer)
        for key, pointer in {
            "scrape": ("prometheus", "scrape_interval"),
            "retention": ("prometheus", "retention"),
            "fast": ("prometheus", "intervals", "fast"),
            "slow": ("prometheus", "intervals", "slow"),
            "store": ("prometheus", "intervals", "store"),
            "window": ("slo_defaults", "window"),
            "group_wait": ("alertmanager", "group_wait"),
            "group_interval": ("alertmanager", "group_interval"),
            "repeat_interval": ("alertmanager", "repeat_interval"),
        }.items()
    }
    for key, name in (("no_data", "no_data_for"), ("no_traffic", "no_traffic_for")):
        found[key] = reading.duration(("slo_defaults", name), longest=LONGEST_WAIT)
    lengths = {key: length or timedelta() for key, length in found.items()}
    burn_windows = tuple(
        pair
        for severity in Severity
        if (pair := _read_burn_window(reading, severity, lengths["scrape"])) is not None
    )
    _check_label(reading, ("environments", "label"))
    _check_intervals(reading, lengths, burn_windows)
    _check_order(reading, burn_windows)
    _check_address(reading, ("alertmanager", "router_url"))
    if lengths["window"] > (found["retention"] or timedelta.max):
        beyond_retention(reading, ("slo_defaults", "window"), lengths["retention"])
    organisation = Organisation(
        name=reading.value(("organisation",)),
        environment_label=reading.value(("environments", "label")),
        environments=tuple(reading.value(("environments", "names"))),
        scrape_interval=lengths["scrape"],
        retention=found["retention"] or timedelta.max,
        intervals=Intervals(fast=lengths["fast"], slow=lengths["slow"], store=lengths["store"]),
        alertmanager=AlertmanagerSettings(
            router_url=reading.value(("alertmanager", "router_url")),
            router_token_file=reading.value(("alertmanager", "router_token_file")),
            group_wait=lengths["group_wait"],
            group_interval=lengths["group_interval"],
            repeat_interval=lengths["repeat_interval"],
        ),
        runbooks_url=_with_slash(reading.value(("links", "runbooks"))),
        dashboards_url=_with_slash(reading.value(("links", "dashboards"))),
    )
    defaults = SloDefaults(
        window=found["window"],
        no_data_for=lengths["no_data"],
        no_traffic_for=lengths["no_traffic"],
        burn_windows=burn_windows,
    )
    return organisation, defaults


def _read_burn_window(reading: Reading, severity: Severity, scrape: timedelta) -> BurnWindow | None:
    at: Pointer = ("slo_defaults", "burn_windows", severity.value)
    long, short = reading.duration((*at, "long")), reading.duration((*at, "short"))
    keep_firing_for = reading.duration((*at, "keep_firing_for"))
    written = reading.value((*at, "budget"))
    try:
        spent = parse_percent(str(written)) if isinstance(written, str) else None
    except ValueError:
        spent = None
    if spent is None or not 0 < spent <= 1:
        reading.problem(
            "budget-share-invalid",
            (*at, "budget"),
            f"a share of the error budget cannot be {written}",
            label="must be a percentage above 0% and up to 100%",
            why="it says how much of the budget may go before this severity alerts",
            fix='write it with its percent sign, such as "2%"',
        )
        return None
    if long is None or short is None:
        return None
    _check_pair(reading, at, long, short, scrape)
    return BurnWindow(
        severity=severity,
        budget_spent=spent,
        long=long,
        short=short,
        bad_events=int(reading.value((*at, "bad_events"))),  # JSON Schema takes 3.0 for whole
        keep_firing_for=keep_firing_for,
    )


def _check_pair(
    reading: Reading, at: Pointer, long: timedelta, short: timedelta, scrape: timedelta
) -> None:
    if short >= long:
        reading.problem(
            "window-order",
            (*at, "short"),
            f"the short window {format_duration(short)} is not shorter than the long one",
            label=f"must be below {format_duration(long)}",
            why="the short window ends the alert soon after the errors stop; the long one cannot",
            fix=f"a twelfth is usual: {format_duration(_whole_seconds(long / 12))}",
        )
    if short < 4 * scrape:
        reading.problem(
            "window-too-short",
            (*at, "short"),
            f"{format_duration(short)} holds too few scrapes",
            label=f"must be at least {format_duration(4 * scrape)}",
            why="a rate needs two samples in its window, also when one scrape is late or lost",
            fix=f"use {format_duration(4 * scrape)} or more, or scrape more often",
        )


def _check_order(reading: Reading, pairs: tuple[BurnWindow, ...]) -> None:
    """Everything derives from critical's short window, and a worse severity must burn faster."""
    for worse, milder in pairwise(pairs):
        at: Pointer = ("slo_defaults", "burn_windows", milder.severity.value)
        if milder.short < pairs[0].short:
            reading.problem(
                "severity-order",
                (*at, "short"),
                f"{milder.severity} has a shorter window than {pairs[0].severity}",
                label=f"must be at least {format_duration(pairs[0].short)}",
                why="the longer windows are computed from the shortest one, that of critical",
                fix="give critical the shortest window",
            )
        period = max(worse.long, milder.long)
        if milder.burn_rate(period) >= worse.burn_rate(period):
            reading.problem(
                "severity-order",
                (*at, "budget"),
                f"{milder.severity} does not burn slower than {worse.severity}",
                label="its share of the budget for its long window is too large",
                why="the milder alert would come no earlier than the worse one, and say nothing",
                fix=f"lower its budget, or lengthen its `long` window, below {worse.severity}'s",
            )


def _check_address(reading: Reading, at: Pointer) -> None:
    try:
        parts = urlsplit(reading.value(at))
        usable = bool(parts.hostname) and not re.search(r"[\s{}<>\"]", reading.value(at))
    except ValueError:
        usable = False
    if not usable:
        reading.problem(
            "wrong-value",
            at,
            f"`{at[-1]}` is not an address",
            label="must have a host and no blanks",
            why="Alertmanager would refuse the whole configuration",
            fix="write it as http://HOST:PORT/webhook",
        )


def _whole_milliseconds(length: timedelta) -> timedelta:
    return timedelta(milliseconds=length // timedelta(milliseconds=1))


def _whole_seconds(length: timedelta) -> timedelta:
    return max(timedelta(seconds=1), timedelta(seconds=length // timedelta(seconds=1)))


def _check_label(reading: Reading, at: Pointer) -> None:
    name = reading.value(at)
    if name in OWN_LABELS or name.startswith("__"):
        reading.problem(
            "label-reserved",
            at,
            f"the label `{name}` already has a meaning",
            label="must be a label of your own",
            why="rules set it themselves, so all environments would look like one",
            fix="use a label that only tells the environments apart, such as `environment`",
        )


def _check_intervals(
    reading: Reading, lengths: dict[str, timedelta], burn_windows: tuple[BurnWindow, ...]
) -> None:
    """Each interval must give those that read its series enough samples."""
    lookback = "alerts and dashboards look back 5 minutes: one late evaluation would leave a gap"
    _check_interval(reading, lengths, "slow", LONGEST_INSTANT_INTERVAL, lookback)
    _check_interval(reading, lengths, "fast", LONGEST_INSTANT_INTERVAL, lookback)
    if lengths["fast"] < timedelta(seconds=1):
        reading.problem(
            "interval-too-short",
            ("prometheus", "intervals", "fast"),
            f"`fast` evaluates its rules every {format_duration(lengths['fast'])}",
            label="must be at least 1s",
            why="Prometheus cannot keep up, and samples do not come that often",
            fix="use the scrape interval or twice it",
        )
    critical = [pair for pair in burn_windows if pair.severity is Severity.CRITICAL]
    for pair in critical:
        _check_interval(
            reading,
            lengths,
            "fast",
            _whole_milliseconds(pair.short / 2),
            "the base rate would leave out events",
        )
        _check_interval(
            reading, lengths, "store", pair.long, "the ratio of the whole window would skip events"
        )


def _check_interval(
    reading: Reading, lengths: dict[str, timedelta], key: str, longest: timedelta, why: str
) -> None:
    if lengths[key] > longest:
        reading.problem(
            "interval-too-long",
            ("prometheus", "intervals", key),
            f"`{key}` evaluates its rules only every {format_duration(lengths[key])}",
            label=f"must be at most {format_duration(longest)}",
            why=why,
            fix=f"use {format_duration(longest)} or less",
        )


def beyond_retention(reading: Reading, at: Pointer, retention: timedelta) -> None:
    """Note that the window at `at` is longer than Prometheus keeps samples."""
    kept = format_duration(retention)
    reading.problem(
        "window-beyond-retention",
        at,
        f"Prometheus does not keep samples for {reading.value(at)}",
        label=f"must be at most {kept}",
        why="the ratio over the window would silently be the ratio over what is kept",
        fix=f"use {kept}, or keep samples for longer and say so under `prometheus.retention`",
    )


def _with_slash(address: str) -> str:
    return address if address.endswith(("/", "=", "#")) else f"{address}/"

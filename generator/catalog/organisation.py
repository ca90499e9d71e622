"""catalog.yaml to the organisation's settings and SLO defaults."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from generator.catalog.alertmanager import read_alertmanager
from generator.catalog.burn_window import (
    WORKBOOK,
    DeclaredBurnWindows,
    check_order,
    read_burn_windows,
)
from generator.catalog.extras import OWN_LABELS, read_extras
from generator.catalog.model import (
    DashboardResources,
    Extras,
    Intervals,
    Organisation,
    Regions,
    RuleResources,
)
from guardia.announcements import read_maintenance
from guardia.document import Pointer
from guardia.duration import format_duration
from guardia.reading import Reading

# An instant query looks back 5 minutes by default; two evaluations must fit, or a
# late one leaves alerts and dashboards without a value.
LONGEST_INSTANT_INTERVAL = timedelta(minutes=2, seconds=30)

_DASHBOARDS_PATH = "/var/lib/grafana/dashboards/guardia"
_SIDECAR_LABEL = "grafana_dashboard"  # that Grafana's Helm chart looks for when not told another
LONGEST_WAIT = timedelta(days=1)  # of an alert before it fires; its test waits as long


@dataclass(frozen=True, slots=True, kw_only=True)
class SloDefaults:
    """What an SLO takes from the organisation when it does not say itself.

    `windows` is None and pairs are missing where catalog.yaml has problems:
    such a catalog is refused, but its services are still checked.
    """

    windows: tuple[timedelta, ...] | None
    no_data_for: timedelta
    no_traffic_for: timedelta
    burn_windows: DeclaredBurnWindows
    extras: Extras


def read_organisation(
    reading: Reading, services: Collection[str] | None
) -> tuple[Organisation, SloDefaults]:
    """Return the organisation's settings; what cannot be read is noted and left empty.

    `services` are the names that may be spoken of; None when they are not all known.
    """
    found = {
        key: reading.duration(pointer)
        for key, pointer in {
            "scrape": ("prometheus", "scrape_interval"),
            "retention": ("prometheus", "retention"),
            "fast": ("prometheus", "intervals", "fast"),
            "slow": ("prometheus", "intervals", "slow"),
            "store": ("prometheus", "intervals", "store"),
        }.items()
    }
    for key, name in (("no_data", "no_data_for"), ("no_traffic", "no_traffic_for")):
        found[key] = reading.duration(("slo_defaults", name), longest=LONGEST_WAIT)
    lengths = {key: length or timedelta() for key, length in found.items()}
    pairs_at: Pointer = ("slo_defaults", "burn_windows")
    burn_windows = read_burn_windows(reading, pairs_at, WORKBOOK, scrape=lengths["scrape"])
    windows = read_windows(reading, ("slo_defaults", "window"), found["retention"] or timedelta.max)
    _check_label(reading, ("environments", "label"))
    _check_intervals(reading, lengths, burn_windows)
    # Over the longest window, so that the order of shares shows whatever the SLO's window is.
    longest = max([*(windows or ()), *(pair.long for pair in burn_windows.values())])
    check_order(reading, pairs_at, [pair.over(longest) for pair in burn_windows.values()])
    regions = _read_regions(reading)
    place_labels = [reading.value(("environments", "label")), *([regions.label] if regions else [])]
    extras = read_extras(reading, ("slo_defaults",), Extras(), kept=place_labels)
    organisation = Organisation(
        name=reading.value(("organisation",)),
        language=reading.value(("language",), "en"),
        environment_label=reading.value(("environments", "label")),
        environments=tuple(reading.value(("environments", "names"))),
        environment_on_series=_on_series(reading),
        regions=regions,
        scrape_interval=lengths["scrape"],
        retention=found["retention"] or timedelta.max,
        intervals=Intervals(fast=lengths["fast"], slow=lengths["slow"], store=lengths["store"]),
        rule_resources=_read_rule_resources(reading),
        dashboard_resources=_read_dashboard_resources(reading),
        dashboards_path=reading.value(("grafana",), {}).get("path", _DASHBOARDS_PATH),
        window_tests_for_every_slo=reading.value(("prometheus", "window_tests")) == "every-slo",
        alertmanager=read_alertmanager(reading),
        maintenance=read_maintenance(
            reading, environments=reading.value(("environments", "names")), services=services
        ),
        runbooks_url=_with_slash(reading.value(("links", "runbooks"))),
        dashboards_url=_with_slash(reading.value(("links", "dashboards"))),
    )
    defaults = SloDefaults(
        windows=windows,
        no_data_for=lengths["no_data"],
        no_traffic_for=lengths["no_traffic"],
        burn_windows=burn_windows,
        extras=extras,
    )
    return organisation, defaults


def read_windows(
    reading: Reading, at: Pointer, retention: timedelta
) -> tuple[timedelta, ...] | None:
    """Return the window or windows at `at`; None when they are left out or one is wrong."""
    written = reading.value(at)
    if written is None:
        return None
    places = [at] if isinstance(written, str) else [(*at, index) for index in range(len(written))]
    windows = []
    for place in places:
        window = reading.duration(place)
        if window is not None and window > retention:
            beyond_retention(reading, place, retention)
        elif window is not None:
            windows.append(window)
    if len(set(windows)) < len(windows):
        reading.problem(
            "duplicate-id",
            at,
            "one window is given twice",
            label="two of these are the same length",
            why="the error ratio over each window has one name",
            fix="remove one of them",
        )
        return None
    return tuple(windows) if len(windows) == len(places) else None


def _on_series(reading: Reading) -> bool:
    return bool(reading.value(("environments", "on"), "series") == "series")


def refuse_choice_of_environments(reading: Reading, at: Pointer, on_series: bool) -> None:
    """Note a choice of environments that no series could show."""
    if on_series:
        return
    reading.problem(
        "environment-matched",
        at,
        f"`{at[-1]}` chooses environments, and series do not say theirs",
        label="each Prometheus knows only its own environment",
        why="all of them load the same rules, so what is missing on purpose in one would page",
        fix="remove it; or put the label on the series and remove `on: prometheus`",
        of_key=True,
    )


def _read_regions(reading: Reading) -> Regions | None:
    if reading.value(("regions",)) is None:
        return None
    _check_label(reading, ("regions", "label"))
    environments = reading.value(("environments", "names"))
    if reading.value(("regions", "label")) == reading.value(("environments", "label")):
        reading.problem(
            "label-reserved",
            ("regions", "label"),
            "regions and environments have one label",
            label="must be another label than that of the environments",
            why="a series cannot carry both in it",
            fix="use a label that only tells the regions apart, such as `region`",
        )
    for index in range(reading.count(("regions", "environments"))):
        reading.reference(
            ("regions", "environments", index),
            "environment",
            environments,
            "declare it under `environments`",
        )
    if reading.value(("regions", "environments")) is not None:
        refuse_choice_of_environments(reading, ("regions", "environments"), _on_series(reading))
    return Regions(
        label=reading.value(("regions", "label")),
        names=tuple(reading.value(("regions", "names"))),
        environments=tuple(reading.value(("regions", "environments"), environments)),
    )


def _read_rule_resources(reading: Reading) -> RuleResources | None:
    at: Pointer = ("prometheus", "rule_resources")
    if reading.value(at) is None:
        return None
    return RuleResources(
        namespace=reading.value((*at, "namespace")),
        labels=dict(reading.value((*at, "labels"), {})),
    )


def _read_dashboard_resources(reading: Reading) -> DashboardResources | None:
    written = reading.value(("grafana",), {}).get("resources")
    if written is None:
        return None
    return DashboardResources(
        namespace=written.get("namespace"),
        labels=dict(written.get("labels", {_SIDECAR_LABEL: "1"})),
    )


def _whole_milliseconds(length: timedelta) -> timedelta:
    return timedelta(milliseconds=length // timedelta(milliseconds=1))


def _check_label(reading: Reading, at: Pointer) -> None:
    name = reading.value(at)
    if name in (*OWN_LABELS, "datasource", "le") or name.startswith("__"):
        reading.problem(
            "label-reserved",
            at,
            f"the label `{name}` already has a meaning",
            label="must be a label of your own",
            why="rules set it themselves, so all environments would look like one",
            fix="use a label that only tells the environments apart, such as `environment`",
        )


def _check_intervals(
    reading: Reading, lengths: dict[str, timedelta], burn_windows: DeclaredBurnWindows
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
    for pair in list(burn_windows.values())[:1]:
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

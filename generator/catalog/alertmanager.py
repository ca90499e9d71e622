"""The `alertmanager:` part of catalog.yaml to settings."""

import re
from datetime import timedelta
from itertools import pairwise
from urllib.parse import urlsplit

from generator.catalog.model_alertmanager import (
    AlertmanagerSettings,
    DeadMansSwitch,
    EmailFallback,
    Fallback,
    PagerDutyFallback,
    SlackFallback,
    Watchdog,
)
from generator.promql.check import Selector, parse_selector
from generator.promql.example import example_labels
from guardia.document import Pointer
from guardia.duration import format_duration
from guardia.reading import Reading

_TOP: Pointer = ("alertmanager",)
_WAITS = ("group_wait", "group_interval", "repeat_interval")
_ROUTER_TARGETS = 'up{job="guardia-router"}'
_SHORTEST_WATCHDOG, _WATCHDOG_EVERY = timedelta(seconds=10), timedelta(minutes=1)


def read_alertmanager(reading: Reading) -> AlertmanagerSettings:
    """Return the settings; what cannot be read is noted and left empty."""
    waits = {name: reading.duration((*_TOP, name)) or timedelta() for name in _WAITS}
    _check_waits(reading, waits)
    _check_address(reading, (*_TOP, "router_url"))
    return AlertmanagerSettings(
        router_url=reading.value((*_TOP, "router_url")),
        router_token_file=reading.value((*_TOP, "router_token_file")),
        group_wait=waits["group_wait"],
        group_interval=waits["group_interval"],
        repeat_interval=waits["repeat_interval"],
        router_targets=_read_targets(reading, (*_TOP, "router_targets")),
        fallback=_read_fallback(reading, (*_TOP, "fallback")),
        watchdog=_read_watchdog(reading, (*_TOP, "watchdog")),
    )


def _check_waits(reading: Reading, waits: dict[str, timedelta]) -> None:
    for shorter, longer in pairwise(_WAITS):
        if not timedelta() < waits[longer] < waits[shorter]:
            continue
        reading.problem(
            "wait-order",
            (*_TOP, longer),
            f"`{longer}` is shorter than `{shorter}`",
            label=f"must be at least {format_duration(waits[shorter])}",
            why="Alertmanager looks at a group only once in each interval: the longer one decides,"
            " and the shorter one means nothing",
            fix="make group_wait the shortest and repeat_interval the longest of the three",
        )


def _read_targets(reading: Reading, at: Pointer) -> Selector:
    default = parse_selector(_ROUTER_TARGETS)
    if reading.value(at) is None:
        return default
    try:
        found = parse_selector(reading.value(at))
        if example_labels(found.matchers) is None:
            raise ValueError("no label values were found that it matches")
    except ValueError as error:
        reading.problem(
            "promql-selector",
            at,
            f"`{at[-1]}` is not a selector: {error}",
            label="must be a metric name with matchers",
            why="the alert about the router fires when none of these series is 1",
            fix=f"write a plain selector, such as {_ROUTER_TARGETS}",
        )
        return default
    return found


def _read_fallback(reading: Reading, at: Pointer) -> Fallback | None:
    if reading.value(at) is None:
        return None
    pagerduty, slack = reading.value((*at, "pagerduty")), reading.value((*at, "slack"))
    return Fallback(
        email=_read_email(reading, (*at, "email")),
        pagerduty=None if pagerduty is None else PagerDutyFallback(**pagerduty),
        slack=None if slack is None else SlackFallback(**slack),
    )


def _read_email(reading: Reading, at: Pointer) -> EmailFallback | None:
    value = reading.value(at)
    if value is None:
        return None
    username, password_file = value.get("auth_username"), value.get("auth_password_file")
    if (username is None) != (password_file is None):
        given, missing = sorted(
            ("auth_username", "auth_password_file"), key=lambda name: name not in value
        )
        reading.problem(
            "missing-key",
            (*at, given),
            f"`{missing}` is missing",
            label=f"needs `{missing}` beside it",
            why="a server that asks for a name asks for a password too, and mail would be refused",
            fix=f"add `{missing}:`, or leave both out",
            of_key=True,
        )
    return EmailFallback(
        to=value["to"],
        sender=value["from"],
        smarthost=value["smarthost"],
        auth_username=username,
        auth_password_file=password_file,
        require_tls=value.get("require_tls", True),
    )


def _read_watchdog(reading: Reading, at: Pointer) -> Watchdog | None:
    if reading.value(at) is None:
        return None
    every = reading.duration((*at, "every"), longest=timedelta(days=1)) or _WATCHDOG_EVERY
    if every < _SHORTEST_WATCHDOG:
        reading.problem(
            "interval-too-short",
            (*at, "every"),
            f"the Watchdog would be sent every {format_duration(every)}",
            label=f"must be at least {format_duration(_SHORTEST_WATCHDOG)}",
            why="Alertmanager gives each delivery at least 10 s",
            fix="use a minute or more",
        )
    switch = _read_switch(reading, (*at, "dead_mans_switch"))
    router = bool(reading.value((*at, "router"), False))
    if switch is None and not router:
        reading.problem(
            "missing-key",
            at,
            "the Watchdog is sent nowhere",
            label="`watchdog` needs `dead_mans_switch` or `router: true`",
            why="a sign of life that nobody waits for cannot be missed",
            fix="add `dead_mans_switch:` with the `url` of who calls when it stays away",
            of_key=True,
        )
    return Watchdog(every=every, router=router, dead_mans_switch=switch)


def _read_switch(reading: Reading, at: Pointer) -> DeadMansSwitch | None:
    value = reading.value(at)
    if value is None:
        return None
    if ("url" in value) == ("url_file" in value):
        reading.problem(
            "missing-key",
            at,
            f"`{at[-1]}` has {'both' if 'url' in value else 'neither'} of `url` and `url_file`",
            label="needs exactly one of the two",
            why="one address is called; a file keeps one that is a secret",
            fix="keep `url_file` where the address itself is the secret, otherwise `url`",
            of_key=True,
        )
    if "url" in value:
        _check_address(reading, (*at, "url"))
    return DeadMansSwitch(
        url=value.get("url"), url_file=value.get("url_file"), token_file=value.get("token_file")
    )


def _check_address(reading: Reading, at: Pointer) -> None:
    try:
        parts = urlsplit(reading.value(at))
        usable = bool(parts.hostname) and not re.search(r"[\s{}<>\"]", reading.value(at))
        holds_secret = "@" in parts.netloc
    except ValueError:
        usable = holds_secret = False
    if not usable:
        reading.problem(
            "wrong-value",
            at,
            f"`{at[-1]}` is not an address",
            label="must have a host and no blanks",
            why="Alertmanager would refuse the whole configuration",
            fix="write it as http://HOST:PORT/webhook",
        )
    elif holds_secret:
        inline_secret(
            reading,
            at,
            "an address with credentials in it",
            "take them out, and name a file with a token in the key beside it",
        )


def inline_secret(reading: Reading, at: Pointer, what: str, fix: str) -> None:
    """Note a secret that stands in the catalog itself, and never repeat it."""
    reading.problem(
        "secret-inline",
        at,
        f"`{at[-1]}` is {what}",
        label="a secret does not belong into a file that everybody reads",
        why="the catalog and what is generated from it are in version control and in reviews",
        fix=fix,
        of_key=True,
    )

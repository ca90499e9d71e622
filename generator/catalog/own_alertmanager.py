"""catalog/alertmanager.yaml: a team's own routes and receivers, as far as they take nothing away.

Alertmanager's inhibition works on all routes at once, and a route that does
not continue keeps its alerts from those behind it: so both are checked for
what they would keep from the router.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from generator.catalog.alertmanager import inline_secret
from generator.catalog.model_alertmanager import OwnAlertmanager
from generator.catalog.own_time_interval import check_time_interval
from generator.naming import (
    BURN_ALERT,
    META_ALERTS,
    NO_TRAFFIC_ALERT,
    OWN_NAME,
    TARGETS_DOWN_ALERT,
    maintenance_interval,
)
from guardia.document import Pointer
from guardia.matcher import Matcher, matches_all
from guardia.reading import Reading

_WAITS = ("group_wait", "group_interval", "repeat_interval")
_INTERVAL_KEYS = ("mute_time_intervals", "active_time_intervals")

# What Alertmanager declares as a secret, by the key that holds it; each has a
# sibling that names a file. Source: Alertmanager and prometheus/common,
# fields of type Secret and SecretURL.
_SECRET_KEYS = frozenset({
    "alert_source_token", "api_key", "api_secret", "app_token", "auth_password", "auth_secret",
    "bearer_token", "bot_token", "client_secret", "credentials", "password", "routing_key",
    "service_key", "token", "token_id", "user_key", "webhook_url",
})  # fmt: skip
# Secret only inside one part, by that part's key.
_SECRET_IN = {("slack_configs", "api_url"), ("tls_config", "key")}
_WITHOUT_FILE = {
    "secret_key": "use a `profile` or `role_arn` instead of a key",
    "secrets": "write `files:` with the paths of files that hold the values",
}

# Every service has alerts of these names: such a target is named with these labels only.
_NEEDED = {
    BURN_ALERT: ("service", "slo"),
    NO_TRAFFIC_ALERT: ("service", "slo"),
    TARGETS_DOWN_ALERT: ("service",),
}

# alertname=~"A|B": names, and nothing that could match a name nobody thought of.
_NAMES = re.compile(r"\(?[\w-]+(\|[\w-]+)*\)?", re.ASCII)


def read_own_alertmanager(
    reading: Reading, *, environment_label: str, announced: Collection[str]
) -> OwnAlertmanager:
    """Return the parts; what cannot be merged with the generated configuration is noted.

    `announced` are the names of announced maintenance, whose time intervals an
    own route may use.
    """
    receivers = _read_names(reading, "receivers", "receiver")
    intervals = _read_names(reading, "time_intervals", "time interval")
    intervals |= {maintenance_interval(name) for name in announced}
    for index in range(reading.count(("routes",))):
        at: Pointer = ("routes", index)
        if reading.value((*at, "continue")) is False:
            _withholds(reading, (*at, "continue"))
        _check_route(reading, at, receivers, intervals)
    for index in range(reading.count(("time_intervals",))):
        check_time_interval(reading, ("time_intervals", index))
    for index in range(reading.count(("inhibit_rules",))):
        _check_inhibit_rule(reading, ("inhibit_rules", index), environment_label)
    _check_secrets(reading, ("receivers",), inside="")
    return OwnAlertmanager(
        routes=tuple(reading.value(("routes",), ())),
        receivers=tuple(reading.value(("receivers",), ())),
        time_intervals=tuple(reading.value(("time_intervals",), ())),
        inhibit_rules=tuple(reading.value(("inhibit_rules",), ())),
        templates=tuple(reading.value(("templates",), ())),
    )


def _read_names(reading: Reading, key: str, what: str) -> set[str]:
    seen: dict[str, str] = {}
    for index in range(reading.count((key,))):
        at: Pointer = (key, index, "name")
        reading.duplicate(at, what, seen)
        name = reading.value(at)
        if name == OWN_NAME or name.startswith(f"{OWN_NAME}-"):
            reading.problem(
                "name-reserved",
                at,
                f"the name `{name}` is not free",
                label=f"must not begin with `{OWN_NAME}`",
                why="names that begin so are generated, today or in a later version",
                fix="choose another name, such as one that begins with the team's",
            )
    return set(seen)


def _withholds(reading: Reading, at: Pointer) -> None:
    reading.problem(
        "route-withholds",
        at,
        "this route would keep its alerts from the router",
        label="cannot be false here",
        why="own routes stand before the router's, and what they do not pass on wakes nobody",
        fix="remove it: own routes always continue; inside `routes:` it is yours to choose",
    )


def _check_route(
    reading: Reading, at: Pointer, receivers: Collection[str], intervals: Collection[str]
) -> None:
    if reading.value((*at, "receiver")) is not None:
        reading.reference(
            (*at, "receiver"), "receiver", receivers, "declare it under `receivers:` of this file"
        )
    for key in _INTERVAL_KEYS:
        for index in range(reading.count((*at, key))):
            reading.reference(
                (*at, key, index),
                "time interval",
                intervals,
                "declare it under `time_intervals:` of this file",
            )
    for wait in _WAITS:
        reading.duration((*at, wait))
    _read_matchers(reading, (*at, "matchers"))
    for index in range(reading.count((*at, "routes"))):
        _check_route(reading, (*at, "routes", index), receivers, intervals)


def _read_matchers(reading: Reading, at: Pointer) -> tuple[Matcher, ...]:
    return reading.matchers(
        at,
        why="Alertmanager would refuse the whole configuration, or match other alerts",
        fix="""write one matcher an item: 'severity="critical"', 'team=~"a|b"'""",
    )


def _check_inhibit_rule(reading: Reading, at: Pointer, environment: str) -> None:
    """Note what could hide an alert that nobody named; see decision 10."""
    sides = {key: _read_matchers(reading, (*at, key)) for key in _SIDES}
    equal: list[str] = reading.value((*at, "equal"), [])
    if environment not in equal:
        _too_wide(
            reading,
            (*at, "equal") if equal else at,
            f"an alert of one `{environment}` would hide those of all others",
            f"`equal` must name `{environment}`",
        )
    for key, matchers in sides.items():
        if not any(_names_alerts(matcher) for matcher in matchers):
            _too_wide(
                reading, (*at, key), f"`{key}` names no alert", 'needs alertname="…", or =~"A|B"'
            )
    for index, label in enumerate(equal):
        if not any(_requires(label, matchers) for matchers in sides.values()):
            _too_wide(
                reading,
                (*at, "equal", index),
                f"two alerts without `{label}` count as equal",
                f"""a matcher must require it: '{label}=~".+"'""",
            )
    _check_hidden(reading, (*at, "target_matchers"), sides["target_matchers"], equal)


def _check_hidden(
    reading: Reading, at: Pointer, targets: tuple[Matcher, ...], equal: Collection[str]
) -> None:
    """Note targets whose names are those of alerts about the router, or of every service."""
    names = [one for one in targets if _names_alerts(one)]
    if not names:
        return  # noted already
    if any(matches_all(names, {"alertname": name}) for name in META_ALERTS):
        _too_wide(
            reading,
            at,
            "the alerts about the router would be hidden",
            "names one of them",
        )
    for alert, needed in _NEEDED.items():
        missing = [
            label
            for label in needed
            if label not in equal and not any(_names(label, one) for one in targets)
        ]
        if missing and matches_all(names, {"alertname": alert}):
            every = " of every service" if "service" in missing else " of the service"
            labels = " and ".join(f"`{label}`" for label in missing)
            _too_wide(
                reading,
                at,
                f"each `{alert}`{every} would be hidden",
                f"needs {labels}, here or in `equal`",
            )
            return


_SIDES = ("source_matchers", "target_matchers")


def _names_alerts(matcher: Matcher) -> bool:
    return _names("alertname", matcher)


def _names(label: str, matcher: Matcher) -> bool:
    """Say whether a matcher gives the values that a label may have, one by one."""
    if matcher.name != label:
        return False
    is_list = matcher.operator == "=~" and _NAMES.fullmatch(matcher.value) is not None
    return is_list or (matcher.operator == "=" and matcher.value != "")


def _requires(label: str, matchers: tuple[Matcher, ...]) -> bool:
    return any(matcher.name == label and not matcher.matches({}) for matcher in matchers)


def _too_wide(reading: Reading, at: Pointer, message: str, label: str) -> None:
    reading.problem(
        "inhibition-too-wide",
        at,
        message,
        label=label,
        why="inhibition works on every route: what is hidden reaches neither the router nor anyone",
        fix="name the alerts on both sides, and in `equal` the labels that both must carry",
    )


def _check_secrets(reading: Reading, at: Pointer, *, inside: str) -> None:
    for pointer, key, value in _entries(reading.value(at, ()), at):
        part = key if isinstance(key, str) else inside
        if isinstance(value, dict | list) and key not in _WITHOUT_FILE:
            _check_secrets(reading, pointer, inside=part)
        elif key in _WITHOUT_FILE:
            inline_secret(reading, pointer, "a secret", _WITHOUT_FILE[str(key)])
        elif key in _SECRET_KEYS or (inside, key) in _SECRET_IN:
            inline_secret(reading, pointer, "a secret", f"write `{key}_file` with a path")
        elif isinstance(value, str) and _has_credentials(value):
            inline_secret(
                reading,
                pointer,
                "an address with credentials in it",
                "take them out, and name their file under `http_config`",
            )


def _entries(value: Any, at: Pointer) -> Iterator[tuple[Pointer, str | int, Any]]:
    items = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, item in items:
        yield (*at, key), key, item


def _has_credentials(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and "@" in parts.netloc

"""The `hides:` of conditions: which alerts Alertmanager holds back while another one fires."""

from collections.abc import Iterable, Mapping

from generator.catalog.model import Service
from generator.catalog.model_alertmanager import HiddenAlert, HiddenAlerts, HiddenSlo
from guardia.document import Pointer
from guardia.reading import Reading


def read_hides(reading: Reading, at: Pointer) -> tuple[HiddenAlerts, ...]:
    """Return what stands at `at`; whether it exists is known when all services are read."""
    found: list[HiddenAlerts] = []
    for index, item in enumerate(reading.value(at, ())):
        if sorted(item) == ["alert"]:
            found.append(HiddenAlert(**item))
            continue
        if sorted(item) == ["service", "slo"]:
            found.append(HiddenSlo(**item))
            continue
        reading.problem(
            "wrong-value",
            (*at, index),
            "it is not clear what is hidden",
            label="must be `alert`, or `service` and `slo`",
            why="only alerts that are named are hidden; what merely resembles them is a stranger's",
            fix="write {alert: NAME}, or {service: NAME, slo: NAME}",
        )
    return tuple(found)


def check_hides(
    readings: Iterable[Reading], services: Iterable[Service | None], *, complete: bool
) -> None:
    """Note names that no service declares, and alerts that hide themselves or each other.

    `complete` says whether every service could be read; otherwise a name that
    seems unknown may be declared there.
    """
    declared = [service for service in services if service is not None]
    alerts = {one.alert: one.hides for service in declared for one in service.conditions}
    slos = {service.name: [slo.name for slo in service.slos] for service in declared}
    for reading in readings:
        for index in range(reading.count(("conditions",))):
            at: Pointer = ("conditions", index)
            for number, item in enumerate(reading.value((*at, "hides"), ())):
                here = (*at, "hides", number)
                if complete:
                    _check_names(reading, here, item, alerts=alerts, slos=slos)
                if "alert" in item:
                    _check_circle(
                        reading, (*here, "alert"), reading.value((*at, "alert")), alerts=alerts
                    )


def _check_names(
    reading: Reading,
    at: Pointer,
    item: Mapping[str, str],
    *,
    alerts: Mapping[str, object],
    slos: Mapping[str, list[str]],
) -> None:
    if "alert" in item:
        reading.reference((*at, "alert"), "condition", alerts, "name an alert of `conditions`")
        return
    if "service" not in item or "slo" not in item:
        return  # noted already
    reading.reference((*at, "service"), "service", slos, "name a service of the catalog")
    if item["service"] in slos:
        reading.reference(
            (*at, "slo"), "SLO", slos[item["service"]], f"name an SLO of `{item['service']}`"
        )


def _check_circle(
    reading: Reading,
    at: Pointer,
    hiding: str,
    *,
    alerts: Mapping[str, tuple[HiddenAlerts, ...]],
) -> None:
    """Note an alert that would, through those it hides, hide itself."""
    reached: set[str] = set()
    waiting = [reading.value(at)]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [one.alert for one in alerts.get(name, ()) if isinstance(one, HiddenAlert)]
    if hiding not in reached:
        return
    reading.problem(
        "hides-circular",
        at,
        f"`{hiding}` would hide itself",
        label="leads back to it",
        why="when all of them fire, each is held back because of another, and nobody is told",
        fix="let the cause hide its effects, never the other way round",
    )

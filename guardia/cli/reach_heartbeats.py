"""Does a critical heartbeat that is missing wake somebody? What `check` says of it."""

from guardia.catalog_folder import CatalogFolder
from guardia.document import Pointer
from guardia.problem import Problem
from guardia.reading import Reading
from guardia.severity import Severity
from router.catalog import OnCallCatalog
from router.incident.heartbeat import Heartbeat, missed_labels
from router.routing import decide_route


def check_heartbeats(folder: CatalogFolder, oncall: OnCallCatalog, problems: list[Problem]) -> None:
    """Note each critical heartbeat whose alert no route with a policy takes."""
    readings = [Reading(document, problems) for document in folder.oncall]
    places: list[tuple[Reading, Pointer]] = [
        (reading, ("heartbeats", index))
        for reading in readings
        for index in range(reading.count(("heartbeats",)))
    ]
    for heartbeat, (reading, at) in zip(oncall.heartbeats, places, strict=True):
        if heartbeat.severity is Severity.CRITICAL:
            _check(heartbeat, oncall, reading, at)


def _check(heartbeat: Heartbeat, oncall: OnCallCatalog, reading: Reading, at: Pointer) -> None:
    routed = decide_route(missed_labels(heartbeat), oncall.routes)
    if routed.policy is not None:
        return
    reading.problem(
        "critical-wakes-nobody",
        (*at, "name"),
        f"nobody wakes when heartbeat `{heartbeat.name}` is missing",
        label=f"route `{routed.route}` takes the alert that says so, and has no policy",
        why="critical means that somebody has to get up, and channels only inform",
        fix="give it `labels:` by which a route with a policy takes it, or a lower `severity:`",
    )

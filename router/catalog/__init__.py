"""The on-call part of the catalog: people, schedules, policies and routes, or all its problems."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from guardia.announcements import read_maintenance
from guardia.catalog_folder import CatalogFolder
from guardia.duration import parse_duration
from guardia.problem import Problem, sort_problems
from guardia.reading import Reading
from guardia.severity import Severity
from router.address import Address
from router.catalog.announced import list_announced
from router.catalog.delegated import list_delegated, list_services
from router.catalog.heartbeats import read_heartbeats
from router.catalog.names import Names
from router.catalog.people import check_sign_ins, read_people
from router.catalog.policies import read_policies
from router.catalog.routes import read_default_route, read_routes
from router.catalog.schedules import read_schedules
from router.escalation.model import Policy
from router.incident.heartbeat import Heartbeat
from router.incident.mute import Announcements
from router.language import Reader
from router.oncall.model import PersonId, Roster, ScheduleId
from router.routing import PolicyId, Route

REOPEN_WITHIN: Final = timedelta(minutes=15)
UTC_ZONE: Final = ZoneInfo("UTC")
REGION_LABEL: Final = "region"  # of those who run in several, and do not name it


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallCatalog:
    """All that the router needs of one edition of the catalog.

    `routes` end with the default route. No incident holds alerts that differ
    in one of the `scope_labels`. `group_interval` is how often Alertmanager
    sends a group that changes, `repeat_interval` how often one that does not.
    What fires again `reopen_within` after its end is the same incident.
    `severities` says what the severities of others' rules count as. `version`
    is short and changes with any byte of the on-call files and with what the
    organisation's file adds to them.
    """

    organisation: str
    version: str
    roster: Roster
    policies: Mapping[PolicyId, Policy]
    routes: tuple[Route, ...]
    names: Mapping[PersonId, str]  # as shown to colleagues
    scope_labels: tuple[str, ...]
    group_interval: timedelta
    severities: Mapping[str, Severity] = field(default_factory=dict)
    repeat_interval: timedelta = timedelta(hours=4)
    reopen_within: timedelta = REOPEN_WITHIN
    maintenance: Announcements = field(default_factory=Announcements)
    heartbeats: tuple[Heartbeat, ...] = ()
    language: str = "en"  # of what everybody reads, and of people who name no other

    def reader(self, person: PersonId | None = None) -> Reader:
        """Return how somebody reads; None, and who is unknown, is everybody in a channel.

        Who names no zone reads by that of the first schedule they are in.
        """
        known = None if person is None else self.roster.people.get(person)
        schedules = list(self.roster.schedules.values())
        own = [one.zone for one in schedules if person in one.people]
        zones = [*own, *(one.zone for one in schedules)]
        zone = known.zone if known is not None else None
        return Reader(
            language=(known.language if known is not None else None) or self.language,
            zone=zone or (zones[0] if zones else UTC_ZONE),
        )

    def announced(self, schedule: ScheduleId) -> tuple[Address, ...]:
        """Return where it is told who takes over a schedule; nowhere for an unknown one."""
        known = self.roster.schedules.get(schedule)
        return () if known is None else list_announced(known, self.policies, self.routes)


def read_oncall(folder: CatalogFolder) -> tuple[OnCallCatalog | None, tuple[Problem, ...]]:
    """Return the on-call catalog, or None with every problem in reading order.

    Service files are not looked at: a mistake in an SLO must not keep a router
    that restarts at night from paging.

    Problems of YAML and schema are the folder's. While an on-call file is left
    out because of those, names that seem unknown are not reported, nor is a
    missing default route: that file may declare them.
    """
    problems: list[Problem] = []
    organisation = Reading(folder.organisation, problems) if folder.organisation else None
    wait = organisation.duration(("oncall", "escalate_after")) if organisation else None
    readings = [Reading(document, problems) for document in folder.oncall]
    names = Names(complete="oncall" not in folder.broken, wait=wait)
    for reading in readings:
        names.collect(reading)
    people = [person for reading in readings for person in read_people(reading)]
    check_sign_ins(readings)
    schedules = [found for reading in readings for found in read_schedules(reading, names)]
    policies = [policy for reading in readings for policy in read_policies(reading, names)]
    routes = [route for reading in readings for route in read_routes(reading, names)]
    heartbeats = [beat for reading in readings for beat in read_heartbeats(reading)]
    default = read_default_route(readings, names)
    severities = _severities(organisation) if organisation else {}
    unread = folder.broken & {"catalog", "oncall"}
    if problems or organisation is None or default is None or unread:
        return None, sort_problems(problems)
    region = organisation.value(("regions", "label")) or REGION_LABEL
    scope_labels = (organisation.value(("environments", "label")), region)
    interval = _interval(organisation, "group_interval", otherwise=timedelta(minutes=5))
    repeat_interval = _interval(organisation, "repeat_interval", otherwise=timedelta(hours=4))
    reopen_within = organisation.duration(("oncall", "reopen_within"))
    maintenance = _maintenance(folder, environment_label=scope_labels[0])
    delegated = list_delegated((*routes, default))
    paged = (*people, *list_services(delegated))
    catalog = OnCallCatalog(
        organisation=organisation.value(("organisation",)),
        version=_version(
            readings,
            (names.wait, scope_labels, interval, severities),
            (repeat_interval, reopen_within, maintenance, organisation.value(("language",))),
        ),
        roster=Roster(
            people={person.id: person for person in paged},
            schedules={schedule.id: schedule for schedule in schedules},
        ),
        policies={policy.id: policy for policy in (*policies, *delegated)},
        routes=(*routes, default),
        names={person.id: person.name for person in paged},
        scope_labels=scope_labels,
        group_interval=interval,
        severities=severities,
        repeat_interval=repeat_interval,
        reopen_within=REOPEN_WITHIN if reopen_within is None else reopen_within,
        maintenance=maintenance,
        heartbeats=tuple(heartbeats),
        language=organisation.value(("language",), "en"),
    )
    return catalog, ()


def _severities(organisation: Reading) -> dict[str, Severity]:
    mapped: Mapping[str, str] = organisation.value(("oncall", "severities")) or {}
    for name in mapped:
        if name in list(Severity):
            organisation.problem(
                "wrong-value",
                ("oncall", "severities", name),
                f"`{name}` is one of our own severities",
                label="counts as itself",
                why="what is generated as critical must not be taken for something else",
                fix="remove it; severities of others stand here",
                of_key=True,
            )
    return {foreign: Severity(ours) for foreign, ours in mapped.items()}


def _interval(organisation: Reading, name: str, *, otherwise: timedelta) -> timedelta:
    """Return how often Alertmanager sends; its own default for what cannot be read.

    The generator notes that problem, and as with a service file, it must not
    keep the router from paging.
    """
    try:
        return parse_duration(organisation.value(("alertmanager", name)))
    except ValueError:
        return otherwise


def _maintenance(folder: CatalogFolder, *, environment_label: str) -> Announcements:
    """Return what is announced and can be read.

    As above, its problems are the generator's to note: what cannot be read
    mutes nothing, so people are woken.
    """
    if folder.organisation is None:
        return Announcements()
    reading = Reading(folder.organisation, [])
    names = reading.value(("environments", "names")) or ()
    announced = read_maintenance(reading, environments=names, services=None)
    return Announcements(announced=announced, environment_label=environment_label)


def _version(readings: list[Reading], *settings: object) -> str:
    digest = hashlib.sha256(repr(settings).encode())
    for reading in readings:
        digest.update(b"\0" + reading.document.text.encode())
    return digest.hexdigest()[:12]

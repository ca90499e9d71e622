"""Schedules of the on-call files: a rotation or several layers of them, and overrides."""

from datetime import datetime
from zoneinfo import ZoneInfo

from guardia.document import Pointer
from guardia.reading import Reading
from router.catalog.names import Names
from router.catalog.people import read_addresses
from router.catalog.rotations import read_restrictions, read_rotation
from router.oncall.model import Layer, Override, PersonId, Schedule, ScheduleId
from router.oncall.wall_clock import has_offset, parse_moment

_WHY_ZONE = "the zone says when the wall clock shows the handoff, also when clocks change"


def read_schedules(reading: Reading, names: Names) -> list[Schedule]:
    """Return the schedules of one file; one with a problem is left out."""
    found = (
        _schedule(reading, ("schedules", index), names)
        for index in range(reading.count(("schedules",)))
    )
    return [schedule for schedule in found if schedule is not None]


def _schedule(reading: Reading, at: Pointer, names: Names) -> Schedule | None:
    if (reading.value((*at, "rotation")) is None) == (reading.value((*at, "layers")) is None):
        name = reading.value((*at, "id"))
        both = "rotation" in reading.value(at)
        reading.problem(
            "schedule-unclear",
            (*at, "id"),
            f"who takes turns in `{name}`?",
            label="has `rotation` and `layers`" if both else "has no `rotation` and no `layers`",
            why="a schedule is one rotation, or layers of which the last that has somebody wins",
            fix="make the rotation one of the layers" if both else "add `rotation:`, or `layers:`",
        )
        return None
    own_zone = _zone(reading, (*at, "zone"))
    layers = _layers(reading, at, names, own_zone)
    zones = {layer.rotation.zone for layer in layers if layer is not None}
    zone = own_zone or next((one.rotation.zone for one in layers if one is not None), None)
    is_clear = own_zone is not None or len(zones) < 2
    overrides = [
        _override(reading, (*at, "overrides", index), names, zone, is_clear=is_clear)
        for index in range(reading.count((*at, "overrides")))
    ]
    whole = [layer for layer in layers if layer is not None]
    announce = (*at, "announce")
    if len(whole) < len(layers) or zone is None:
        return None
    return Schedule(
        id=ScheduleId(reading.value((*at, "id"))),
        zone=zone,
        layers=tuple(whole),
        overrides=tuple(one for one in overrides if one is not None),
        gaps_intended=reading.value((*at, "gaps")) == "intended",
        announce=read_addresses(reading, announce) if reading.value(announce) is not None else None,
    )


def _layers(
    reading: Reading, at: Pointer, names: Names, zone: ZoneInfo | None
) -> list[Layer | None]:
    """Return a layer for each one that is declared; None where it has a problem."""
    if reading.value((*at, "rotation")) is not None:
        inside = (*at, "rotation")
        rotation = read_rotation(reading, inside, names, _zone(reading, (*inside, "zone")))
        return [Layer(name=None, rotation=rotation) if rotation is not None else None]
    seen: dict[str, str] = {}
    found = []
    for index in range(reading.count((*at, "layers"))):
        reading.duplicate((*at, "layers", index, "name"), "layer", seen)
        found.append(_layer(reading, (*at, "layers", index), names, zone))
    return found


def _layer(reading: Reading, at: Pointer, names: Names, zone: ZoneInfo | None) -> Layer | None:
    own_zone = reading.value((*at, "zone"))
    if own_zone is not None:
        zone = _zone(reading, (*at, "zone"))
    elif reading.value((*at[:2], "zone")) is None:
        reading.problem(
            "schedule-unclear",
            (*at, "name"),
            f"which clock does the layer `{reading.value((*at, 'name'))}` follow?",
            label="neither it nor its schedule has a `zone`",
            why=_WHY_ZONE,
            fix="add `zone:` to the schedule, for all of its layers, or to this one",
        )
    rotation = read_rotation(reading, at, names, zone)
    only = read_restrictions(reading, (*at, "only"))
    if rotation is None:
        return None
    return Layer(name=reading.value((*at, "name")), rotation=rotation, only=only)


def _zone(reading: Reading, at: Pointer) -> ZoneInfo | None:
    return reading.zone(at, why=_WHY_ZONE) if reading.value(at) is not None else None


def _override(
    reading: Reading, at: Pointer, names: Names, zone: ZoneInfo | None, *, is_clear: bool
) -> Override | None:
    names.check(reading, (*at, "person"), "person", names.people)
    starts_at, ends_at = (
        _moment(reading, (*at, key), zone, is_clear=is_clear) for key in ("from", "until")
    )
    if starts_at is None or ends_at is None:
        return None
    if ends_at <= starts_at:
        reading.problem(
            "dates-order",
            (*at, "until"),
            f"{reading.value((*at, 'until'))} is not after {reading.value((*at, 'from'))}",
            label="must be after `from`",
            why="an override without any time between changes nothing",
            fix="write a later time, or exchange the two",
        )
    return Override(
        person=PersonId(reading.value((*at, "person"))),
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reading.value((*at, "reason"), ""),
    )


def _moment(
    reading: Reading, at: Pointer, zone: ZoneInfo | None, *, is_clear: bool
) -> datetime | None:
    """Return the instant written at `at`; without an offset, on the wall clock of `zone`."""
    text = reading.value(at)
    try:
        found = parse_moment(text, zone or ZoneInfo("UTC"))
    except ValueError:
        reading.problem(
            "date-invalid",
            at,
            f"{text} is not a date and time",
            label="must be YYYY-MM-DD HH:MM",
            why="an override begins and ends at an instant",
            fix="write it such as 2026-12-24 09:00, or with an offset: 2026-12-24 09:00+01:00",
        )
        return None
    if not is_clear and not has_offset(text):
        reading.problem(
            "schedule-unclear",
            at,
            f"which clock shows {text}?",
            label="its layers follow clocks of different zones",
            why="the same hour is another instant in each zone",
            fix="add `zone:` to the schedule, or an offset such as +01:00 to the time",
        )
        return None
    return found if zone is not None else None  # the zone's own problem is noted

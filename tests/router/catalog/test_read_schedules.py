"""Schedules of the on-call files: layers, restrictions, overrides, people who join and leave."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from guardia.catalog_folder import read_catalog_folder
from router.catalog import read_oncall
from router.oncall.model import (
    Days,
    Layer,
    Member,
    Months,
    Override,
    PersonId,
    Restriction,
    Rotation,
    Schedule,
    ScheduleId,
)
from tests.catalogs import copy_catalog

MADRID, LISBON = ZoneInfo("Europe/Madrid"), ZoneInfo("Europe/Lisbon")
LAYERED = """schedules:
  - id: follow
    zone: Europe/Madrid
    layers:
      - name: nights
        people: [platform-1, platform-2]
        shift: 14d
        starts: 2026-01-05
        handoff: "09:00"
        zone: Europe/Lisbon
      - name: office
        people:
          - platform-3
          - {person: platform-2, from: 2026-03-01}
          - {person: platform-1, until: 2026-06-01}
        shift: 1month
        starts: 2026-01-31
        handoff: "08:00"
        only:
          - {weekdays: [monday, friday], from: "08:00", to: "18:00"}
          - weekdays: [saturday]
    overrides:
      - person: platform-1
        from: 2026-12-24 09:00
        until: 2026-12-26T09:00-01:00
        reason: holidays
      - {person: platform-3, from: 2026-12-31, until: 2027-01-01}
"""


def folder_with(tmp_path: Path, text: str) -> Path:
    folder = copy_catalog(tmp_path)
    (folder / "oncall" / "follow.yaml").write_text(text, encoding="utf-8")
    return folder


def schedule_in(tmp_path: Path, text: str) -> Schedule:
    documents, problems = read_catalog_folder(folder_with(tmp_path, text))
    catalog, of_meaning = read_oncall(documents)
    assert not problems
    assert not of_meaning
    assert catalog is not None
    return catalog.roster.schedules[ScheduleId("follow")]


def problems_in(tmp_path: Path, old: str, new: str) -> list[tuple[str, str]]:
    """Return the code and label of each problem that a change of the example makes."""
    assert LAYERED.count(old) == 1
    documents, of_form = read_catalog_folder(folder_with(tmp_path, LAYERED.replace(old, new)))
    _, of_meaning = read_oncall(documents)
    return [(problem.code, problem.label) for problem in (*of_form, *of_meaning)]


def member(name: str, joins: date | None = None, leaves: date | None = None) -> Member:
    return Member(person=PersonId(name), joins_on=joins, leaves_on=leaves)


def test_layers_restrictions_and_overrides_are_read_whole(tmp_path: Path) -> None:
    assert schedule_in(tmp_path, LAYERED) == Schedule(
        id=ScheduleId("follow"),
        zone=MADRID,
        layers=(
            Layer(
                name="nights",
                rotation=Rotation(
                    people=(member("platform-1"), member("platform-2")),
                    zone=LISBON,
                    handoff=time(9, 0),
                    starts_on=date(2026, 1, 5),
                    shift=Days(14),
                ),
            ),
            Layer(
                name="office",
                rotation=Rotation(
                    people=(
                        member("platform-3"),
                        member("platform-2", joins=date(2026, 3, 1)),
                        member("platform-1", leaves=date(2026, 6, 1)),
                    ),
                    zone=MADRID,
                    handoff=time(8, 0),
                    starts_on=date(2026, 1, 31),
                    shift=Months(1),
                ),
                only=(
                    Restriction(weekdays=frozenset({0, 4}), since=time(8, 0), to=time(18, 0)),
                    Restriction(weekdays=frozenset({5}), since=time(), to=time()),
                ),
            ),
        ),
        overrides=(
            Override(
                person=PersonId("platform-1"),
                starts_at=datetime(2026, 12, 24, 8, 0, tzinfo=UTC),
                ends_at=datetime(2026, 12, 26, 10, 0, tzinfo=UTC),
                reason="holidays",
            ),
            Override(
                person=PersonId("platform-3"),
                starts_at=datetime(2026, 12, 30, 23, 0, tzinfo=UTC),
                ends_at=datetime(2026, 12, 31, 23, 0, tzinfo=UTC),
            ),
        ),
    )


def test_gaps_are_intended_where_it_is_written(tmp_path: Path) -> None:
    text = LAYERED.replace("    layers:\n", "    gaps: intended\n    layers:\n")
    assert schedule_in(tmp_path, text).gaps_intended


def test_a_schedule_without_a_zone_is_told_in_that_of_its_first_layer(tmp_path: Path) -> None:
    text = LAYERED.replace("    zone: Europe/Madrid\n", "", 1).replace(
        "      - name: office\n", "      - name: office\n        zone: Europe/Lisbon\n"
    )
    assert schedule_in(tmp_path, text).zone == LISBON


@pytest.mark.parametrize(
    ("old", "new", "code", "label"),
    [
        ("- platform-3\n", "- platform-33\n", "unknown-reference", "did you mean `platform-3`?"),
        (
            "{person: platform-2, from",
            "{person: platform-22, from",
            "unknown-reference",
            "did you mean `platform-2`?",
        ),
        (
            "{person: platform-3, from",
            "{person: platform-33, from",
            "unknown-reference",
            "did you mean `platform-3`?",
        ),
        ("name: office", "name: nights", "duplicate-id", "first declared at"),
        ("from: 2026-03-01", "from: 2026-02-30", "date-invalid", "must be YYYY-MM-DD"),
        ("until: 2026-06-01", "until: June", "date-invalid", "must be YYYY-MM-DD"),
        ("from: 2026-12-24 09:00", "from: 24.12.2026", "date-invalid", "must be YYYY-MM-DD HH:MM"),
        ("until: 2027-01-01", "until: 2026-12-31", "dates-order", "must be after `from`"),
        ("shift: 1month", "shift: 0months", "shift-invalid", "must be whole days or months"),
        ("shift: 1month", "shift: 36h", "shift-invalid", "must be whole days or months"),
        ('from: "08:00"', 'from: "8:00"', "time-invalid", "must be HH:MM"),
        ('to: "18:00"', 'to: "24:00"', "time-invalid", "must be HH:MM"),
        ("[saturday]", "[Saturday]", "wrong-value", "did you mean `saturday`?"),
        ("    zone: Europe/Madrid\n", "", "schedule-unclear", "neither it nor its schedule"),
        ("    layers:\n", "    layer:\n", "unknown-key", "did you mean `layers`?"),
        ("- platform-3\n", "- {from: 2026-01-01}\n", "missing-key", "needs `person`"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(
    tmp_path: Path, old: str, new: str, code: str, label: str
) -> None:
    found = problems_in(tmp_path, old, new)
    assert [one[0] for one in found] == [code]
    assert label in found[0][1]


def test_a_wall_clock_that_may_be_one_of_two_is_refused_unless_an_offset_says_which(
    tmp_path: Path,
) -> None:
    own_zones = LAYERED.replace("    zone: Europe/Madrid\n", "", 1).replace(
        "      - name: office\n", "      - name: office\n        zone: Europe/Madrid\n"
    )
    documents, _ = read_catalog_folder(folder_with(tmp_path / "a", own_zones))
    _, found = read_oncall(documents)
    assert {problem.code for problem in found} == {"schedule-unclear"}
    assert len(found) == 3  # of four times, one has its offset

    clear = own_zones.replace("2026-12-24 09:00", "2026-12-24 09:00Z").replace(
        "from: 2026-12-31, until: 2027-01-01", "from: 2026-12-31 00:00Z, until: 2027-01-01 00:00Z"
    )
    assert len(schedule_in(tmp_path / "b", clear).overrides) == 2


def test_a_schedule_of_both_kinds_is_refused(tmp_path: Path) -> None:
    rotation = (
        "    rotation: {people: [platform-1], shift: 7d, starts: 2026-01-05,"
        " handoff: '09:00', zone: UTC}\n"
    )
    found = problems_in(tmp_path, "    layers:\n", f"{rotation}    layers:\n")
    assert found == [("schedule-unclear", "has `rotation` and `layers`")]


@pytest.mark.parametrize(
    ("text", "shift"),
    [
        ("1d", Days(1)),
        ("2w", Days(14)),
        ("48h", Days(2)),
        ("1month", Months(1)),
        ("3months", Months(3)),
        ("12month", Months(12)),
    ],
)
def test_lengths_of_turns(tmp_path: Path, text: str, shift: Days | Months) -> None:
    read = schedule_in(tmp_path, LAYERED.replace("shift: 14d", f"shift: {text}"))
    assert read.layers[0].rotation.shift == shift

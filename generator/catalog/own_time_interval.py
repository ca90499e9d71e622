"""A team's own time intervals in alertmanager.yaml: what Alertmanager would refuse at its start.

Source: Alertmanager, `timeinterval`: a range ends after it starts, on the same
day or in the same week, and times are HH:MM up to 24:00.
"""

import re

from guardia.document import Pointer
from guardia.maintenance import WEEKDAYS
from guardia.reading import Reading
from guardia.word import nearest

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
_FROM_SUNDAY = (WEEKDAYS[-1], *WEEKDAYS[:-1])  # the order of Alertmanager's weeks


def check_time_interval(reading: Reading, at: Pointer) -> None:
    """Note times over midnight, times, weekdays and zones that there are not."""
    for index in range(reading.count((*at, "time_intervals"))):
        entry: Pointer = (*at, "time_intervals", index)
        for number in range(reading.count((*entry, "times"))):
            _check_times(reading, (*entry, "times", number))
        for number in range(reading.count((*entry, "weekdays"))):
            _check_weekdays(reading, (*entry, "weekdays", number))
        if reading.value((*entry, "location")) is not None:
            reading.zone(
                (*entry, "location"),
                why="Alertmanager would refuse the whole configuration, and start with none",
            )


def _check_times(reading: Reading, at: Pointer) -> None:
    found = {key: reading.value((*at, key)) for key in ("start_time", "end_time")}
    wrong = [key for key, text in found.items() if not _TIME.fullmatch(text)]
    for key in wrong:
        reading.problem(
            "time-invalid",
            (*at, key),
            f"{found[key]} is not a time of day",
            label="must be HH:MM, up to 24:00",
            why="Alertmanager would refuse the whole configuration, and start with none",
            fix='write hours and minutes with two digits each, such as "06:00"',
        )
    begins, ends = found["start_time"], found["end_time"]
    if wrong or begins < ends:
        return
    pieces = [(begins, "24:00"), ("00:00", ends)]
    written = [
        f'{{start_time: "{start}", end_time: "{end}"}}' for start, end in pieces if start < end
    ]
    reading.problem(
        "interval-over-midnight",
        (*at, "end_time"),
        f"a time interval cannot last from {begins} to {ends}",
        label=f"must be after {begins}",
        why="Alertmanager's times are of one day, and it would refuse the whole configuration",
        fix=f"write {' and '.join(written) or 'no `times:` at all for the whole day'}",
    )


def _check_weekdays(reading: Reading, at: Pointer) -> None:
    text = reading.value(at)
    days = text.lower().split(":")
    unknown = next((day for day in days if day not in WEEKDAYS), None)
    if (
        unknown is None
        and len(days) <= 2
        and _FROM_SUNDAY.index(days[0]) <= (_FROM_SUNDAY.index(days[-1]))
    ):
        return
    guess = nearest(unknown, WEEKDAYS) if unknown else None
    reading.problem(
        "wrong-value",
        at,
        f"{text} is not a range of weekdays",
        label=f"did you mean `{guess}`?" if guess else "must be such as monday:friday",
        why="Alertmanager's weeks begin on sunday, and it would refuse the whole configuration",
        fix="write a weekday, or two with a colon of which the later stands second",
    )

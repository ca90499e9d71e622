"""Stories of memory: the floor under the teeth of a saw, third by third of the hour before."""

from collections.abc import Mapping

from tests.preset_stories.story import HERE, Story

LEAK = {"over": "1h", "within": "2h", "limit": "600000000"}
GIVEN = {"nodejs": LEAK, "process": LEAK, "jvm": {}}
USED = {
    "nodejs": "nodejs_heap_size_used_bytes",
    "process": "process_resident_memory_bytes",
    "jvm": "jvm_memory_pool_collection_used_bytes",
}
PARTS = ("Old Gen", "Tenured Gen")  # each holds half of the memory: they count together
OLD = "-7200x600"  # when a process began that is two hours old at the first value


def teeth(first: int, rise: int) -> str:
    """Return half of memory with teeth of 5m15s; each begins `rise` MB above the one before."""
    return " ".join(f"{(first + tooth * rise) * 500_000}+4500000x20" for tooth in range(24))


def halves(*levels: int) -> str:
    """Return half of memory that stays on each level, of MB, for ten minutes, from 1m on.

    No value stands where two windows meet: not all Prometheus count it to the same one.
    """
    return " ".join(("_x4", *(f"{level * 500_000}x38 _" for level in levels)))


def thirds(*levels: int) -> str:
    return halves(*(level for level in levels for _ in range(2)))


def series_of(
    kind: str, memory: str, instance: str = "a", started: str = OLD, most: str = "300000000x600"
) -> Mapping[str, str]:
    """Return the series of one process, of which `memory` is each half of what it uses."""
    here = f'{HERE},job="casos",instance="{instance}"'
    used = {f'{USED[kind]}{{{here},pool="{part}"}}': memory for part in PARTS}
    heap = {f'jvm_memory_max_bytes{{{here},area="heap",pool="{part}"}}': most for part in PARTS}
    return {
        **used,
        **(heap if kind == "jvm" else {}),
        f"process_start_time_seconds{{{here}}}": started,
    }


def of_all(kind: str, memory: Mapping[str, str]) -> Mapping[str, str]:
    """Return the series of a process for each: its instance says what it does."""
    return {
        one: values
        for instance, used in memory.items()
        for one, values in series_of(kind, used, instance).items()
    }


LEVEL_OR_FALLING = {"level": teeth(400, 0), "falling": teeth(500, -15)}

# At 1h21m the first 20 minutes are older than the hour that counts. Memory is full within 2h, six
# thirds, when its floor and six times its last rise are more than 600 MB.
RISING = thirds(900, 100, 200, 260, 260)
NO_LEAKS = {
    "full to the brim in time, and no further": thirds(900, 101, 201, 258),
    "slower than it was": thirds(900, 100, 240, 260),
    "one step up": thirds(900, 200, 200, 400),
    "a step down, and one up": thirds(900, 250, 240, 400),
    "a step down, to more than was before the hour": thirds(100, 250, 240, 400),
    "past its limit, and level": thirds(900, 100, 700, 700),
    "high in the second half of the last third": halves(900, 900, 100, 100, 200, 200, 230, 700),
    "a step down in the first half of a third": halves(900, 900, 250, 250, 240, 300, 400, 400),
}
HOUR, MORE_THAN_AN_HOUR = "1260x600", "1230x600"  # ago at 1h21m


def _stories(kind: str) -> Mapping[str, Story]:
    preset, given = f"memory-leak/{kind}", GIVEN[kind]

    def silent(series: Mapping[str, str], *at: str) -> Story:
        return Story(preset=preset, given=given, series=series, empty_at=at)

    return {
        f"{kind}: teeth of a saw are no leak": silent(
            of_all(kind, LEVEL_OR_FALLING), "90m", "100m"
        ),
        f"{kind}: what does not rise or is not full in time is no leak": silent(
            of_all(kind, NO_LEAKS), "81m"
        ),
        f"{kind}: what is an hour old may have warmed up": silent(
            series_of(kind, RISING, started=HOUR), "81m"
        ),
        f"{kind}: teeth whose floor rises are a leak": Story(
            preset=preset,
            given=given,
            series=series_of(kind, teeth(100, 15)),
            true_at=("90m", "100m"),
        ),
        f"{kind}: floors that rise are a leak, told until they rise no more": Story(
            preset=preset,
            given=given,
            series=series_of(kind, RISING, started=MORE_THAN_AN_HOUR),
            true_at=("81m",),
            quiet_at=("95m15s", "101m15s"),
            fires_at=("96m30s",),
        ),
        f"{kind}: floors in the first halves of thirds rise, too": Story(
            preset=preset,
            given=given,
            series=series_of(kind, halves(900, 900, 100, 300, 200, 400, 300, 300)),
            true_at=("81m",),
        ),
    }


STORIES = {
    **{name: story for kind in GIVEN for name, story in _stories(kind).items()},
    "jvm: a heap of no size is not full": Story(
        preset="memory-leak/jvm", series=series_of("jvm", RISING, most="0x600"), empty_at=("81m",)
    ),
}

"""Chance that is the same on every machine: a number for each seed, stream and tick."""

import math
from collections.abc import Sequence
from zlib import crc32

_MASK = 2**64 - 1


def uniform(seed: int, stream: str, tick: int) -> float:
    """Return a number in [0, 1) that only these three decide.

    Not `hash()`, which differs between processes, nor `random.Random`, which
    is twenty times slower to seed than this is to compute.

    Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
    Generators" (2014): the finaliser of SplitMix64.
    """
    state = (
        (crc32(stream.encode()) << 32) ^ (seed * 0x9E3779B97F4A7C15) ^ (tick * 0xD1B54A32D192ED03)
    )
    state = ((state ^ (state >> 30)) & _MASK) * 0xBF58476D1CE4E5B9 & _MASK
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
    return ((state ^ (state >> 31)) >> 11) / 2**53


def whole(expected: float, chance: float) -> int:
    """Return `expected` events as a whole number: rounded up as often as its fraction says."""
    return math.floor(expected + chance)


def spread(number: int, shares: Sequence[float], chance: float) -> tuple[int, ...]:
    """Divide `number` events by `shares`, which sum to 1; the parts sum to `number` exactly.

    Each part is its share rounded up or down; `chance` in [0, 1) decides which.
    """
    parts = []
    reached, before = 0.0, 0
    for share in shares[:-1]:
        reached += share
        upto = min(number, math.floor(number * reached + chance))
        parts.append(upto - before)
        before = upto
    return (*parts, number - before)

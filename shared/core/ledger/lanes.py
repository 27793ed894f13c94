"""Several sums carried in one integer, a lane each: one addition adds them all, exactly.

A lane holds a number of either sign below 2^127. The largest sum there can be, amount × days late over every document of
a customer, needs 64 bits for an amount (10^15 in units of 10⁻⁴), 22 for days and 40 for a million million documents.
"""

from __future__ import annotations

BITS = 128
_HALF = 1 << (BITS - 1)
_MASK = (1 << BITS) - 1
_PLACES = tuple(range(0, 8 * BITS, BITS))
_HALVES = tuple(sum(_HALF << place for place in _PLACES[:count]) for count in range(len(_PLACES) + 1))


def pack(*numbers: int) -> int:
    """*numbers* as one integer, the first in the lowest lane: a number alone is itself."""
    packed = 0
    for number in reversed(numbers):
        packed = (packed << BITS) + number
    return packed


def unpack(packed: int, count: int) -> list[int]:
    """The first *count* lanes of *packed*."""
    if not packed:
        return [0] * count
    packed += _HALVES[count]  # so that no lane is below 0 and none borrows from the next
    return [((packed >> place) & _MASK) - _HALF for place in _PLACES[:count]]

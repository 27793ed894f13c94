"""Several sums carried in one integer, a lane each: one addition adds them all, exactly.

A lane holds a number of either sign below 2^127. The largest sum there can be, amount × days late over every document of
a customer, needs 64 bits for an amount (10^15 in units of 10⁻⁴), 22 for days and 40 for a million million documents.
"""

from __future__ import annotations

BITS = 128
_HALF = 1 << (BITS - 1)
_MASK = (1 << BITS) - 1


def pack(*numbers: int) -> int:
    """*numbers* as one integer, the first in the lowest lane: a number alone is itself."""
    packed = 0
    for number in reversed(numbers):
        packed = (packed << BITS) + number
    return packed


def unpack(packed: int, count: int) -> list[int]:
    """The first *count* lanes of *packed*."""
    found = []
    for _ in range(count):
        low = ((packed + _HALF) & _MASK) - _HALF
        found.append(low)
        packed = (packed - low) >> BITS
    return found

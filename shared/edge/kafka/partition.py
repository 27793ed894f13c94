"""Which partition a key belongs to: murmur2, as the Java client, librdkafka's `murmur2_random` and kafka-python do."""

from __future__ import annotations

from functools import lru_cache

from kafka.partitioner.default import murmur2

CACHED_KEYS = 200_000
"""Keys whose hash is remembered: about 30 MB at most. A miss costs some 5 µs, a hit 0.1 µs."""


def partition_of(key: str, count: int) -> int:
    """Return the partition of *key* (a customer id) among *count*: `(murmur2(utf-8) & 0x7fffffff) % count`."""
    return _positive_hash(key) % count


@lru_cache(maxsize=CACHED_KEYS)
def _positive_hash(key: str) -> int:
    # kafka-python's own function, so that our partitions and its producer's can never differ
    return int(murmur2(key.encode())) & 0x7FFFFFFF

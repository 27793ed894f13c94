"""Keys go where every other Kafka client puts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner import DefaultPartitioner

from shared.edge.kafka.partition import CACHED_KEYS, _positive_hash, partition_of

JAVA = {  # org.apache.kafka.common.utils.UtilsTest#testMurmur2, as signed 32-bit numbers
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}


@pytest.mark.parametrize(("key", "hashed"), JAVA.items())
def test_the_hash_is_that_of_the_java_client(key: str, hashed: int) -> None:
    assert _positive_hash(key) == hashed & 0x7FFFFFFF
    assert partition_of(key, 12) == (hashed & 0x7FFFFFFF) % 12


class Cluster:
    """As much of a cluster as a partitioner looks at."""

    def __init__(self, count: int) -> None:
        self.count = count

    def topics(self) -> set[str]:
        return {"t"}

    def partitions_for_topic(self, _: str) -> set[int]:
        return set(range(self.count))

    available_partitions_for_topic = partitions_for_topic


@given(st.text(min_size=1, max_size=64), st.integers(1, 1024))
def test_our_partition_is_that_of_the_client_that_upstreams_use(key: str, count: int) -> None:
    try:
        raw = key.encode()
    except UnicodeEncodeError:
        return  # a lone surrogate is no subject
    assert partition_of(key, count) == DefaultPartitioner().partition("t", key, raw, b"", b"", Cluster(count))


def test_what_is_remembered_is_bounded() -> None:
    for n in range(1_000):
        partition_of(f"customer-{n}", 12)
    assert _positive_hash.cache_info().maxsize == CACHED_KEYS

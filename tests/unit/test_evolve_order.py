"""The order of facts is by instant, whatever the clock that showed it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shared.core.customer.evolve import order_of
from shared.edge import codec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
ZONES = st.one_of(st.just(UTC), OFFSETS, st.sampled_from(["Asia/Shanghai", "Europe/Berlin"]).map(ZoneInfo))
RAW = (
    b'{"specversion":"1.0","id":"1","source":"/erp/a","type":"credit.signal.reported.v1","subject":"C1",'
    b'"time":"2026-01-05T10:00:00+08:00","data":{"signal_id":"S1","kind":"dishonest_debtor","on":"2026-01-05"}}'
)


@given(st.datetimes(timezones=ZONES).filter(lambda time: 1 < time.year < 9999))
def test_the_instant_is_that_of_the_clock_that_showed_it(time: datetime) -> None:
    event = msgspec.structs.replace(codec.decode(RAW), time=time)
    assert order_of(event)[1] == (time.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)

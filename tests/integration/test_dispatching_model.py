"""The dispatcher on the database comes to what the one in memory comes to: the same hearings, states and messages."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from services.alerts.core.notice import Notice
from tests.support.dispatch_model import Model
from tests.support.dispatched import queue
from tests.support.staffed import HOUSE, NOON, away, notice, setting

pytestmark = [pytest.mark.parts, pytest.mark.timeout(120)]

RECEIVERS = ("owner", "line", "role:credit_manager", "role:collector", "role:inspector", "told")
LATER = ("reminded", "escalated", "acknowledged", "resolved", "withdrawn")


def told(chance: random.Random) -> list[Notice]:
    """Notices of a few alerts within ten hours, that is into the night."""
    found, counts = [], dict[str, int]()
    for second in sorted(chance.sample(range(36_000), 40)):
        alert = f"A-{chance.randrange(12)}"
        counts[alert] = counts.get(alert, 0) + 1
        severity = chance.choice(("info", "warning", "critical"))
        more: dict[str, Any] = {
            "what": chance.choice(LATER) if counts[alert] > 1 else "opened", "severity": severity, "digest": severity == "info",
            "to": tuple(chance.sample(RECEIVERS, 2)), "group": chance.choice((alert, "g")), "wait_seconds": 30,
            "interval_seconds": 300, "labels": {"region": "CN-SH", "manager": chance.choice(("m01", "m02", "m9"))},
        }  # fmt: skip
        found.append(notice(counts[alert], alert=alert, at=NOON + timedelta(seconds=second), **more))
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_the_database_and_the_model_agree(database: str, seed: int) -> None:
    chance = random.Random(seed)
    notices = told(chance)
    house = (*HOUSE, away("wang.wei", "2026-03-04", "2026-03-20", "qian"))
    broken = set(chance.sample(["li.na", "qian", "sh.lead", "zhao.min", "email"], 2))
    model = Model(setting(house=house))
    async with queue(database, house=house) as q:
        now, waiting = NOON, list(notices)
        while waiting or model.arriving or model.in_flight or model.next_due():
            due = model.next_due()
            now = max(now + timedelta(seconds=chance.choice((1, 40, 700))), due if due and not waiting else now)
            arisen = [one for one in waiting if one.at <= now]
            waiting = waiting[len(arisen) :]
            model.arise(*arisen)
            await q.arise(*arisen)
            model.plan(now)
            await q.plan(now)
            if chance.random() < 0.7:
                model.settle(lambda person, channel: not {person, channel} & broken, now)
                await q.settle(lost=broken)
                model.plan(now)
                await q.plan(now)
        await q.plan(now)
        assert await q.states() == {one.notice_id: model.state(one.notice_id) for one in notices}
        ours = {(one, person): state for one in await q.states() for person, state in (await q.hearings(one)).items()}
        assert ours == {key: state for key, (state, _) in model.hearings.items()}
        assert await q.told() == sorted(
            (one.person, one.channel, sorted(h.notice_id for h in one.hearings)) for one in model.sent
        )

"""Says of a notice that it reached nobody: a command about its alert, so that the alert says so and its fallback is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import structlog

from services.alerts.adapters.dispatching import Report
from services.alerts.core import acting
from services.alerts.core.notice import Notice
from services.alerts.core.resolving import Reason
from services.alerts.core.saying import Saying
from shared.core.errors import NotFound

Command = Callable[[Any, str, Callable[[Saying, datetime], None]], Awaitable[None]]
"""Decides a command about one alert, as `services.alerts.adapters.deciding.Deciding` does."""

log = structlog.get_logger(__name__)


def reporting(command: Command, pool: Any) -> Report:
    """What the dispatcher calls for a notice that reached nobody. An alert that is long over needs no more to be said of it."""

    async def report(notice: Notice, tried: Sequence[str], why: tuple[Reason, ...]) -> None:
        person, reason = (tried or ("",))[0], (why or (Reason("exhausted"),))[0].code

        def act(saying: Saying, at: datetime) -> None:
            acting.undelivered(saying, at, notice.alert_id, notice.notice_id, person, reason)

        try:
            await command(pool, notice.alert_id, act)
        except NotFound:
            log.info("nobody hears of an alert that is over", alert=notice.alert_id)

    return report

"""Reads who may see whose grades from the tables of people; worked out once a person until somebody changes the staff."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from services.alerts.adapters import staff, staff_policy
from services.alerts.core.knowing import Knowledge, knowledge_of
from shared.edge import clock

KEPT = 10_000


class Knowing:
    """Implements `services.alerts.handlers.ports.Knowing` on PostgreSQL."""

    def __init__(self, zone: str) -> None:
        """*zone* is that of the installation."""
        self._zone = zone
        self._staff = staff.Kept()
        self._found: dict[tuple[str, date], Knowledge] = {}

    async def __call__(self, pool: Any, person: str, roles: frozenset[str]) -> Knowledge:
        """What *person*, who comes with *roles*, may see today. A change of the staff counts from the next call on."""
        now = clock.now()
        async with pool.acquire() as connection:
            if await self._staff.look(connection, now):
                self._found.clear()
        setting = staff_policy.setting(self._staff.organisation, self._zone)
        key = person, setting.day(now, person)
        if (found := self._found.get(key)) is None:
            if len(self._found) >= KEPT:
                self._found.clear()
            found = self._found[key] = knowledge_of(person, setting, now)
        by_token = not roles.isdisjoint(setting.policy.need_to_know)
        return msgspec.structs.replace(found, knows=True) if by_token else found

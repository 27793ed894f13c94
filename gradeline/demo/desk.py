"""The exposure API as the demonstration uses it: limits for whom has none, credit checks, special approvals."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from decimal import ROUND_CEILING, Decimal
from typing import Any

import asyncpg
import msgspec

from gradeline.post import Api
from services.exposure.api.migrations import ROWS
from services.exposure.api.telling import hold_id
from shared.core.errors import GradelineError

TIMEOUT_S = 5.0
WITHOUT = """
select a.customer_id, a.currency, a.exposure, a.as_of from exposure.accounts a
where a.credit_limit is null
  and (select count(*) from exposure.events where stream = a.customer_id and kind = 0 and type not like 'credit.grade.%')
    >= (select count(*) from rating.events where stream = a.customer_id and kind = 0)
order by a.customer_id
"""
"""Who has no limit, and is as far here as the history was told."""
ROOM, STEP, LEAST = Decimal("1.25"), Decimal(10_000), Decimal(100_000)
"""A limit leaves a quarter of what is owed as room, in whole tens of thousands, and is never less than LEAST."""
EVIDENCE = "demonstration"


class Desk:
    """One connection a role; what does not answer is left out, for the next order comes soon."""

    def __init__(self, exposure: str, dsn: str, tokens: Mapping[str, str]) -> None:
        """*tokens* of the roles order_system, risk_manager and general_manager."""
        self._dsn = dsn
        self._apis = {
            role: Api(exposure, token=token, attempts=1, timeout_s=TIMEOUT_S) for role, token in tokens.items()
        }

    def grant_missing(self) -> None:
        """Give a limit to everybody who has none: what is owed and some room."""
        with suppress(OSError, TimeoutError, asyncpg.PostgresError, GradelineError):
            rows = asyncio.run(self._without())
            for start in range(0, len(rows), ROWS):
                self._says(
                    "risk_manager", "/v1/limits/migrations", {"rows": rows[start : start + ROWS], "evidence": EVIDENCE}
                )

    async def _without(self) -> list[dict[str, str]]:
        connection = await asyncpg.connect(self._dsn, timeout=TIMEOUT_S, command_timeout=TIMEOUT_S)
        try:
            found = await connection.fetch(WITHOUT)
        finally:
            connection.terminate()
        return [
            {
                "customer_id": row["customer_id"],
                "kind": "management",
                "amount": f"{limit_for(row['exposure'])}",
                "currency": row["currency"],
                "valid_from": f"{row['as_of']}",
            }
            for row in found
        ]

    def checks(self, customer: str, order: str, amount: str, currency: str) -> str | None:
        """approved, held or refused; None where nobody answers."""
        asked = {"customer_id": customer, "order_id": order, "amount": amount, "currency": currency}
        with suppress(GradelineError):
            answer = self._says("order_system", "/v1/credit-checks", asked)
            return str(answer["decision"]) if answer else None
        return None

    def lets_go(self, customer: str, order: str) -> None:
        """The general manager lets a held order go."""
        with suppress(GradelineError):
            note = {"note": "agreed with the customer 已与客户协商"}
            self._says("general_manager", f"/v1/holds/{hold_id(customer, order)}/release", note)

    def _says(self, role: str, path: str, body: Any) -> dict[str, Any] | None:
        status, text = self._apis[role].send(path, body)
        found: dict[str, Any] | None = msgspec.json.decode(text) if status == 200 else None
        return found


def limit_for(exposure: Decimal) -> Decimal:
    """The limit of one who owes *exposure*."""
    return max(LEAST, (exposure * ROOM / STEP).to_integral_value(ROUND_CEILING) * STEP)

"""The facts of one run: seeded, bounded, posted at a steady pace whatever happens, and what was acknowledged of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from random import Random
from typing import Any

import httpx2

from shared.edge import clock
from tests.model.truth import Key, Word, word_of
from tests.support.told import invoice, payment, registered, reversal

CUSTOMERS, MONTHS = 10, 10
LARGEST_BATCH = 12
PACE_SECONDS = 0.04
PATIENCE_SECONDS = 90.0
"""How long one batch is sent again and again."""
TIMEOUT_SECONDS = 10.0

Fact = dict[str, Any]


class Load:
    """Facts about customers that nobody else in the world has, and the truth about them.

    What a row sends besides, it sends with `post`, so that it is known what must be there in the end.
    """

    def __init__(
        self, url: str, token: str, *, name: str, day: date, random: Random, customers: int = CUSTOMERS
    ) -> None:
        """*name* begins every customer's id; *day* is the business day that is open."""
        self._http = httpx2.AsyncClient(
            base_url=url,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            headers={"authorization": f"Bearer {token}", "content-type": "application/cloudevents-batch+json"},
        )
        self.name = name
        self.customers = [f"{name}-{number}" for number in range(customers)]
        self.day = day
        self._random = random
        self.facts = list(_merged([_history(one, day, random) for one in self.customers]))
        self.sent: dict[Key, Word] = {}
        self.acked: dict[Key, Fact] = {}
        self.aside: set[tuple[Key, str]] = set()
        """What must be in quarantine."""
        self.dead_letters = 0
        """How many records must be dead letters."""
        self.beyond_sums: set[str] = set()
        """Customers with other documents than invoices of one currency: what they owe is said by the row, not by a plain sum."""
        self.refused = 0
        self._progress = asyncio.Event()
        self._reached = 0

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.aclose()

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Post every fact meanwhile, in small batches; all are acknowledged when the context ends."""
        posting = asyncio.create_task(self.rest())
        try:
            yield
        finally:
            await posting

    async def rest(self) -> None:
        """Post what is left of the facts."""
        while self._reached < len(self.facts):
            size = self._random.randint(1, LARGEST_BATCH)
            await self.post(self.facts[self._reached : self._reached + size])
            self._reached += size
            self._progress.set()
            await asyncio.sleep(PACE_SECONDS)

    async def reached(self, share: float) -> None:
        """Wait until this share of the facts is acknowledged."""
        until = clock.monotonic() + PATIENCE_SECONDS
        while self._reached < share * len(self.facts):
            assert clock.monotonic() < until, f"only {self._reached} of {len(self.facts)} facts were taken"
            self._progress.clear()
            await asyncio.wait_for(self._progress.wait(), PATIENCE_SECONDS)

    async def post(self, facts: Sequence[Fact]) -> None:
        """Post *facts*, again until they are acknowledged. Raises AssertionError where they are refused or time is over."""
        for fact in facts:
            word = word_of(_encoded(fact))
            self.sent[word.key] = word
        until = clock.monotonic() + PATIENCE_SECONDS
        while not await self._taken(facts):
            self.refused += 1
            assert clock.monotonic() < until, f"a batch was not taken within {PATIENCE_SECONDS:g} s"
            await asyncio.sleep(0.2)
        self.acked.update({word_of(_encoded(fact)).key: fact for fact in facts})

    async def _taken(self, facts: Sequence[Fact]) -> bool:
        try:
            answer = await self.answer(facts)
        except httpx2.TransportError:
            return False
        if answer.status_code < 500:
            assert answer.status_code in (200, 202), f"refused with {answer.status_code}: {answer.text[:300]}"
            return True
        assert answer.status_code == 503, f"{answer.status_code}: {answer.text[:300]}"
        assert answer.headers["retry-after"].isdecimal()
        return False

    async def answer(self, facts: Sequence[Fact]) -> httpx2.Response:
        """What is answered to *facts*, posted once. Raises httpx2.TransportError."""
        return await self._http.post("/v1/events", json=list(facts))

    async def say(self, body: bytes, media: str = "application/cloudevents-batch+json") -> httpx2.Response:
        """What is answered to any bytes, posted once. Raises httpx2.TransportError."""
        return await self._http.post("/v1/events", content=body, headers={"content-type": media})


def _encoded(fact: Fact) -> bytes:
    return json.dumps(fact).encode()


def _history(subject: str, day: date, random: Random) -> list[Fact]:
    """A customer of ten months: invoices of any amount, most of them paid, a few late, and a payment that bounced."""
    first = day - timedelta(days=30 * MONTHS + random.randint(0, 20))
    told = [registered(subject, first)]
    for month in range(MONTHS):
        number = f"I-{month}"
        on = first + timedelta(days=30 * month + random.randint(1, 9))
        amount = f"{random.randint(1, 5_000_000)}.{random.randint(0, 99):02d}"
        told.append(invoice(subject, number, on, amount))
        paid = on + timedelta(days=random.choice((20, 28, 30, 30, 33, 65)))
        if paid <= day and random.random() < 0.9:
            told.append(payment(subject, number, paid, amount))
            back = paid + timedelta(days=3)
            if back <= day and random.random() < 0.1:
                told.append(reversal(subject, number, back))
    return told


def _merged(histories: list[list[Fact]]) -> list[Fact]:
    """All of them as they come in: by time, customers mixed."""
    return sorted((fact for history in histories for fact in history), key=lambda fact: (fact["time"], fact["id"]))

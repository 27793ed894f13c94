"""The preview of a version says which limits would move, of accounts that the service exposure keeps, and that is what comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from gradeline import database as settings
from gradeline.commands import policy, policy_limits, policy_live
from gradeline.main import Sentences
from services.exposure.core.found import Found
from services.rating.core.brain import RatingBrain
from services.rating.core.comparing import Shift
from shared.core.brain import Decided
from shared.core.customer.state import Setting
from shared.core.envelope import Event
from shared.core.events.granting import LimitGranted
from shared.core.ledger.documents import UNIT
from shared.core.policy.methods import Methods
from shared.core.policy.policy import Book, Policy
from shared.core.policy.rulebook import Rulebook
from shared.edge.policy_cards import NOTHING_SHARED
from shared.edge.policy_files import read_orders, read_policy
from shared.edge.store.migrate import upgraded
from tests.integration.test_exposure_machine import House as Exposure
from tests.integration.test_exposure_machine import house as exposure
from tests.integration.test_following import graded
from tests.support.covers import covers
from tests.support.customer import RULES, Customer
from tests.support.house import House
from tests.support.machine import DAY, PARTITIONS, drain, store
from tests.support.several import LABEL

covers("LT-06", "DP-22")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(240)]
Run = Callable[..., Result]

SAFETY = {"UP": "75", "DOWN": "62", "SAME": "95", "USD": "62", "BARE": "75", "STRANGER": "62", "WORST": "33"}
"""What another system reports of each customer."""
HELD = {"UP": ("30000", "CNY"), "DOWN": ("30000", "CNY"), "SAME": ("50000", "CNY"), "USD": ("9000", "USD"),
        "WORST": ("8000", "CNY")}  # fmt: skip
UNDER = {"SAME": "A", "WORST": "C"}
SCALE = """scale:
  - {grade: low, rank: 100, from: 60}
  - {grade: medium, rank: 50, from: 30}
  - {grade: high, rank: 0, from: -inf}
"""


def safe(version: str, a: int, b: int, c: int, rise: str = "any_day") -> Policy:
    """A method of purpose credit with the grades of the terms; they begin at *a*, *b* and *c* points, and rise on *rise*."""
    bands = ((a, "A", 100), (b, "B", 70), (c, "C", 40), ("-inf", "D", 0))
    scale = "".join(f"  - {{grade: {grade}, rank: {rank}, from: {begins}}}\n" for begins, grade, rank in bands)
    months = "{A: 24, B: 24, C: 12, D: 6}"
    text = LABEL.replace(SCALE, f"scale:\n{scale}").replace("method: label", "method: safe")
    text = text.replace('version: "1"', f'version: "{version}"').replace("purpose: compliance", "purpose: credit")
    text = text.replace("only_at: any_day", f"only_at: {rise}")
    return read_policy(text.replace("{low: 24, medium: 12, high: 6}", months), "safe", NOTHING_SHARED)


def brain() -> RatingBrain:
    books = {
        "safe": Book("safe", (safe("1", 90, 60, 30), safe("2", 70, 65, 35), safe("3", 70, 65, 35, "yearly_review")))
    }
    order = "- {effective: 2000-01-01, approved: 2000-01-01, reference: {title: test}, purposes: {credit: [{method: safe}]}}"
    return RatingBrain(Rulebook(Methods(read_orders(order, "methods.yaml", books), books), RULES.warnings), Setting())


@pytest.fixture
def run(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call a command on the test's database."""
    told = {"POSTGRES": database, "DATA": str(tmp_path), "EMBEDDED": "true", "PARTITIONS": str(PARTITIONS)}
    for name, value in told.items():
        monkeypatch.setenv(f"GRADELINE_{name}", value)
    live = brain()
    monkeypatch.setattr("gradeline.commands.verify.brain_of", lambda *_: live)
    policy_live._MADE.clear()
    app = typer.Typer(cls=Sentences)
    policy.register(app)
    return lambda *words: CliRunner().invoke(app, ["policy", *words, "--processes", "1"])


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def facts() -> dict[str, list[Event]]:
    """Everybody has bought for 10,000 a month for two years, and pays."""
    found = {}
    for name, points in SAFETY.items():
        customer = Customer(name)
        customer.registered("2024-01-02", opened_on="2024-01-02")
        customer.months("2024-03-05", 24)
        customer.reports("safety", points, "2026-01-05")
        found[name] = customer.events
    return found


async def accounts(house: Exposure) -> None:
    """Exposure knows all but the stranger, each under the grade of the version in force."""
    for name, events in facts().items():
        if name != "STRANGER":
            house.facts.add(*events)
            house.ratings.add(graded(name, 1, UNDER.get(name, "B")))
    await drain(house.worker)
    for name, (amount, currency) in HELD.items():
        data = LimitGranted(
            as_of=DAY, cause="override", limit_id="L-1", kind="policy", amount=Decimal(amount), currency=currency,
            valid_from=DAY, valid_to=DAY + timedelta(days=300), grade=UNDER.get(name, "B"),
        )  # fmt: skip

        def limit(found: Found, data: LimitGranted = data) -> list[Decided]:
            return [Decided(data, publish=False)]

        await house.desk(house.pool, name, limit, cause="override")


async def rates(pool: Any) -> None:
    house = House(pool, DAY, brain())
    for events in facts().values():
        house.log.add(*events)
    await house.runs()


async def test_a_preview_adds_up_the_limits_that_fall_at_once_apart_from_those_that_are_proposed(
    database: str, run: Run
) -> None:
    async with store(database) as pool, exposure(database) as house:
        await rates(pool)
        await accounts(house)
        await asyncio.to_thread(previewed, run)
        house.ratings.add(graded("DOWN", 2, "C"), graded("WORST", 2, "D"), graded("UP", 2, "A"))
        await drain(house.worker)
        kept = {row["customer_id"]: row["credit_limit"] for row in await house.pool.fetch("select * from accounts")}
        assert (kept["DOWN"], kept["WORST"], kept["UP"]) == (10_000, 0, 30_000), "a rise waits for approval"


def previewed(run: Run) -> None:
    seen = told(run("preview", "safe", "--against", "2", "--json"))
    movers = {one["customer"]: one for one in seen["moved"]}
    assert {name: (one["before"], one["after"]) for name, one in movers.items()} == {
        "UP": ("B", "A"), "BARE": ("B", "A"), "DOWN": ("B", "C"), "USD": ("B", "C"), "STRANGER": ("B", "C"), "WORST": ("C", "D"),
    }  # fmt: skip
    assert seen["limit_moved_why"] is None
    moved = seen["limit_moved"]
    assert moved["currency"] == "CNY"
    assert moved["at_once"] == {"customers": 2, "before": "38000", "after": "10000", "difference": "-28000"}
    assert moved["proposed"] == {"customers": 1, "before": "30000", "after": "42000", "difference": "12000"}
    assert moved["total"] == {"customers": 3, "before": "68000", "after": "52000", "difference": "-16000"}
    assert (moved["stays"], moved["no_limit"]) == (None, {"customers": 1})
    named = {one["customer"]: one["why"]["code"] for one in moved["not_known"]["named"]}
    assert (moved["not_known"]["customers"], named) == (2, {"STRANGER": "CUSTOMER_UNKNOWN", "USD": "RATE_MISSING"})
    limits = {name: (one["limit_before"], one["limit_after"], one["limit_outcome"]) for name, one in movers.items()}
    assert limits == {
        "UP": ("30000", "42000", "proposed"), "DOWN": ("30000", "10000", "at_once"), "WORST": ("8000", "0", "at_once"),
        "BARE": (None, None, "no_limit"), "USD": (None, None, "not_known"), "STRANGER": (None, None, "not_known"),
    }  # fmt: skip

    text = run("preview", "safe", "--against", "2").stdout
    assert "would fall at once: 2 customers, 38,000 → 10,000 (-28,000) 将立即下调：2 个客户" in text
    assert "would be proposed for approval: 1 customers, 30,000 → 42,000 (+12,000)" in text
    assert "STRANGER (exposure does not know the customer), USD (an exchange rate is missing)" in text
    assert "limit 30,000 → 42,000 would be proposed 额度 30,000 → 42,000，将提出建议待审批" in text

    asked = ("diff", "safe", "--instance", "--from", "1", "--to", "2")
    population = told(run(*asked, "--json"))["population"]
    assert population["limit_moved"] == moved
    assert {one["customer"]: (one["limit_before"], one["limit_after"], one["limit_outcome"])
            for one in population["moved"]} == limits  # fmt: skip
    assert "would fall at once: 2 customers, 38,000 → 10,000 (-28,000)" in run(*asked).stdout

    held = told(run("preview", "safe", "--against", "3", "--json"))
    assert (held["limit_moved"]["at_once"], held["limit_moved"]["proposed"]) == (moved["at_once"], None)
    assert held["limit_moved"]["no_limit"] == {"customers": 0}, "whom a rule of movement holds is not asked about"
    shifts = [Shift(name, "B", grade, grade, ()) for name, grade in (("UP", "A"), ("DOWN", "C"), ("STRANGER", "C"))]
    one, two = (policy_limits.limits_of(settings.told(), safe("2", 70, 65, 35), shifts, None, n) for n in (1, 2))
    assert one == two, "however many compute at once"
    assert [two.of[name].after for name in ("UP", "DOWN", "STRANGER")] == [42_000 * 10**UNIT, 10_000 * 10**UNIT, None]
    (waits,) = [mover for mover in held["moved"] if mover["customer"] == "UP"]
    assert (waits["limit_before"], waits["limit_outcome"], waits["limit_why"]["code"]) == (None, None, "GRADE_HELD")


async def test_without_exposure_the_limit_moved_is_said_to_be_unknown(database: str, run: Run) -> None:
    async with store(database) as pool:
        await rates(pool)
        await asyncio.to_thread(unknown, run, "NO_SCHEMA", "there is no schema of the service exposure here")
        await upgraded(database, "exposure")
        await asyncio.to_thread(unknown, run, "NOBODY", "the service exposure knows no customer yet")


def unknown(run: Run, code: str, says: str) -> None:
    seen = told(run("preview", "safe", "--json"))
    assert (seen["down"], seen["limit_moved"], seen["limit_moved_why"]["code"]) == (4, None, code)
    assert {(one["limit_before"], one["limit_after"]) for one in seen["moved"]} == {(None, None)}
    text = run("preview", "safe").stdout
    assert says in text
    assert "无法得出政策额度变动总额" in text
    assert "at once" not in text

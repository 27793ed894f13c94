"""Rows 54-59: amounts that no decimal holds, other currencies, rates that are missing or nonsense, sums that are odd."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import asyncpg

from shared.core import money
from shared.core.envelope import Event
from shared.core.events.calendar import ReferencePublished
from shared.edge import clock
from shared.edge.store.intake import accept
from shared.edge.store.pool import open_pool
from tests.faults import straight
from tests.faults.load import Fact, Load
from tests.faults.rubbish import STRUCTURED
from tests.faults.straight import Raw
from tests.faults.tools import Reader, settled, until
from tests.faults.world import World
from tests.model.truth import word_of
from tests.support.downstream import PARTITIONS
from tests.support.told import fact, invoice, payment

NUMBERS: Mapping[str, tuple[str, ...]] = {
    "type": ("1e400",),
    "not-json": ("NaN", "Infinity", "-Infinity", "0x10", "1.", "01"),
    "bare-number": ("10", "12.5", "1234567890123456.1234", "9007199254740993.01", "-1", "0"),
    "amount": ('"1e3"', '"NaN"', '"Infinity"', '""', '" 10"', '"１２.5"', '"+1"', '"0x10"', '"1,000.00"', '".5"', '"5."',
               "true", "null", "[]", "{}"),
    "scale": ('"10.001"', '"0.00001"', '"1.001"'),
    "range": ('"-1.00"', '"-0"', '"1000000000000000"', '"1234567890123456.00"', f'"{"9" * 400}"'),
}  # fmt: skip
"""Rule → what may stand in the place of an amount of CNY, and is refused by it."""
EXACT = (
    "999999999999999.99",
    "123456789012345.67",
    "90071992547409.93",
    "0.01",
    "0.10",
    "12.5",
    "7",
    "100000000000000.01",
)
"""Amounts that are kept and answered to the last digit."""
NUMERIC = """
select table_name, column_name from information_schema.columns where table_schema = 'rating' and data_type = 'numeric'
"""
CURRENCIES = (("JPY", "100.5", "scale"), ("KWD", "1.2345", "scale"), ("CNY", "1.234", "scale"), ("XYZ", "1.00", "currency"),
              ("cny", "1.00", "currency"), ("XAU", "1", "currency"), ("RMB", "1.00", "currency"))  # fmt: skip
FOREIGN = [code for code, digits in money.CURRENCIES.items() if digits == 2 and code not in {"CNY", "NOK"}]
READS = ("", "/ratings", "/explanation", "/ledger", "/events")


async def row_54(world: World, load: Load, rng: Random) -> None:
    """Each number is refused over HTTP, some also from the topic; those that fit come out as they went in."""
    customer = rng.choice(load.customers)
    text = json.dumps(invoice(customer, "NUMBER", load.day, "<amount>"), ensure_ascii=False)
    cases = [(rule, text.replace('"<amount>"', number).encode()) for rule, all_ in NUMBERS.items() for number in all_]
    async with load.flowing():
        await load.reached(0.3)
        for rule, value in cases:
            answer = await load.say(value, STRUCTURED)
            found = [one["rule"] for one in answer.json()["errors"]]
            assert (answer.status_code, found) == (422, [rule]), f"{value!r}: {answer.text[:300]}"
        some = rng.sample(cases, 10)
        load.dead_letters += len(some)
        world.fault()
        await straight.send(world, [Raw(customer, value) for _, value in some])
        await load.post([invoice(customer, f"EXACT-{at}", load.day, amount) for at, amount in enumerate(EXACT)])
        for at, amount in enumerate(EXACT):  # what is kept has all decimals of its currency
            word = word_of(json.dumps(invoice(customer, f"EXACT-{at}", load.day, f"{Decimal(amount):.2f}")).encode())
            load.sent[word.key] = word
    await settled(world)
    async with Reader(world) as reader:
        items = (await reader.read(f"/v1/customers/{customer}/ledger"))["items"]
        shown = {one["transaction_id"]: one for one in items}
        for at, amount in enumerate(EXACT):
            kept = shown[f"EXACT-{at}"]["amount"]
            assert kept == f"{Decimal(amount):.2f}", f"{amount} became {kept}"
    world.note(refused=len(cases), exact=len(EXACT))


async def row_55(world: World, load: Load, rng: Random) -> None:
    """Everything that can be read about customers with odd amounts, from answers and on the topic: no fraction is a number."""
    customers = load.customers
    more = [
        invoice(one, "ODD", load.day, f"{rng.randint(10**14, 10**15 - 1)}.{rng.randint(1, 99):02d}")
        for one in customers
    ]
    async with load.flowing():
        await load.post(more)
    await settled(world)
    world.fault()
    async with Reader(world) as reader:
        await reader.read("/v1/customers")
        await reader.read("/v1/events/export", partition=0)
        for customer in rng.sample(customers, 5):
            for path in READS:
                answer = await reader.answer(f"/v1/customers/{customer}{path}")
                if answer.status_code != 404:  # no method explains a customer that none rates
                    await reader.read(f"/v1/customers/{customer}{path}")
        document = (await reader.answer("/openapi.json")).json()
    numbers = [path for path, type_ in _types(document["components"]["schemas"], "") if type_ == "number"]
    assert not numbers, f"numbers in the document of the API: {numbers}"
    for row in await world.rows("select value from outbox where topic not like '%.dead'"):
        json.loads(row["value"], parse_float=_fail)


async def row_56(world: World, load: Load, rng: Random) -> None:
    """Somebody writes NaN into every column of numbers there is."""
    await load.rest()
    await settled(world)
    world.fault()
    columns = await world.rows(NUMERIC)
    assert columns
    async with world.session() as session:
        for table, column in ((row["table_name"], row["column_name"]) for row in columns):
            try:
                async with session.transaction():
                    done = await session.execute(f"update {table} set {column} = 'NaN'")
                    raise AssertionError(f"{table}.{column} took NaN: {done}")
            except asyncpg.CheckViolationError:
                pass
    world.note(columns=len(columns))


async def row_57(world: World, load: Load, rng: Random) -> None:
    """Decimals that a currency has not are refused; an invoice in another currency is never counted one to one."""
    customer = rng.choice(load.customers)
    load.beyond_sums.add(customer)
    for currency, amount, rule in CURRENCIES:
        answer = await load.answer([_in(currency, amount, customer, "BAD", load)])
        found = [one["rule"] for one in answer.json()["errors"]]
        assert (answer.status_code, found) == (422, [rule]), f"{currency} {amount}: {answer.text[:300]}"
    world.fault()
    async with load.flowing():
        await load.reached(0.5)
        await load.post([_in("JPY", "100", customer, "JPY", load), _in("KWD", "1.234", customer, "KWD", load)])
        await load.post([_in("NOK", "500.00", customer, "NOK", load)])
    await settled(world)
    row = await _row(world, customer)
    assert row["receivable_balance"] is None, f"without a rate the balance is {row['receivable_balance']}"
    async with Reader(world) as reader:
        items = (await reader.read(f"/v1/customers/{customer}/ledger"))["items"]
    amounts = {one["transaction_id"]: (one["amount"], one["currency"]) for one in items}
    wanted = {"JPY": ("100", "JPY"), "KWD": ("1.234", "KWD"), "NOK": ("500.00", "NOK")}
    assert {name: amounts[name] for name in wanted} == wanted


async def row_58(world: World, load: Load, rng: Random) -> None:
    """No rate, a rate of nothing, a negative one: no sum. A rate: a sum by it, also by an old one, as its date says."""
    customer = rng.choice(load.customers)
    load.beyond_sums.add(customer)
    code = {"CNY": "1"}
    async with load.flowing():
        await load.reached(0.3)
    await settled(world)
    own = (await _row(world, customer))["receivable_balance"] or Decimal(0)
    currency = FOREIGN[len(world.loads)]  # what was published for another seed stays published
    await load.post([_in(currency, "500.00", customer, "ABROAD", load)])
    await settled(world)
    world.fault()
    days = load.day - timedelta(days=400)
    for number, (rate, sum_) in enumerate(
        ((None, None), ("0", None), ("-7", None), ("2", own + 1000), ("4", own + 2000))
    ):
        if rate is not None:
            await _published(
                world, load, f"{customer}/{number}", days + timedelta(days=number), {**code, currency: rate}
            )
            await settled(world)
        found = (await _row(world, customer))["receivable_balance"]
        assert found == sum_, f"at a rate of {rate} the balance is {found}, should be {sum_}"


async def row_59(world: World, load: Load, rng: Random) -> None:
    """Nothing, less than nothing, far too much; paid twice over; a credit note above its invoice."""
    customer, other = rng.sample(load.customers, 2)
    load.beyond_sums |= {customer, other}
    refused = {"-1.00": "range", "1000000000000000.00": "range"}
    for amount, rule in refused.items():
        answer = await load.answer([invoice(customer, "SUM", load.day, amount)])
        assert [one["rule"] for one in answer.json()["errors"]] == [rule], answer.text
    world.fault()
    async with load.flowing():
        await load.reached(0.5)
    await settled(world)
    async with Reader(world) as reader:
        before = await reader.read(f"/v1/customers/{customer}/ledger")
        owed_before = (await _row(world, other))["receivable_balance"] or Decimal(0)
        await load.post(
            [invoice(customer, "NIL", load.day, "0.00"), invoice(customer, "HUGE", load.day, "999999999999999.00")]
        )
        await load.post([invoice(customer, "SMALL", load.day, "10.00"), _paid(customer, "SMALL", load, "25.00")])
        await load.post([invoice(other, "INVOICE", load.day, "10.00"), _credit_note(other, load)])
        await settled(world)
        after = await reader.read(f"/v1/customers/{customer}/ledger")
    more = Decimal(after["unallocated_cash"]) - Decimal(before["unallocated_cash"])
    assert more == Decimal("15.00"), f"paid 15.00 too much, {more} is free"
    open_ = {one["transaction_id"] for one in after["items"]} - {one["transaction_id"] for one in before["items"]}
    assert open_ == {"HUGE"}, open_
    owes = (await _row(world, other))["receivable_balance"]
    assert owes is not None
    world.note(credit_note_of_25_on_10=f"balance {owes - owed_before:+}")


def _in(currency: str, amount: str, customer: str, number: str, load: Load) -> Fact:
    one = invoice(customer, number, load.day, amount)
    return {**one, "data": {**one["data"], "currency": currency}}


def _paid(customer: str, number: str, load: Load, amount: str) -> Fact:
    one = payment(customer, number, load.day, amount)
    return {**one, "data": {**one["data"], "allocations": [{"transaction_id": number, "amount": "10.00"}]}}


def _credit_note(customer: str, load: Load) -> Fact:
    data = {"transaction_id": "NOTE", "kind": "credit_note", "amount": "25.00", "currency": "CNY", "booked_on": f"{load.day}",
            "consumes": [{"transaction_id": "INVOICE", "amount": "10.00"}]}  # fmt: skip
    return fact(customer, "transaction.recorded", "note", load.day, data)


async def _row(world: World, customer: str) -> Any:
    (row,) = await world.rows("select * from customers where customer_id = $1", customer)
    return row


async def _published(world: World, load: Load, name: str, on: Any, values: dict[str, str]) -> None:
    """What our own relay would write about rates; nobody may post it, and no command of ours writes it yet."""
    data = ReferencePublished(series="exchange_rate", as_of=on, values=values)
    now = clock.now()
    event = Event(
        id=f"rates/{name}", source="/gradeline/main/calendar", type=data.TYPE, subject="~reference", time=now, data=data
    )
    pool = await open_pool(world.postgres.dsn, schema="rating", size=1)
    try:
        await accept(pool, [event], now=now, partitions=PARTITIONS, sealer=None)
    finally:
        pool.terminate()

    async def read() -> bool:
        rows = await world.rows(
            "select 1 from events where stream like '~reference/%' and id like $1", f"rates/{name}/%"
        )
        return len(rows) == PARTITIONS

    await until(read, "the rates are read")


def _types(node: Any, at: str) -> list[tuple[str, str]]:
    """Every `type` in a document, with where it stands."""
    if isinstance(node, dict):
        own = [(at, node["type"])] if isinstance(node.get("type"), str) else []
        return own + [one for name, value in node.items() for one in _types(value, f"{at}/{name}")]
    if isinstance(node, list):
        return [one for value in node for one in _types(value, at)]
    return []


def _fail(text: str) -> Any:
    raise AssertionError(f"{text} was published as a JSON number")

"""Rows 49, 51, 52 and 61: what is no event, no event of ours, of another shape, or written oddly."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from shared.edge import clock
from tests.faults import straight
from tests.faults.load import Fact, Load
from tests.faults.straight import Raw
from tests.faults.tools import until
from tests.faults.world import World
from tests.support.told import fact, invoice, payment

LETTERS = "select rule, pointer, count(*) from dead_letters group by rule, pointer"
SOME = 12
"""Records that are no events in one burst: with those of other seeds fewer than the hundred that stop a worker."""
FLOOD = 130
STRUCTURED = "application/cloudevents+json"


class Bad(NamedTuple):
    """Bytes that are refused by *rule*, at *pointer*; *http*: also when they are posted."""

    value: bytes | None
    rule: str
    pointer: str = ""
    http: bool = True


async def row_49(world: World, load: Load, rng: Random) -> None:
    """Some rubbish among the facts; then so much that the worker stops, and is started again."""
    customer = load.customers[0]
    async with load.flowing():
        await load.reached(0.2)
        await buried(world, load, customer, _some(rng, _rubbish(customer, load)))
        started = clock.monotonic()
        await load.post([invoice(customer, "AFTER", load.day)])
        await until(lambda: _kept(world, f"{customer}:book-AFTER"), "the fact behind the rubbish is kept")
        world.note(stall_s=round(clock.monotonic() - started, 2))
        await load.reached(0.6)
        stopped = await _flooded(world, load, customer, rng)
        world.note(stopped_with=stopped)


async def row_51(world: World, load: Load, rng: Random) -> None:
    """Types nobody knows, types of others, fields and attributes of a later release."""
    customer = rng.choice(load.customers)
    one = invoice(customer, "LATER", load.day)
    unknown = [
        Bad(
            as_json({**one, "type": f"credit.transaction.{rng.choice(('voided', 'split'))}.v1"}),
            "unknown-type",
            "/type",
        ),
        Bad(as_json({**one, "type": "credit.transaction.recorded.v2"}), "unknown-type", "/type"),
        Bad(as_json({**one, "specversion": "1.1"}), "choice", "/specversion"),
        Bad(as_json({**one, "data": {**one["data"], "new_field": "x"}}), "unknown-field", "/data/new_field"),
    ]
    foreign = [as_json({**one, "type": "com.erp.order.v1"}), as_json({"type": "com.erp.x", "anything": [1.5]})]
    async with load.flowing():
        await load.reached(0.3)
        await buried(world, load, customer, unknown)
        await straight.send(world, [Raw(customer, value) for value in foreign * 20])
        answer = await load.say(foreign[0], STRUCTURED)
        assert _names(answer, "foreign-type", "/type"), answer.text
        more = {**invoice(customer, "EXTRA", load.day), "comexampleextension1": "kept by nobody", "partitionkey": "x"}
        await load.post([more])
    world.note(skipped=len(foreign) * 20)


async def row_52(world: World, load: Load, rng: Random) -> None:
    """Fields that are missing, of another type, or with a value that is not on their list."""
    customer = rng.choice(load.customers)
    bad = list(_misshapen(invoice(customer, "SHAPE", load.day))) + list(
        _misshapen(payment(customer, "SHAPE", load.day))
    )
    async with load.flowing():
        await load.reached(0.3)
        await _refused(load, bad)
        await buried(world, load, customer, rng.sample(bad, SOME))
    world.note(refused=len(bad))


async def row_61(world: World, load: Load, rng: Random) -> None:
    """NUL, byte-order mark, other digits, marks that turn the text, half characters, keys that come twice."""
    customer = rng.choice(load.customers)
    one = invoice(customer, "ODD", load.day)
    text = json.dumps(one)
    bad = [
        Bad(as_json({**one, "data": {**one["data"], "document_no": "a\0b"}}), "nul", "/data/document_no"),
        Bad(as_json({**one, "id": "a\0b"}), "nul", "/id"),
        Bad(text.encode() + b"\0", "nul"),
        Bad(b"\xef\xbb\xbf" + text.encode(), "not-json"),
        Bad(text.encode("utf-16"), "nul"),
        Bad(text.replace("ODD", "O\x7fD").encode().replace(b"\x7f", b"\xc0\xaf"), "not-json"),
        Bad(text.encode().replace(b"ODD", b"\xff\xfe"), "not-json"),
        Bad(text.replace('"ODD"', '"\\ud800"').encode(), "not-json"),
        Bad(as_json({**one, "id": "a\u202eb"}), "characters", "/id"),
        Bad(as_json({**one, "id": "\ufeffa"}), "characters", "/id"),
        Bad(text.replace('"10000.00"', '"１２.5"').encode(), "amount", "/data/amount"),
        Bad(as_json({**one, "source": "/erp/名"}), "characters", "/source"),
    ]
    subjects = [
        ("a b", "characters"),
        ("a/b", "characters"),
        ("a\u202eb", "characters"),
        ("e\u0301", "nfc"),
        ("~x", "subject"),
    ]
    odd = [*bad, *(Bad(as_json({**one, "subject": name}), rule, "/subject") for name, rule in subjects)]
    twice = (text[:-1] + ', "id": "twice"}').encode()
    async with load.flowing():
        await load.reached(0.3)
        await _refused(load, [*odd, Bad(twice, "duplicate-key", "/id")])
        await buried(world, load, customer, bad)
        names = ["客户，一", "😀", "e\u0301", "１２", "\u202eabc", "a\u200db", "' or 1=1 --", "<b>", "\ufeffx"]
        await load.post([_noted(customer, f"TEXT-{at}", load, name) for at, name in enumerate(names)])
        await load.post([fact(customer, "customer.updated", "odd", load.day, {"name": "\u202e名😀 <b>'"})])
    world.note(refused=len(odd) + 1, kept_as_they_are=len(names))


async def _flooded(world: World, load: Load, customer: str, rng: Random) -> str:
    """So many dead letters that a worker stops itself, which its supervisor starts again. Returns how it ended."""
    flood = [rng.randbytes(rng.randint(1, 200)) for _ in range(FLOOD)]
    load.dead_letters += FLOOD
    world.fault()
    await straight.send(world, [Raw(customer, b"\xff" + value) for value in flood])

    async def over() -> bool:
        return any(not worker.alive for worker in world.workers)

    await until(over, "a worker stops")
    ended = next(worker for worker in world.workers if not worker.alive)
    status = await ended.died()
    assert "dead letters in" in ended.said(2_000), ended.said()
    assert status > 0, f"it ended with {status}"
    ended.start()
    return f"status {status}"


def _rubbish(customer: str, load: Load) -> list[Bad]:
    one = invoice(customer, "BAD", load.day)
    unnamed = {**one, "data": {key: value for key, value in one["data"].items() if key != "transaction_id"}}
    return [
        Bad(b"not json", "not-json"), Bad(b"\x00\x01\x02", "nul"), Bad(b"", "not-json"), Bad(None, "empty"),
        Bad(b"[]", "type"), Bad(b'"x"', "type"), Bad(b"{}", "missing", "/specversion"), Bad(as_json(one)[:-9], "not-json"),
        Bad(as_json(unnamed), "missing", "/data/transaction_id"),
        Bad(as_json({**one, "data": {**one["data"], "amount": -1}}), "bare-number", "/data/amount"),
        Bad(as_json({**one, "time": "yesterday"}), "time", "/time"),
        Bad(as_json({**one, "subject": f"{customer}x"}), "key", "/subject"),
    ]  # fmt: skip


def _misshapen(good: Fact) -> list[Bad]:
    """*good* with one thing changed at a time, everywhere."""
    found = []
    for name in ("id", "source", "type", "subject", "time", "data"):
        found.append(Bad(as_json({key: value for key, value in good.items() if key != name}), "missing", f"/{name}"))
    required = {"transaction_id", "kind", "amount", "currency", "booked_on", "payment_id", "paid_on"}
    for name in sorted(required & good["data"].keys()):
        less = copy.deepcopy(good)
        del less["data"][name]
        found.append(Bad(as_json(less), "missing", f"/data/{name}"))
        for value in (True, ["x"], {"x": "y"}):
            other = {**good, "data": {**good["data"], name: value}}
            found.append(Bad(as_json(other), "*", f"/data/{name}"))
    for name, value, rule in (("kind", "gift", "choice"), ("booked_on", "2026-02-30", "date"), ("paid_on", "2026-13-01", "date"),
                              ("instrument", "barter", "choice"), ("currency", "RMB", "currency")):  # fmt: skip
        if name in good["data"] or (name == "instrument" and "payment_id" in good["data"]):
            found.append(Bad(as_json({**good, "data": {**good["data"], name: value}}), rule, f"/data/{name}"))
    return found


async def _refused(load: Load, bad: Sequence[Bad]) -> None:
    """Post each of *bad*: every one is refused with its rule and its place."""
    for one in bad:
        answer = await load.say(one.value or b"", STRUCTURED)
        assert _names(answer, one.rule, one.pointer), f"{one}: {answer.status_code} {answer.text[:300]}"


def _names(answer: Any, rule: str, pointer: str) -> bool:
    if answer.status_code != 422:
        return False
    return any(one["pointer"] == pointer and rule in ("*", one["rule"]) for one in answer.json()["errors"])


async def buried(world: World, load: Load, customer: str, bad: Sequence[Bad]) -> None:
    """Send *bad* straight to the topic: each becomes a dead letter with its rule and its place, within a moment."""
    before = await _letters(world)
    load.dead_letters += len(bad)
    world.fault()
    await straight.send(world, [Raw(customer, one.value) for one in bad])

    async def there() -> bool:
        now = await _letters(world) - before
        return sum(now.values()) == len(bad)

    await until(there, f"{len(bad)} dead letters")
    found = await _letters(world) - before
    wanted = Counter((one.rule, one.pointer) for one in bad)
    other, open_ = found - wanted, wanted - found
    assert {rule for rule, _ in open_} <= {"*"}, f"found {other}, wanted {open_}"
    assert _places(other) == _places(open_), f"found {other}, wanted {open_}"


def _places(letters: Counter[tuple[str, str]]) -> Counter[str]:
    places = Counter[str]()
    for (_, pointer), count in letters.items():
        places[pointer] += count
    return places


async def _letters(world: World) -> Counter[tuple[str, str]]:
    return Counter({(row["rule"], row["pointer"]): row["count"] for row in await world.rows(LETTERS)})


async def _kept(world: World, id_: str) -> bool:
    return bool(await world.rows("select 1 from events where id = $1", id_))


def _some(rng: Random, bad: list[Bad]) -> list[Bad]:
    rng.shuffle(bad)
    return bad[:SOME]


def _noted(customer: str, number: str, load: Load, text: str) -> Fact:
    one = invoice(customer, number, load.day)
    return {**one, "data": {**one["data"], "document_no": text}}


def as_json(fact: Any) -> bytes:
    return json.dumps(fact, ensure_ascii=False).encode()

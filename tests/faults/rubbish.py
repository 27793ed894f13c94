"""Rows 49, 51-53, 61 and 62: what is no event, no event of ours, too large, too deep, or written oddly."""

from __future__ import annotations

import copy
import json
import zipfile
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from shared.core import limits
from shared.edge import clock
from tests.faults import straight
from tests.faults.load import Fact, Load
from tests.faults.straight import Raw
from tests.faults.tools import forget_peak, gradeline, peak_mb, settled, until
from tests.faults.world import World
from tests.support.told import fact, invoice, payment

LETTERS = "select rule, pointer, count(*) from dead_letters group by rule, pointer"
SOME = 12
"""Records that are no events in one burst: with those of other seeds fewer than the hundred that stop a worker."""
FLOOD = 130
MEMORY_MB = 200.0
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
        await _buried(world, load, customer, _some(rng, _rubbish(customer, load)))
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
            _json({**one, "type": f"credit.transaction.{rng.choice(('voided', 'split'))}.v1"}), "unknown-type", "/type"
        ),
        Bad(_json({**one, "type": "credit.transaction.recorded.v2"}), "unknown-type", "/type"),
        Bad(_json({**one, "specversion": "1.1"}), "choice", "/specversion"),
        Bad(_json({**one, "data": {**one["data"], "new_field": "x"}}), "unknown-field", "/data/new_field"),
    ]
    foreign = [_json({**one, "type": "com.erp.order.v1"}), _json({"type": "com.erp.x", "anything": [1.5]})]
    async with load.flowing():
        await load.reached(0.3)
        await _buried(world, load, customer, unknown)
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
        await _buried(world, load, customer, rng.sample(bad, SOME))
    world.note(refused=len(bad))


async def row_53(world: World, load: Load, rng: Random) -> None:
    """64 KiB are taken, 256 KiB and 20 MB are not, neither over HTTP nor from the topic."""
    customer = rng.choice(load.customers)
    before = {one.name: forget_peak(one) for one in world.processes}
    async with load.flowing():
        await load.reached(0.2)
        await load.post([_padded(customer, "FITS", load, 64 * 1024)])
        await load.post([_padded(customer, "MOST", load, limits.EVENT_HARD_BYTES - rng.randint(0, 2_000))])
        for number, size in enumerate((limits.EVENT_HARD_BYTES + 1, 1 << 20, 20 << 20)):
            value = _json(_padded(customer, f"OVER-{number}", load, size))
            answer = await load.say(value, STRUCTURED)
            assert answer.status_code == 413, f"{size} bytes: {answer.status_code} {answer.text[:200]}"
            await _buried(world, load, customer, [Bad(value, "too-large")])
    await settled(world)
    grown = max(peak_mb(one.pid) - before[one.name] for one in world.processes)
    world.note(most_memory_mb=round(grown))
    assert grown < MEMORY_MB, f"one process took {grown:.0f} MB more"


async def row_61(world: World, load: Load, rng: Random) -> None:
    """NUL, byte-order mark, other digits, marks that turn the text, half characters, keys that come twice."""
    customer = rng.choice(load.customers)
    one = invoice(customer, "ODD", load.day)
    text = json.dumps(one)
    bad = [
        Bad(_json({**one, "data": {**one["data"], "document_no": "a\0b"}}), "nul", "/data/document_no"),
        Bad(_json({**one, "id": "a\0b"}), "nul", "/id"),
        Bad(text.encode() + b"\0", "nul"),
        Bad(b"\xef\xbb\xbf" + text.encode(), "not-json"),
        Bad(text.encode("utf-16"), "nul"),
        Bad(text.replace("ODD", "O\x7fD").encode().replace(b"\x7f", b"\xc0\xaf"), "not-json"),
        Bad(text.encode().replace(b"ODD", b"\xff\xfe"), "not-json"),
        Bad(text.replace('"ODD"', '"\\ud800"').encode(), "not-json"),
        Bad(_json({**one, "id": "a\u202eb"}), "characters", "/id"),
        Bad(_json({**one, "id": "\ufeffa"}), "characters", "/id"),
        Bad(text.replace('"10000.00"', '"１２.5"').encode(), "amount", "/data/amount"),
        Bad(_json({**one, "source": "/erp/名"}), "characters", "/source"),
    ]
    subjects = [
        ("a b", "characters"),
        ("a/b", "characters"),
        ("a\u202eb", "characters"),
        ("e\u0301", "nfc"),
        ("~x", "subject"),
    ]
    odd = [*bad, *(Bad(_json({**one, "subject": name}), rule, "/subject") for name, rule in subjects)]
    twice = (text[:-1] + ', "id": "twice"}').encode()
    async with load.flowing():
        await load.reached(0.3)
        await _refused(load, [*odd, Bad(twice, "duplicate-key", "/id")])
        await _buried(world, load, customer, bad)
        names = ["客户，一", "😀", "e\u0301", "１２", "\u202eabc", "a\u200db", "' or 1=1 --", "<b>", "\ufeffx"]
        await load.post([_noted(customer, f"TEXT-{at}", load, name) for at, name in enumerate(names)])
        await load.post([fact(customer, "customer.updated", "odd", load.day, {"name": "\u202e名😀 <b>'"})])
    world.note(refused=len(odd) + 1, kept_as_they_are=len(names))


async def row_62(world: World, load: Load, rng: Random) -> None:
    """A hundred thousand brackets, half a million keys, a sheet of two gigabytes in a small file, a million columns."""
    customer = rng.choice(load.customers)
    deep = b"[" * 100_000
    nested = _json(invoice(customer, "DEEP", load.day)).replace(b'"10000.00"', b'{"a":' * 2_000 + b"1" + b"}" * 2_000)
    keys = b"{" + b",".join(b'"%d":1' % number for number in range(500_000)) + b"}"
    before = {one.name: forget_peak(one) for one in world.processes}
    async with load.flowing():
        await load.reached(0.2)
        for value, rule in ((deep, "depth"), (nested, "depth"), (b"[" + keys + b"]", "missing")):
            started = clock.monotonic()
            answer = await load.say(value)
            assert answer.status_code in (413, 422), f"{answer.status_code}: {answer.text[:200]}"
            assert rule in answer.text, answer.text[:300]
            world.note(
                longest_answer_s=round(max(clock.monotonic() - started, world.noted.get("longest_answer_s", 0)), 2)
            )
        await _buried(world, load, customer, [Bad(deep, "depth"), Bad(nested, "depth"), Bad(keys, "too-large")])
    grown = max(peak_mb(one.pid) - before[one.name] for one in world.processes)
    world.note(most_memory_mb=round(grown))
    assert grown < MEMORY_MB, f"one process took {grown:.0f} MB more"
    await _import_bombs(world)


async def _import_bombs(world: World) -> None:
    wide = world.folder / "wide.csv"
    wide.write_bytes(b",".join(b"c%d" % number for number in range(1_000_000)) + b"\n")
    bomb = world.folder / "bomb.xlsx"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as package,
        package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet,
    ):
        package_row = b"<row><c t='n'><v>1</v></c></row>" * 32_768
        for _ in range(2_048):
            sheet.write(package_row)
    for file in (wide, bomb):
        said = await gradeline(world, "import", file, "--mapping", "sap-fbl5n", "--dry-run")
        assert said.status in (2, 3), said
        assert "Traceback" not in said.error + said.out, said
        world.note(**{f"{file.suffix[1:]}_s": round(said.seconds, 1), f"{file.suffix[1:]}_mb": round(said.peak_mb)})
        assert said.peak_mb < MEMORY_MB, f"{file.name}: {said.peak_mb:.0f} MB"
        file.unlink()


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
        Bad(b"[]", "type"), Bad(b'"x"', "type"), Bad(b"{}", "missing", "/specversion"), Bad(_json(one)[:-9], "not-json"),
        Bad(_json(unnamed), "missing", "/data/transaction_id"),
        Bad(_json({**one, "data": {**one["data"], "amount": -1}}), "bare-number", "/data/amount"),
        Bad(_json({**one, "time": "yesterday"}), "time", "/time"),
        Bad(_json({**one, "subject": f"{customer}x"}), "key", "/subject"),
    ]  # fmt: skip


def _misshapen(good: Fact) -> list[Bad]:
    """*good* with one thing changed at a time, everywhere."""
    found = []
    for name in ("id", "source", "type", "subject", "time", "data"):
        found.append(Bad(_json({key: value for key, value in good.items() if key != name}), "missing", f"/{name}"))
    required = {"transaction_id", "kind", "amount", "currency", "booked_on", "payment_id", "paid_on"}
    for name in sorted(required & good["data"].keys()):
        less = copy.deepcopy(good)
        del less["data"][name]
        found.append(Bad(_json(less), "missing", f"/data/{name}"))
        for value in (True, ["x"], {"x": "y"}):
            other = {**good, "data": {**good["data"], name: value}}
            found.append(Bad(_json(other), "*", f"/data/{name}"))
    for name, value, rule in (("kind", "gift", "choice"), ("booked_on", "2026-02-30", "date"), ("paid_on", "2026-13-01", "date"),
                              ("instrument", "barter", "choice"), ("currency", "RMB", "currency")):  # fmt: skip
        if name in good["data"] or (name == "instrument" and "payment_id" in good["data"]):
            found.append(Bad(_json({**good, "data": {**good["data"], name: value}}), rule, f"/data/{name}"))
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


async def _buried(world: World, load: Load, customer: str, bad: Sequence[Bad]) -> None:
    """Send *bad* straight to the topic: each becomes a dead letter with its rule and its place, within a moment."""
    before = await _letters(world)
    load.dead_letters += len(bad)
    world.fault()
    await straight.send(world, [Raw(customer, one.value) for one in bad])
    wanted = Counter(one.pointer if one.rule == "*" else f"{one.rule} {one.pointer}" for one in bad)

    async def there() -> bool:
        now = await _letters(world) - before
        return sum(now.values()) == len(bad)

    await until(there, f"{len(bad)} dead letters")
    found = await _letters(world) - before
    places = {one.pointer for one in bad if one.rule == "*"}
    named = Counter[str]()
    for (rule, pointer), count in found.items():
        named[pointer if pointer in places and f"{rule} {pointer}" not in wanted else f"{rule} {pointer}"] += count
    assert named == wanted, f"found {named - wanted}, wanted {wanted - named}"


async def _letters(world: World) -> Counter[tuple[str, str]]:
    return Counter({(row["rule"], row["pointer"]): row["count"] for row in await world.rows(LETTERS)})


async def _kept(world: World, id_: str) -> bool:
    return bool(await world.rows("select 1 from events where id = $1", id_))


def _some(rng: Random, bad: list[Bad]) -> list[Bad]:
    rng.shuffle(bad)
    return bad[:SOME]


def _padded(customer: str, number: str, load: Load, size: int) -> Fact:
    """An invoice of exactly *size* bytes; a header that nobody reads fills it, for no field of ours may be so long."""
    one = {**invoice(customer, number, load.day), "comexamplefill": ""}
    return {**one, "comexamplefill": "x" * (size - len(_json(one)))}


def _noted(customer: str, number: str, load: Load, text: str) -> Fact:
    one = invoice(customer, number, load.day)
    return {**one, "data": {**one["data"], "document_no": text}}


def _json(fact: Any) -> bytes:
    return json.dumps(fact, ensure_ascii=False).encode()

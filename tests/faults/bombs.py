"""Rows 53 and 62: what is too large, too deep, or grows when it is opened."""

from __future__ import annotations

import zipfile
from random import Random

from shared.core import limits
from shared.edge import clock
from tests.faults.load import Fact, Load
from tests.faults.rubbish import STRUCTURED, Bad, as_json, buried
from tests.faults.tools import forget_peak, gradeline, peak_mb, settled
from tests.faults.world import World
from tests.support.told import invoice

MEMORY_MB = 200.0
"""What no process may take more than before; of a command, with its libraries."""


async def row_53(world: World, load: Load, rng: Random) -> None:
    """64 KiB are taken, 256 KiB and 20 MB are not, neither over HTTP nor from the topic."""
    customer = rng.choice(load.customers)
    before = {one.name: forget_peak(one) for one in world.processes}
    async with load.flowing():
        await load.reached(0.2)
        await load.post([_padded(customer, "FITS", load, 64 * 1024)])
        await load.post([_padded(customer, "MOST", load, limits.EVENT_HARD_BYTES - rng.randint(0, 2_000))])
        for number, size in enumerate((limits.EVENT_HARD_BYTES + 1, 1 << 20, 20 << 20)):
            value = as_json(_padded(customer, f"OVER-{number}", load, size))
            answer = await load.say(value, STRUCTURED)
            assert answer.status_code == 413, f"{size} bytes: {answer.status_code} {answer.text[:200]}"
            await buried(world, load, customer, [Bad(value, "too-large")])
    await settled(world)
    grown = {one.name: round(peak_mb(one.pid) - before[one.name]) for one in world.processes}
    world.note(**{f"{name}_takes_mb_more": grown[name] for name in ("api", "worker-1", "relay")})


async def row_62(world: World, load: Load, rng: Random) -> None:
    """A hundred thousand brackets, half a million keys, a sheet of two gigabytes in a small file, a million columns."""
    customer = rng.choice(load.customers)
    deep = b"[" * 100_000
    nested = as_json(invoice(customer, "DEEP", load.day)).replace(b'"10000.00"', b'{"a":' * 2_000 + b"1" + b"}" * 2_000)
    keys = b"{" + b",".join(b'"%d":1' % number for number in range(500_000)) + b"}"
    before = {one.name: forget_peak(one) for one in world.processes}
    async with load.flowing():
        await load.reached(0.2)
        for value, rule in ((deep, "depth"), (nested, "depth"), (b"[" + keys + b"]", "too-large")):
            started = clock.monotonic()
            answer = await load.say(value)
            assert answer.status_code in (413, 422), f"{answer.status_code}: {answer.text[:200]}"
            assert rule in answer.text, answer.text[:300]
            world.note(
                longest_answer_s=round(max(clock.monotonic() - started, world.noted.get("longest_answer_s", 0)), 2)
            )
        await buried(world, load, customer, [Bad(deep, "depth"), Bad(nested, "depth"), Bad(keys, "too-large")])
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


def _padded(customer: str, number: str, load: Load, size: int) -> Fact:
    """An invoice of exactly *size* bytes; a header that nobody reads fills it, for no field of ours may be so long."""
    one = {**invoice(customer, number, load.day), "comexamplefill": ""}
    return {**one, "comexamplefill": "x" * (size - len(as_json(one)))}

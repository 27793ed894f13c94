"""The lists of exposure built again in the database: accounts, what stands of them, groups; what was altered is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.exposure.adapters.rebuilding import REBUILD, TABLES
from services.exposure.adapters.wiring import brain
from services.exposure.api.telling import hold_id
from tests.integration.test_exposure_api import Office
from tests.integration.test_groups import grouped
from tests.support.covers import covers

covers("DP-15", "DP-23")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(300)]

STREAMS = ["C-1", "C-2", "g:huadong"]
KEY = {"groups": "group_id", "group_members": "group_id"}


async def busy(office: Office) -> None:
    """A reservation, a held order of a member beyond what its group may owe, a request that waits."""
    assert (await office.checks("SO-1", "20000.00", salesperson="wang"))["decision"] == "approved"
    assert (await office.checks("SO-2", "30000.00", customer_id="C-2"))["decision"] == "held"
    await office.asks("waits", "C-1", amount="120000.00")


async def test_what_is_built_is_what_is_live_groups_included(database: str, tmp_path: Path) -> None:
    async with grouped(database, tmp_path, "C-1", "C-2", limit="50000.00") as office:
        await busy(office)
        place = await REBUILD.begin(database)
        assert await REBUILD.build(database, brain("CNY"), place.schema, STREAMS) == 3
        compared = {one.table: one for one in await REBUILD.compare(database, place)}
        assert {name: one.different for name, one in compared.items()} == dict.fromkeys(TABLES, ())
        assert all(one.rows == one.live_rows > 0 for one in compared.values()), "nothing was compared with nothing"
        assert {one.hash == one.live_hash for one in compared.values()} == {True}

        await office.checks("SO-3", "10.00")
        streams, after = await REBUILD.changed(database, place)
        assert streams == ["C-1"], "a check moves the log like a fact"
        assert await REBUILD.switch(database, brain("CNY"), after._replace(reached=place.reached))
        assert await office.pool.fetchval("select count(*) from reservations where order_id = 'SO-3'") == 1
        assert (await office.does("GET", "groups/g:huadong")).status_code == 200
        assert (await REBUILD.resumed(database)).schema == "exposure_before"


@pytest.mark.parametrize("table", list(TABLES))
async def test_a_row_that_was_altered_is_named(database: str, tmp_path: Path, table: str) -> None:
    async with grouped(database, tmp_path, "C-1", "C-2", limit="50000.00") as office:
        await busy(office)
        gone = await office.pool.fetch(f"delete from {table} where ctid = (select min(ctid) from {table}) returning *")
        place = await REBUILD.begin(database)
        await REBUILD.build(database, brain("CNY"), place.schema, STREAMS)
        compared = {one.table: one.different for one in await REBUILD.compare(database, place)}
        assert compared[table] == (gone[0][KEY.get(table, "customer_id")],)


async def test_of_who_cannot_be_folded_the_live_rows_are_taken_over(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with grouped(database, tmp_path, "C-1", "C-2", limit="50000.00") as office:
        await busy(office)
        broken, place = brain("CNY"), await REBUILD.begin(database)
        monkeypatch.setattr(broken, "evolve", lambda *_: 1 / 0)
        assert await REBUILD.build(database, broken, place.schema, STREAMS) == 0
        for one in await REBUILD.compare(database, place):
            assert (one.hash, one.different, one.rows > 0) == (one.live_hash, (), True), one.table


async def test_the_form_of_a_member_says_how_far_its_group_would_be_exceeded(database: str, tmp_path: Path) -> None:
    async with grouped(database, tmp_path, "C-1", "C-2", limit="50000.00") as office:
        await busy(office)
        page = (await office.does("GET", f"holds/{hold_id('C-2', 'SO-2')}/form")).text
        assert "above the limit of the group g:huadong" in page
        assert "20,000.00 CNY" in page, "10,000 and 20,000 of the one, 10,000 and 30,000 of the other, of 50,000"

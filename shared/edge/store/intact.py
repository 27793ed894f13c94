"""Does the log still hold what was appended? Each row carries digests of who said it and of what it says.

They find a slip: a row altered, removed, added or moved by hand. Whoever writes matching digests is not found by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from hashlib import blake2b
from typing import Any, NamedTuple

from shared.core.envelope import identity_of
from shared.edge.store.pool import Connection
from shared.edge.store.rows import subject_of

ROWS = """
select stream, version, identity, content, type, source, id, time, data
from events where stream = any($1::text[]) order by stream, version
"""
HEADS = "select stream, version from streams where stream = any($1::text[])"


class Flaw(NamedTuple):
    """What is wrong with one *version* of *stream*: what the row says, and what it should."""

    stream: str
    version: int
    kept: str
    computed: str


async def flaws(connection: Connection, streams: Sequence[str]) -> list[Flaw]:
    """What is wrong in the log of *streams*, the first thing of each. Run it in a transaction that sees one moment."""
    found: dict[str, Flaw] = {}
    reached: dict[str, int] = {}
    for row in await connection.fetch(ROWS, list(streams)):
        stream = row["stream"]
        if stream in found:
            continue
        expected, version = reached.get(stream, 0) + 1, row["version"]
        if version != expected:
            found[stream] = Flaw(stream, expected, f"version {version}", f"version {expected}")
        elif (wrong := _wrong(row)) is not None:
            found[stream] = Flaw(stream, version, *wrong)
        reached[stream] = version
    for row in await connection.fetch(HEADS, list(streams)):
        stream, head = row["stream"], row["version"]
        if stream not in found and reached.get(stream, 0) != head:
            found[stream] = Flaw(stream, head, f"the last version is {reached.get(stream, 0)}", f"version {head}")
    return list(found.values())


def _wrong(row: Any) -> tuple[str, str] | None:
    """The digest that *row* carries and the one that it should, where they differ."""
    for kept, computed in ((row["identity"], identity_of(row["source"], row["id"])), (row["content"], _content(row))):
        if kept != computed:
            return kept.hex(), computed.hex()
    return None


def _content(row: Any) -> bytes:
    """As `Event.content`, from the bytes as they are kept: data that cannot be read any more have a digest, too."""
    instant = row["time"].astimezone(UTC).isoformat()
    head = f"{row['type']}\0{subject_of(row['stream'])}\0{instant}\0".encode()
    return blake2b(head + row["data"], digest_size=16).digest()

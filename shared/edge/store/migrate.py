"""Bring a service's schema to the newest revision. One alembic history per service, beside its adapters.

Alembic writes the script, asyncpg runs it in one transaction: a killed upgrade leaves the old schema or the new one.
"""

from __future__ import annotations

import asyncio
import io

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from shared.core.errors import Misconfigured
from shared.edge.store import pool

LOCK_SECONDS = 5
"""A migration that cannot have its lock gives up, so that it never stands in front of the running workers."""


def upgrade(dsn: str, service: str) -> str:
    """Make or upgrade the schema *service* of the database *dsn*; returns the revision. Safe to call again."""
    return asyncio.run(upgraded(dsn, service))


async def upgraded(dsn: str, service: str) -> str:
    """As `upgrade`, inside a running event loop. Raises asyncpg errors; Misconfigured where the schema is newer."""
    connection = await pool.connect(dsn, schema=service)
    try:
        async with connection.transaction():
            # one upgrade at a time, whichever process starts first
            await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"upgrade:{service}")
            await connection.execute(
                f"set local lock_timeout = '{LOCK_SECONDS}s'; create schema if not exists {service}"
            )
            script, revision = _script(service, await _current(connection))
            if script:
                await connection.execute(script)
            return revision
    finally:
        await connection.close(timeout=pool.CONNECT_SECONDS)


async def _current(connection: asyncpg.Connection) -> str | None:
    if not await connection.fetchval("select to_regclass('alembic_version') is not null"):
        return None
    found: str | None = await connection.fetchval("select version_num from alembic_version")
    return found


def _script(service: str, current: str | None) -> tuple[str, str]:
    """The SQL from revision *current* (None: nothing is there) to the newest, and the newest."""
    written = io.StringIO()
    config = Config(output_buffer=written)
    config.set_main_option("script_location", f"services.{service}.adapters:migrations")
    config.set_main_option("path_separator", "os")
    history = ScriptDirectory.from_config(config)
    head = history.get_current_head()
    if head is None or (current is not None and current not in {one.revision for one in history.walk_revisions()}):
        raise Misconfigured(
            f"the schema {service} is at revision {current}, which this release does not know; upgrade it"
        )
    if current != head:
        command.upgrade(config, f"{current or 'base'}:head", sql=True)
    return written.getvalue(), head

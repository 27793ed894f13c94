"""Addresses of channels by name: what they are is sealed, whether they may be used is said, how often is counted."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.alerts.adapters.channels import signing
from services.alerts.adapters.delivery_rules import Rate
from shared.core.errors import NotFound
from shared.edge import clock
from shared.edge.settings import Settings
from shared.edge.store import secret
from shared.edge.store.pool import Connection
from shared.edge.store.sealing import Box

SECRET_BYTES = 32
PREFIX = "whsec_"
OVERLAP = timedelta(hours=24)
"""How long the secret before still signs, too, after it was rotated."""

_READ = "select name, channel, target, keys, state, why from endpoints where name = $1"
_PUT = """
insert into endpoints (name, channel, target, keys, created_at, changed_at, by) values ($1, $2, $3, $4, $5, $5, $6)
on conflict (name) do update set channel = $2, target = $3, keys = $4, state = 'active', why = '', changed_at = $5, by = $6
"""
_STATE = (
    "update endpoints set state = $2, why = $3, changed_at = $4, by = coalesce($5, by) where name = $1 returning name"
)
_ALL = """
select name, channel, state, why, created_at, by from endpoints where channel <> 'subscription' order by name
"""
_KEYS = "update endpoints set keys = $2, changed_at = $3, by = $4 where name = $1"
_MAY_SEND = """
update endpoints set sent = array_append(
    (select coalesce(array_agg(s), '{}') from unnest(sent) s where s > $2::timestamptz), $3::timestamptz)
where name = $1 and (select count(*) from unnest(sent) s where s > $2) < $4 returning cardinality(sent)
"""


class Key(msgspec.Struct, frozen=True):
    """One secret, and until when it signs; None: until it is rotated."""

    secret: str
    until: datetime | None = None


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages of one name go. Never shown, never logged: `repr` says the name only."""

    name: str
    channel: str
    target: str
    keys: tuple[Key, ...]
    state: str
    why: str

    def __repr__(self) -> str:
        """Without address and secrets."""
        return f"Endpoint({self.name!r}, {self.channel!r}, {self.state!r})"

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """Those that sign now, the newest first."""
        return tuple(key.secret for key in self.keys if key.until is None or key.until > now)


def new_secret() -> str:
    """A fresh secret as Standard Webhooks writes it: 32 bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def box(settings: Settings) -> Box:
    """What seals addresses and secrets. Raises Misconfigured."""
    keys = secret.read(secrets_folder=settings.secrets, data=settings.data, embedded=settings.embedded)
    return Box(keys.box, about="an endpoint")


class Endpoints:
    """Reads and writes the table `endpoints`."""

    def __init__(self, sealed_with: Box) -> None:
        """*sealed_with* is the box of `box`."""
        self._box = sealed_with

    async def read(self, connection: Any, name: str) -> Endpoint | None:
        """The endpoint *name*; None where nobody made one."""
        row = await connection.fetchrow(_READ, name)
        if row is None:
            return None
        keys = msgspec.json.decode(self._box.open(row["keys"]), type=tuple[Key, ...])
        target = self._box.open(row["target"]).decode()
        return Endpoint(name=name, channel=row["channel"], target=target, keys=keys, state=row["state"], why=row["why"])

    async def put(
        self, connection: Any, *, name: str, channel: str, target: str, keys: Sequence[Key], now: datetime, by: str
    ) -> None:
        """Make *name*, or give it another address and other secrets; it is active then."""
        await connection.execute(
            _PUT, name, channel, self._box.seal(target.encode()), self._box.seal(msgspec.json.encode(keys)), now, by
        )

    async def rotate(self, connection: Connection, name: str, *, now: datetime, by: str) -> str:
        """Give *name* a new secret; the one before signs beside it for a day. Returns it. Raises NotFound."""
        async with connection.transaction():
            await connection.execute("select from endpoints where name = $1 for update", name)
            found = await self.read(connection, name)
            if found is None:
                raise NotFound
            fresh = new_secret()
            before = [Key(one, now + OVERLAP) for one in found.secrets(now)]
            keys = self._box.seal(msgspec.json.encode([Key(fresh), *before[:2]]))
            await connection.execute(_KEYS, name, keys, now, by)
        return fresh


class Named:
    """Endpoints of persons, as administrators name them: robots, webhooks, what Apprise knows."""

    def __init__(self, known: Endpoints) -> None:
        """*known* keeps addresses and secrets."""
        self._known = known

    async def all(self, pool: Any) -> list[dict[str, Any]]:
        """All of them, without addresses and secrets."""
        return [dict(row) for row in await pool.fetch(_ALL)]

    async def name(self, pool: Any, name: str, channel: str, url: str, given: str | None, by: str) -> dict[str, Any]:
        """Make *name* or change it. What signs a webhook is returned where it was made here."""
        secret = given or (new_secret() if channel == "webhook" else None)
        keys = [Key(secret)] if secret else []
        await self._known.put(pool, name=name, channel=channel, target=url, keys=keys, now=clock.now(), by=by)
        private = secret is not None and secret.startswith(signing.PRIVATE)
        return {
            "secret": secret if given is None else None,
            "public_key": signing.public_key(secret) if secret and private else None,
        }

    async def switch(self, pool: Any, name: str, state: str, by: str) -> bool:
        """To active or paused. False where there is none."""
        return await change_state(pool, name, state, now=clock.now(), by=by)


async def change_state(
    connection: Any, name: str, state: str, *, why: str = "", now: datetime, by: str | None = None
) -> bool:
    """Switch *name* to active, paused or disabled. False where there is none."""
    return await connection.fetchval(_STATE, name, state, why, now, by) is not None


async def may_send(connection: Any, name: str, rate: Rate, now: datetime) -> bool:
    """Whether a message may go to the endpoint *name* within *rate*; then it is counted.

    Counted in the database: two processes, or one that died, keep to the same count.
    """
    since = now - timedelta(seconds=rate.seconds)
    return await connection.fetchval(_MAY_SEND, name, since, now, rate.messages) is not None

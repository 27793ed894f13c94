"""The SQL of the dispatcher: notices that arrive, hearings that wait, messages that are written, and what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from services.alerts.core.message import Message
from services.alerts.core.notice import Notice
from services.alerts.core.planning import Before, Hearing, state_of
from services.alerts.core.rerouting import Heard
from services.alerts.core.resolving import Reason
from shared.edge.store.bell import ring
from shared.edge.store.pool import Connection

TURN = "select pg_try_advisory_xact_lock(hashtextextended(current_schema() || '~dispatch', 0))"
ARRIVING = """
select notice from notices where state = 'waiting' and resolved_at is null
order by at, length(notice_id), notice_id limit $1
"""
HELD = "update notices set why = $1 where state = 'waiting' and resolved_at is null and why <> $1"
TOLD = "select alert_id, person, hearing from hearings where alert_id = any($1) and state in ('planned', 'told')"
WAITING_OF = "select hearing, due_at, waits from hearings where alert_id = any($1) and state = 'pending'"
LAST = """
select person, bundle, max(sent_at) as at from hearings
where bundle = any($1) and sent_at > $2 group by person, bundle
"""
RESOLVED = "update notices set resolved_at = $2 where notice_id = any($1)"
ENDED = """
update notices n set state = r.state, why = r.why, changed_at = $4
from unnest($1::text[], $2::text[], $3::text[]) as r (notice_id, state, why) where n.notice_id = r.notice_id
"""
PUT = """
insert into hearings (notice_id, person, alert_id, bundle, hearing, due_at, waits, state, why, changed_at)
select *, $10 from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[], $7::text[],
                          $8::text[], $9::text[])
on conflict (notice_id, person) do update set
    bundle = excluded.bundle, hearing = excluded.hearing, due_at = excluded.due_at, waits = excluded.waits,
    state = excluded.state, why = excluded.why, changed_at = excluded.changed_at
"""
DUE = "select distinct person from hearings where state = 'pending' and due_at <= $1 limit $2"
NEXT = "select min(due_at) from hearings where state = 'pending'"
WAITING = """
select hearing, due_at, waits from hearings where person = $1 and state = 'pending' order by due_at, notice_id limit $2
"""
BEFORE = "select created_at, form from messages where person = $1 and created_at > $2"
WRITE = """
insert into messages (message_id, person, channel, address, severity, form, message, created_at, next_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict do nothing
"""
CARRIES = "insert into message_notices (notice_id, message_id) select unnest($1::text[]), $2 on conflict do nothing"
PLANNED = """
update hearings set state = 'planned', message_id = $3, sent_at = $4, changed_at = $4
where person = $1 and notice_id = any($2)
"""
NOTICES = "select notice_id, notice from notices where notice_id = any($1)"
STATES = "select notice_id, person, state, why from hearings where notice_id = any($1)"
SETTLED = """
select message_id, person, state, message from messages where state <> 'waiting' and not passed_on
order by message_id limit $1 for update skip locked
"""
PASSED_ON = "update messages set passed_on = true where message_id = any($1)"
TOLD_BY = """
update hearings set state = 'told', changed_at = $2 where message_id = any($1) and state = 'planned' returning notice_id
"""
CARRIED = "select hearing, due_at, waits from hearings where message_id = $1 and state = 'planned'"
TRIED = """
select distinct m.channel, m.address from messages m join message_notices n using (message_id)
where m.person = $1 and m.state = 'undelivered' and n.notice_id = any($2)
"""
UNREPORTED = """
select notice_id, notice, why, array(select person from hearings h where h.notice_id = n.notice_id
                                     order by changed_at, person) as tried
from notices n where state = 'undelivered' and reported_at is null order by changed_at limit $1
"""
REPORTED = "update notices set reported_at = $2 where notice_id = any($1)"

_NOTICE, _HEARING = msgspec.json.Decoder(Notice), msgspec.json.Decoder(Hearing)
_WHY = msgspec.json.Decoder(tuple[Reason, ...])


class Kept(NamedTuple):
    """A hearing as it is written."""

    hearing: Hearing
    state: str = "pending"
    why: Reason | None = None


class Settled(NamedTuple):
    """A message of which the deliverer has said what became of it."""

    message: Message
    delivered: bool


def said(*why: Reason) -> str:
    """Reasons as they are kept."""
    return msgspec.json.encode(why).decode()


def reasons(text: str) -> tuple[Reason, ...]:
    """What `said` wrote; or a code as it was left with the notice: `recorded`, `silence:<id>`, `inhibited:<rule>:<alert>`."""
    if text.startswith("["):
        return _WHY.decode(text)
    code, *about = text.split(":", 2)
    return (Reason(code, tuple(zip(("first", "second"), about, strict=False))),) if code else ()


async def arriving(connection: Connection, most: int) -> list[Notice]:
    """Notices that nobody has looked at, in the order in which they arose."""
    return [_NOTICE.decode(row["notice"]) for row in await connection.fetch(ARRIVING, most)]


async def told(connection: Connection, alerts: Collection[str]) -> Mapping[str, Mapping[str, bool]]:
    """Alert → who has a message about it, and whether with grades."""
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for row in await connection.fetch(TOLD, sorted(alerts)) if alerts else ():
        sees = _HEARING.decode(row["hearing"]).sees_grades
        found[row["alert_id"]][row["person"]] = sees or found[row["alert_id"]].get(row["person"], False)
    return found


async def waiting_of(connection: Connection, alerts: Collection[str]) -> Mapping[str, Sequence[Hearing]]:
    """Alert → hearings that are in no message yet."""
    found: dict[str, list[Hearing]] = defaultdict(list)
    for row in await connection.fetch(WAITING_OF, sorted(alerts)) if alerts else ():
        one = _hearing(row)
        found[one.alert_id].append(one)
    return found


async def last(connection: Connection, groups: Collection[str], since: datetime) -> dict[tuple[str, str], datetime]:
    """(Person, group) → when its last message after *since* went."""
    rows = await connection.fetch(LAST, sorted(groups), since)
    return {(row["person"], row["bundle"]): row["at"] for row in rows}


async def put(connection: Connection, kept: Sequence[Kept], *, now: datetime) -> None:
    """Write hearings, new ones and others."""
    if kept:
        columns = zip(
            *((*_columns(one.hearing), one.state, said(one.why) if one.why else "") for one in kept), strict=True
        )
        await connection.execute(PUT, *map(list, columns), now)


async def waiting(connection: Connection, person: str, most: int) -> list[Hearing]:
    """The hearings of *person* that wait."""
    return [_hearing(row) for row in await connection.fetch(WAITING, person, most)]


async def before(connection: Connection, person: str, since: datetime) -> list[Before]:
    """The messages to *person* after *since*."""
    return [Before(row["created_at"], row["form"]) for row in await connection.fetch(BEFORE, person, since)]


async def notices(connection: Connection, ids: Collection[str]) -> dict[str, Notice]:
    """Notices by id."""
    rows = await connection.fetch(NOTICES, sorted(set(ids)))
    return {row["notice_id"]: _NOTICE.decode(row["notice"]) for row in rows}


async def write(connection: Connection, message: Message, *, now: datetime) -> None:
    """Write *message*, and that its notices are in it."""
    ids = [one.notice_id for one in message.notices]
    await connection.execute(
        WRITE,
        message.message_id,
        message.person,
        message.channel,
        message.address,
        message.severity,
        message.form,
        msgspec.json.encode(message),
        now,
    )
    await connection.execute(CARRIES, ids, message.message_id)
    await connection.execute(PLANNED, message.person, ids, message.message_id, now)
    await ring(connection, message.channel)


async def settled(connection: Connection, most: int) -> list[Settled]:
    """Messages of which it is known what became of them, and not yet here."""
    rows = await connection.fetch(SETTLED, most)
    return [
        Settled(msgspec.json.decode(row["message"], type=Message), row["state"] != "undelivered") for row in rows
    ]  # fmt: skip


async def carried(connection: Connection, message_id: str) -> list[Hearing]:
    """The hearings of a message that nobody has heard yet."""
    return [_hearing(row) for row in await connection.fetch(CARRIED, message_id)]


async def tried(connection: Connection, person: str, ids: Sequence[str]) -> set[tuple[str, str]]:
    """(Channel, address) by which *person* was not reached with any of the notices *ids*."""
    return {(row["channel"], row["address"]) for row in await connection.fetch(TRIED, person, ids)}


async def heard(connection: Connection, ids: Sequence[str]) -> dict[str, Heard]:
    """What is known of the notices *ids*, by id."""
    alive: dict[str, set[str]] = defaultdict(set)
    vain: dict[str, set[str]] = defaultdict(set)
    for row in await connection.fetch(STATES, ids):
        if row["state"] in ("pending", "planned", "told"):
            alive[row["notice_id"]].add(row["person"])
        elif row["state"] in ("passed", "undelivered"):
            vain[row["notice_id"]].add(row["person"])
    found = await notices(connection, ids)
    return {key: Heard(one, frozenset(alive[key]), frozenset(vain[key])) for key, one in found.items()}


async def restate(connection: Connection, ids: Iterable[str], *, now: datetime) -> None:
    """Bring the states of notices in line with those of their hearings."""
    wanted = sorted(set(ids))
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in await connection.fetch(STATES, wanted) if wanted else ():
        found[row["notice_id"]].append((row["state"], row["why"]))
    now_are = {key: state_of(state for state, _ in held) for key, held in found.items()}
    texts = []
    for key, state in now_are.items():
        why = [one for held, text in found[key] if held == state for one in reasons(text)]
        texts.append(said(*dict.fromkeys(why)) if why else "")
    await end(connection, list(zip(now_are.keys(), now_are.values(), texts, strict=True)), now=now)


async def end(connection: Connection, states: Sequence[tuple[str, str, str]], *, now: datetime) -> None:
    """Write (notice, state, why)."""
    if states:
        await connection.execute(ENDED, *map(list, zip(*states, strict=True)), now)


def _hearing(row: Any) -> Hearing:
    return msgspec.structs.replace(_HEARING.decode(row["hearing"]), due_at=row["due_at"], waits=row["waits"])


def _columns(one: Hearing) -> tuple[Any, ...]:
    return one.notice_id, one.person, one.alert_id, one.group, msgspec.json.encode(one), one.due_at, one.waits

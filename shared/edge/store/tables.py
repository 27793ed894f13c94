"""The tables of one service's schema, as the first revision of each service makes them. Released: never edit, add."""

from __future__ import annotations

HASHES = 8
"""Hash partitions of `events`: parallel replay, smaller indexes."""

_EVENTS = """
create table events (
    stream text collate "C" not null,
    version integer not null,
    identity bytea not null,
    content bytea not null,
    kind smallint not null,              -- 0 fact, 1 decision
    type text not null,
    source text not null,
    id text not null,
    time timestamptz not null,
    utc_offset smallint not null,        -- minutes east of UTC, as `time` was written
    business_on date not null,
    recorded_at timestamptz not null,
    partition smallint not null,
    data bytea not null,                 -- JSON, personal fields sealed
    primary key (stream, version),
    unique (stream, identity)
) partition by hash (stream)
"""

_PARTS = tuple(
    statement
    for part in range(HASHES)
    for statement in (
        f"create table events_{part} partition of events for values with (modulus {HASHES}, remainder {part})",
        f"alter table events_{part} set (autovacuum_vacuum_insert_scale_factor = 0.05)",
        f"create index events_{part}_recorded on events_{part} using brin (recorded_at) with (autosummarize = on)",
    )
)

MACHINE: tuple[str, ...] = (
    _EVENTS,
    *_PARTS,
    """create table streams (
        stream text collate "C" primary key,
        partition smallint not null,
        version integer not null,
        wakes_on date,
        parked boolean not null default false
    ) with (fillfactor = 75)""",
    "create index streams_waking on streams (partition, wakes_on) where wakes_on is not null",
    """create table snapshots (
        stream text collate "C" primary key,
        version integer not null,
        fold_version text not null,
        state bytea not null
    )""",
    "alter table snapshots alter column state set storage external",
    """create table commits (               -- one row a transaction and partition: the order of the log
        partition smallint not null,
        position bigint not null,            -- gapless, in commit order
        committed_at timestamptz not null,
        streams text[] not null,
        first integer[] not null,
        last integer[] not null,
        primary key (partition, position)
    )""",
    "create index commits_at on commits using brin (committed_at)",
    """create table positions (
        topic text not null,
        partition smallint not null,
        generation text not null,
        next_offset bigint not null,
        primary key (topic, partition)
    ) with (fillfactor = 50)""",
    """create table partitions (
        partition smallint primary key,
        day date,
        rated date,                          -- the last day whose sweep was published
        sweep_after text collate "C",        -- cursor; null: not sweeping
        sweep_all boolean not null default false,  -- every stream, not only those that wait for the day
        log_position bigint not null default 0,
        outbox_position bigint not null default 0
    ) with (fillfactor = 50)""",
    """create table outbox (
        partition smallint not null,
        position bigint not null,
        topic text not null,
        key text,
        event_id text not null,
        value bytea not null,
        headers jsonb,                       -- [[name, text], …], only dead letters have any
        recorded_at timestamptz not null,
        primary key (partition, position)
    )""",
    "create index outbox_recorded on outbox using brin (recorded_at)",
    """create table relays (
        name text not null,                  -- intake or outbox
        partition smallint not null,
        position bigint not null,
        primary key (name, partition)
    ) with (fillfactor = 50)""",
    """create table dead_letters (
        topic text not null,
        partition smallint not null,
        generation text not null,
        position bigint not null,
        reason text not null,
        rule text not null,
        pointer text not null,
        raw bytea not null,                  -- the record's value, sealed with the instance's key
        key bytea,
        headers jsonb,                       -- [[name, text], …]: the envelope of a binary event
        recorded_at timestamptz not null,
        state text not null default 'open' check (state in ('open', 'redriven', 'discarded')),
        settled_at timestamptz,
        primary key (topic, partition, generation, position)
    )""",
    "create index dead_letters_open on dead_letters (recorded_at) where state = 'open'",
    """create table quarantine (
        stream text collate "C" not null,
        identity bytea not null,
        content bytea not null,
        type text not null,
        source text not null,
        id text not null,
        data bytea not null,
        recorded_at timestamptz not null,
        primary key (stream, identity, content)
    )""",
    """create table parked (
        stream text collate "C" primary key,
        version integer not null,
        reason text not null,
        since timestamptz not null,
        retry boolean not null default false -- staff ask for another attempt
    )""",
    """create table broker (
        one boolean primary key default true check (one),
        generation text not null
    )""",
)
"""What every service has."""

INTAKE: tuple[str, ...] = (
    """create table intake_heads (
        partition smallint primary key,
        position bigint not null
    ) with (fillfactor = 50)""",
    """create table intake (
        partition smallint not null,
        position bigint not null,
        stream text collate "C" not null,
        identity bytea not null,
        content bytea not null,
        value bytea not null,                -- structured CloudEvents JSON, sealed, recordedtime stamped
        recorded_at timestamptz not null,
        primary key (partition, position),
        unique (stream, identity)
    )""",
    """create table business_days (
        date date primary key,
        opened_at timestamptz not null
    )""",
    """create table subject_keys (
        subject text collate "C" primary key,
        wrapped bytea,                       -- null once erased
        erased_at timestamptz
    )""",
)
"""What the service that takes facts in has besides."""

IDENTITIES: tuple[str, ...] = (
    """create table identities (              -- whose each identity was first
        fingerprint bigint primary key,      -- the first half of the identity
        stream text collate "C" not null
    )""",
    """create table identities_checked (      -- how far in `commits` they have been looked through
        partition smallint primary key,
        position bigint not null
    ) with (fillfactor = 50)""",
    """create table doubles (                 -- facts whose identity a fact of another customer has too
        stream text collate "C" not null,
        identity bytea not null,
        partition smallint not null,
        type text not null,
        source text not null,
        id text not null,
        other text not null,                 -- the other customer
        found_at timestamptz not null,
        raised_at timestamptz,               -- when the stream said so
        primary key (stream, identity)
    )""",
    "create index doubles_waiting on doubles (partition) where raised_at is null",
)
"""For the check of identities across customers, which the service that takes facts in does."""

APPROVALS: tuple[str, ...] = (
    """create table approvals (
        customer_id text collate "C" not null,
        approval_id text collate "C" not null,
        kind text not null,
        payload text not null,
        payload_sha256 text not null,
        reason text not null,
        evidence text not null,
        requested_by text not null,
        requested_on date not null,
        roles text[] not null,               -- who grants, in order
        place text not null,                 -- open, granted, refused, withdrawn, expired
        step integer not null,               -- the one that waits, or the last
        role text not null,                  -- whose step that is
        escalated text not null,
        deputy_on date,
        lapses_on date,
        grants jsonb not null,               -- [{step, by, acting, on}, …]
        ended_by text,
        ended_on date,
        ended_because text,
        primary key (customer_id, approval_id)
    )""",
    "create index approvals_id on approvals (approval_id)",
    "create index approvals_place on approvals (place, requested_on, approval_id)",
    """create table staff (                   -- who is known here: a role that is not listed is not held any more
        person text collate "C" primary key,
        roles text[] not null,
        reason text not null,
        changed_by text not null,
        changed_at timestamptz not null
    )""",
)
"""For what people ask of customers and others approve, and the staff register."""

COMMITTEES = """alter table approvals
    add column members text[] not null default '{}',
    add column sits_on date,
    add column votes jsonb not null default '[]'
"""
"""What approvals have besides: who sits on the committee whose step waits, and when;
votes: [{step, by, seat, acting, vote, reason, on}, …]."""

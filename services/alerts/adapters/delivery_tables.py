"""The tables of delivery besides `messages`, `message_notices` and `attempts`: addresses, and what systems subscribed to."""

from __future__ import annotations

DELIVERY: tuple[str, ...] = (
    """create table endpoints (
        name text collate "C" primary key,   -- what `messages.address` says
        channel text not null,
        target bytea not null,               -- the address, sealed: those of robots hold a token
        keys bytea not null,                 -- secrets, sealed: [{secret, until}], the newest first
        state text not null default 'active' check (state in ('active', 'paused', 'disabled')),
        why text not null default '',
        sent timestamptz[] not null default '{}',  -- the last messages: what the rate is counted by
        created_at timestamptz not null,
        changed_at timestamptz not null,
        by text not null
    ) with (fillfactor = 50)""",
    """create table subscriptions (
        subscription_id text collate "C" primary key,   -- also the name of its endpoint
        title text not null,
        topics text[] not null,              -- empty: all
        types text[] not null,
        subjects text[] not null,
        labels jsonb not null,
        full_content boolean not null,
        created_at timestamptz not null,
        by text not null
    )""",
    """create table subscription_positions (
        subscription_id text collate "C" not null,
        partition smallint not null,
        position bigint not null,            -- of `commits`: gapless, in commit order
        primary key (subscription_id, partition)
    ) with (fillfactor = 50)""",
    """create table postings (
        message_id text collate "C" primary key,
        address text collate "C" not null,   -- the subscription
        channel text not null default 'subscription',
        lane text collate "C" not null,      -- the subject: one after the other
        lane_at bigint not null,             -- the stream version
        type text not null,
        severity text not null default 'info',
        message bytea not null,              -- the body, as it is signed
        created_at timestamptz not null,
        state text not null default 'waiting',
        attempts integer not null default 0,
        schedule_from integer not null default 0,  -- attempts before it was last made to wait anew
        next_at timestamptz not null,
        leased_until timestamptz,
        settled_at timestamptz,
        why text not null default ''
    ) with (fillfactor = 70)""",
    "create index postings_due on postings (next_at) where state = 'waiting'",
    "create index postings_lane on postings (address, lane, lane_at) where state = 'waiting'",
    "create index postings_listed on postings (address, created_at, message_id)",
    "alter table messages add column schedule_from integer not null default 0",
    "create index attempts_at on attempts (at)",
    "create index messages_listed on messages (created_at, message_id)",
)

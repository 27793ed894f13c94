"""The tables of alerts besides those of the machine.

`alerts` and `notices` are written by workers and commands in their transaction. `notices` and `messages` together are the
queue: a notice is `waiting`, `planned` (in messages), `told`, `quiet` (nobody is to hear of it, with the reason) or
`undelivered`; none is ever deleted before its alert is.
"""

from __future__ import annotations

LIFE: tuple[str, ...] = (
    """create table alerts (
        alert_id text collate "C" primary key,
        subject text collate "C" not null,
        version integer not null,
        fingerprint text not null,
        kind text not null,
        severity text not null,
        state text not null,                -- open, acknowledged, snoozed, resolved, withdrawn
        about text not null,
        labels jsonb not null,
        figures jsonb not null,
        route text not null,
        opened_at timestamptz not null,
        changed_at timestamptz not null,
        owner text,                         -- who took it on, or was given it
        step integer not null,              -- of the escalation
        times integer not null,             -- how often it came
        acknowledge_by timestamptz,
        resolve_by timestamptz,
        due_on date,
        wakes_at timestamptz,               -- when something may change with no event but the time
        delivered boolean not null,         -- false: older than go-live, recorded only
        detail jsonb not null
    ) with (fillfactor = 70)""",
    "create index alerts_wake on alerts (wakes_at) where wakes_at is not null",
    "create index alerts_subject on alerts (subject, opened_at)",
    "create index alerts_listed on alerts (opened_at, alert_id)",
    """create table notices (
        notice_id text collate "C" primary key,
        alert_id text collate "C" not null,
        subject text collate "C" not null,
        notice bytea not null,              -- services.alerts.core.notice.Notice as JSON
        at timestamptz not null,
        state text not null default 'waiting',
        why text not null default '',
        changed_at timestamptz not null
    ) with (fillfactor = 70)""",
    "create index notices_waiting on notices (at, notice_id) where state = 'waiting'",
    "create index notices_alert on notices (alert_id)",
    """create table silences (
        silence_id text collate "C" primary key,
        matchers jsonb not null,            -- label: [text, …]; all of them must hold
        author text not null,
        reason text not null,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        ended_at timestamptz,               -- before its time; none is ever deleted
        ended_by text
    )""",
    "create index silences_listed on silences (created_at, silence_id)",
)

DELIVERY: tuple[str, ...] = (
    """create table messages (
        message_id text collate "C" primary key,
        person text collate "C" not null,
        channel text not null,
        address text not null,
        severity text not null,
        form text not null,
        message bytea not null,             -- services.alerts.core.message.Message as JSON
        created_at timestamptz not null,
        state text not null default 'waiting',  -- waiting, delivered, unconfirmed, undelivered
        attempts integer not null default 0,
        next_at timestamptz not null,
        leased_until timestamptz,
        settled_at timestamptz,
        why text not null default ''
    ) with (fillfactor = 70)""",
    "create index messages_due on messages (channel, next_at) where state = 'waiting'",
    "create index messages_person on messages (person, created_at)",
    """create table message_notices (
        notice_id text collate "C" not null,
        message_id text collate "C" not null,
        primary key (notice_id, message_id)
    )""",
    "create index message_notices_message on message_notices (message_id)",
    """create table attempts (
        message_id text collate "C" not null,
        attempt integer not null,
        at timestamptz not null,
        seconds double precision not null,
        outcome text not null,
        status text not null,
        detail text not null,
        primary key (message_id, attempt)
    )""",
)

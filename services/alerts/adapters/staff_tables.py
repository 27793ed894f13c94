"""The tables of people and of what each is to hear. Columns of people are the fields of `services.alerts.core.people`."""

from __future__ import annotations

PEOPLE: tuple[str, ...] = (
    """create table people (
        person text collate "C" primary key,    -- as the token names them
        name_en text not null,
        name_zh text not null,
        language text not null,
        unit text not null,
        leader text not null,
        codes text[] not null,                  -- as manager of a customer
        zone text not null,
        calendar text not null,
        quiet_from time,
        quiet_to time,
        mutes text[] not null,
        gone boolean not null
    )""",
    """create table posts (
        person text collate "C" not null,
        role text not null,
        scope text not null,                    -- '', region, company, unit
        "of" text not null,
        primary key (person, role, scope, "of")
    )""",
    """create table units (
        unit text collate "C" primary key,
        name_en text not null,
        name_zh text not null,
        level text not null,
        parent text not null,
        leader text not null,
        regions text[] not null
    )""",
    """create table absences (
        person text collate "C" not null,
        first date not null,
        last date not null,
        deputy text not null,
        reason text not null,
        primary key (person, first)
    )""",
    """create table portfolio (
        customer text collate "C" not null,
        person text collate "C" not null,
        first date not null,
        last date,
        primary key (customer, first)
    )""",
    "create index portfolio_person on portfolio (person, customer, first)",
    """create table contacts (
        person text collate "C" not null,
        channel text not null,
        address text not null,
        rank integer not null,
        verified boolean not null,
        primary key (person, channel, address)
    )""",
    """create table staff_journal (              -- every change of the tables above
        entry bigint generated always as identity primary key,
        at timestamptz not null,
        by text not null,
        reason text not null,
        kind text not null,
        key text not null,                      -- its parts with / between
        person text collate "C",
        before jsonb,                           -- null: it was not there
        after jsonb                             -- null: it is not there any more
    )""",
    "create index staff_journal_person on staff_journal (person, entry)",
)

HEARINGS: tuple[str, ...] = (
    """create table hearings (                   -- that one person is to hear of one notice
        notice_id text collate "C" not null,
        person text collate "C" not null,
        alert_id text collate "C" not null,
        bundle text not null,                   -- what goes together
        hearing bytea not null,                 -- services.alerts.core.planning.Hearing as JSON
        due_at timestamptz not null,
        waits text not null,                    -- the code of why not at once
        state text not null,                    -- pending, planned, told, quiet, passed, undelivered
        why text not null default '',           -- the reason of the last three, as JSON
        message_id text collate "C",
        sent_at timestamptz,
        changed_at timestamptz not null,
        primary key (notice_id, person)
    ) with (fillfactor = 70)""",
    "create index hearings_due on hearings (due_at) where state = 'pending'",
    "create index hearings_waiting on hearings (person) where state = 'pending'",
    "create index hearings_alert on hearings (alert_id)",
    "create index hearings_bundle on hearings (bundle, sent_at) where sent_at is not null",
    "create index hearings_message on hearings (message_id) where message_id is not null",
    "alter table notices add column resolved_at timestamptz",   # to people
    "alter table notices add column reported_at timestamptz",   # that it is undelivered
    """create index notices_arriving on notices (at, length(notice_id), notice_id)
       where state = 'waiting' and resolved_at is null""",
    "create index notices_unreported on notices (changed_at) where state = 'undelivered' and reported_at is null",
    "create index notices_state on notices (state, at) where state in ('waiting', 'planned')",
    "alter table messages add column passed_on boolean not null default false",     # what became of it is known to the notices
    "create index messages_settled on messages (message_id) where state <> 'waiting' and not passed_on",
)  # fmt: skip

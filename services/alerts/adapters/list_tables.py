"""The tables of lists: requests that others approve, the runs that make lists, and the list of each person."""

from __future__ import annotations

LISTS: tuple[str, ...] = (
    """create table approvals (                   -- the last that was heard of each request
        subject text collate "C" not null,
        approval_id text collate "C" not null,
        kind text not null,
        asked_by text not null,
        asked_at timestamptz not null,
        state text not null,                    -- waiting, granted, refused, withdrawn, expired
        changed_at timestamptz not null,
        request bytea not null,                 -- services.alerts.core.requests.Request as JSON
        primary key (subject, approval_id)
    ) with (fillfactor = 70)""",
    "create index approvals_changed on approvals (changed_at)",
    "create index approvals_asked on approvals (asked_at)",
    """create table list_runs (
        list text collate "C" not null,
        due_at timestamptz not null,            -- when it was to be made
        first date not null,                    -- the days that it covers
        last date not null,
        made_at timestamptz not null,
        lists integer not null,                 -- so many people got one
        primary key (list, due_at)
    )""",
    """create table worklists (
        worklist_id text collate "C" primary key,   -- what its notice names as its alert
        list text not null,
        person text collate "C" not null,
        first date not null,
        last date not null,
        made_at timestamptz not null,
        count integer not null,
        rows bytea not null                     -- services.alerts.core.lists.Row, as JSON
    )""",
    "create index worklists_listed on worklists (made_at, worklist_id)",
    """create table customer_contacts (           -- to whom customers want to be written
        customer text collate "C" not null,
        address text not null,
        language text not null,
        by text not null,
        at timestamptz not null,
        primary key (customer, address)
    )""",
    """create table reminders (                   -- what was written to customers of which document, once a step
        customer text collate "C" not null,
        document text not null,
        due_on date not null,
        step integer not null,                  -- days from the due date
        reminded_on date not null,
        primary key (customer, document, due_on, step)
    )""",
)

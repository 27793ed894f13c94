"""The projections that the API lists: accounts, and what stands of each: limits, reservations, held orders; groups of them.

Workers and commands write them in their transaction; they can be thrown away and written again from the log.
"""

from __future__ import annotations

_PLACE = """company text, segment text, product_group text, salesperson text, region text"""

PROJECTIONS: tuple[str, ...] = (
    """create table accounts (
        customer_id text collate "C" primary key,
        version integer not null,
        as_of date not null,
        currency text not null,
        grade text,
        credit_limit numeric check (credit_limit <> 'NaN'),   -- the effective one; null: none was granted
        exposure numeric not null check (exposure <> 'NaN'),
        reserved numeric not null check (reserved <> 'NaN'),
        headroom numeric generated always as (coalesce(credit_limit, 0) - exposure - reserved) stored,
        utilisation numeric check (utilisation <> 'NaN'),
        is_breached boolean not null,
        mark text not null,                  -- the highest watch mark that is passed
        overdue numeric not null check (overdue <> 'NaN'),
        days_past_due integer not null,
        suspended_on date,
        held integer not null,               -- orders that wait
        missing text[] not null,             -- currencies without a rate: the amounts are not certain
        region text,
        segment text,
        manager text,
        companies text[] not null
    ) with (fillfactor = 70)""",
    "create index accounts_utilisation on accounts (utilisation desc nulls last, customer_id)",
    f"""create table limits (
        customer_id text collate "C" not null,
        limit_id text collate "C" not null,
        kind text not null,
        amount numeric not null,
        currency text not null,
        granted_on date not null,
        valid_from date not null,
        valid_to date,
        share text not null,
        {_PLACE},
        review_on date,
        stop_on date,
        grade text,
        granted_by text,
        approval_id text,
        primary key (customer_id, limit_id)
    )""",
    "create index limits_review on limits (review_on) where review_on is not null",
    f"""create table reservations (
        customer_id text collate "C" not null,
        order_id text collate "C" not null,
        reservation_id text not null,
        amount numeric not null,
        currency text not null,
        made_on date not null,
        expires_at timestamptz not null,
        committed boolean not null,
        {_PLACE},
        primary key (customer_id, order_id)
    )""",
    "create index reservations_expiring on reservations (expires_at)",
    f"""create table holds (
        customer_id text collate "C" not null,
        order_id text collate "C" not null,
        amount numeric not null,
        currency text not null,
        control_point text not null,
        reasons text[] not null,
        held_on date not null,
        excess numeric not null,
        {_PLACE},
        check_id text,
        replaces text,
        primary key (customer_id, order_id)
    )""",
    "create index holds_on on holds (held_on, customer_id, order_id)",
    # what of each customer belongs to one industry, product group or salesperson
    """create table spread (
        customer_id text collate "C" not null,
        part text collate "C" not null,      -- dimension:name
        dimension text not null,
        name text not null,
        currency text not null,
        used numeric not null check (used <> 'NaN'),
        primary key (customer_id, part)
    )""",
    """create table groups (
        group_id text collate "C" primary key,
        version integer not null,
        as_of date not null,
        name text not null,
        currency text not null,
        lead text,
        since date not null,
        ended_on date,
        credit_limit numeric check (credit_limit <> 'NaN'),
        is_breached boolean not null,
        mark text not null
    )""",
    # who belongs to a group and from when to when: a check reads it, so it is written with the streams of both
    """create table group_members (
        group_id text collate "C" not null,
        customer_id text collate "C" not null,
        since date not null,
        until date,                          -- the first day on which it does not
        primary key (group_id, customer_id)
    )""",
    "create index group_members_customer on group_members (customer_id)",
    """create table portfolio (
        currency text primary key,
        exposure numeric not null,
        reserved numeric not null,
        is_certain boolean not null
    )""",  # what all customers owe, as measured every few seconds
    # when facts last came, which the newest of `positions` says, whoever moves them
    "alter table positions add column moved_at timestamptz",
    """create function positions_moved() returns trigger language plpgsql as $$
        begin
            new.moved_at := clock_timestamp();
            return new;
        end
    $$""",
    """create trigger positions_moved before update of next_offset on positions for each row
        when (new.next_offset > old.next_offset) execute function positions_moved()""",
    "create index dead_letters_recorded on dead_letters (recorded_at)",
)
"""What the exposure service's schema has besides the tables of the machine."""

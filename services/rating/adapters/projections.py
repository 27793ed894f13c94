"""The projections that the API lists: the head of every customer's path, the warnings that stand, and the ids
that other systems use.

Workers write them in the batch transaction; they can be thrown away and written again from the log.
"""

from __future__ import annotations

from shared.edge.store.tables import APPROVALS as APPROVING

PROJECTIONS: tuple[str, ...] = (
    """create table customers (
        customer_id text collate "C" primary key,
        version integer not null,
        as_of date not null,
        currency text not null,
        grade text,
        refusal text,
        method text,
        score numeric check (score <> 'NaN'),
        since date,
        region text,
        segment text,
        manager text,
        receivable_balance numeric check (receivable_balance <> 'NaN'),
        overdue_amount numeric check (overdue_amount <> 'NaN'),
        warnings integer not null default 0
    ) with (fillfactor = 70)""",
    "create index customers_grade on customers (grade, customer_id)",
    "create index customers_region on customers (region, customer_id)",
    """create table warnings (
        customer_id text collate "C" not null,
        warning_id text collate "C" not null,
        rule text not null,
        kind text not null,
        severity text not null,
        since date not null,
        raised_at timestamptz not null,
        figures jsonb not null default '{}',
        primary key (customer_id, warning_id)
    )""",
    # later revisions make it hold the claims of several customers
    """create table aliases (
        other_source text collate "C" not null,
        other_id text collate "C" not null,
        customer_id text collate "C" not null,
        primary key (other_source, other_id)
    )""",
)
"""What the rating service's schema has besides the tables of the machine."""

APPROVALS: tuple[str, ...] = (
    *APPROVING,
    """alter table customers
        add column underlying text,
        add column override_id text,
        add column companies text[] not null default '{}'
    """,
)
"""What the fifth revision adds."""

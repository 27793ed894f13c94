"""What each purpose says of a customer, population reviews with their places, and activated versions of policies."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = (
    """create table ratings (
        customer_id text collate "C" not null,
        purpose text not null,
        method text,
        grade text,
        due text,                            -- the grade that waits for a place under a quota
        refusal text,
        score numeric check (score <> 'NaN'),
        since date,
        active boolean not null,
        populations text[] not null,         -- of each quota of the method: the code that divides the population
        ranks numeric[] not null,            -- of each quota, one after the other: what it ranks by
        primary key (customer_id, purpose)
    ) with (fillfactor = 70)""",
    "create index ratings_method on ratings (method)",
    """create table population_reviews (
        method text not null,
        holds text not null,                 -- the grade under the quota
        reviewed_on date not null,
        version text not null,
        sha256 text not null,
        ranked_at timestamptz not null,
        told_at timestamptz,                 -- when the last place was told to its customer
        primary key (method, holds, reviewed_on)
    )""",
    """create table population_regions (
        method text not null,
        holds text not null,
        reviewed_on date not null,
        region text not null,
        active integer not null,
        places integer not null,
        taken integer not null,
        exceeded boolean not null,
        primary key (method, holds, reviewed_on, region),
        foreign key (method, holds, reviewed_on) references population_reviews
    )""",
    """create table population_places (
        method text not null,
        holds text not null,
        reviewed_on date not null,
        customer_id text collate "C" not null,
        region text not null,
        place integer not null,
        why text not null,                   -- keeps, place, no_place, pushed_out
        gets text not null,
        primary key (method, holds, reviewed_on, customer_id),
        foreign key (method, holds, reviewed_on) references population_reviews
    )""",
    """create table activations (
        number integer primary key,          -- the version of the stream ~policy
        method text not null,
        version text not null,
        sha256 text not null,
        effective date not null,
        activated_at timestamptz not null,
        activated_by text not null,
        approval text,                       -- the id of the approval, where one was needed
        unique (method, version, effective)
    )""",
)


def upgrade() -> None:
    """Make the tables. `ratings` fills as customers are decided; a rebuild fills it at once."""
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    """The log has every place and every activation."""
    op.execute("drop table activations, population_places, population_regions, population_reviews, ratings")

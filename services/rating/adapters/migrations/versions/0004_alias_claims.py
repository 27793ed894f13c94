"""Every customer's own claim to an id of another system, so that the greatest holds and not the last that was written."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Keep what is linked as claims that any fact outweighs: a customer that is projected again says its own."""
    op.execute("""
        alter table aliases
            add column day integer not null default 0,
            add column at bigint not null default 0,
            add column source text collate "C" not null default '',
            add column id text collate "C" not null default '',
            drop constraint aliases_pkey,
            add primary key (other_source, other_id, customer_id)
    """)


def downgrade() -> None:
    """Projections can be thrown away: the log has everything."""
    op.execute("""
        delete from aliases;
        alter table aliases drop constraint aliases_pkey, drop column day, drop column at, drop column source, drop column id,
            add primary key (other_source, other_id)
    """)

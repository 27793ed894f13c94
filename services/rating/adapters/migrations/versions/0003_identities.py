"""The check of identities across customers, and the age of dead letters."""

from __future__ import annotations

from alembic import op

from shared.edge.store.tables import IDENTITIES

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables; what is in the log already is looked through like what comes."""
    for statement in IDENTITIES:
        op.execute(statement)
    op.execute("create index dead_letters_recorded on dead_letters (recorded_at)")


def downgrade() -> None:
    """Everything here is found again from the log."""
    op.execute("drop index dead_letters_recorded")
    op.execute("drop table doubles, identities_checked, identities")

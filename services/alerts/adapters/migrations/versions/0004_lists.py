"""The tables of lists, and of the requests that ledgers are made of."""

from __future__ import annotations

from alembic import op

from services.alerts.adapters.list_tables import LISTS

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make them."""
    for statement in LISTS:
        op.execute(statement)


def downgrade() -> None:
    """A schema goes forward only."""
    raise NotImplementedError("restore a backup instead")

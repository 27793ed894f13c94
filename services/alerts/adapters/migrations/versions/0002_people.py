"""The tables of people, and of what each of them is to hear."""

from __future__ import annotations

from alembic import op

from services.alerts.adapters.staff_tables import HEARINGS, PEOPLE

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make them."""
    for statement in (*PEOPLE, *HEARINGS):
        op.execute(statement)


def downgrade() -> None:
    """A schema goes forward only."""
    raise NotImplementedError("restore a backup instead")

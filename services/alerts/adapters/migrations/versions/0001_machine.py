"""The tables of the machine, of alerts and of what is sent."""

from __future__ import annotations

from alembic import op

from services.alerts.adapters.tables import DELIVERY, LIFE
from shared.edge.store.tables import MACHINE

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    for statement in (*MACHINE, *LIFE, *DELIVERY):
        op.execute(statement)


def downgrade() -> None:
    """There is no way back from the first revision: facts are kept for ever."""
    raise NotImplementedError("the first revision is never undone; restore a backup instead")

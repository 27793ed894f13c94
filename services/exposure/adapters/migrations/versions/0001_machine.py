"""The tables of the machine, and the projections that the API lists."""

from __future__ import annotations

from alembic import op

from services.exposure.adapters.projections import PROJECTIONS
from shared.edge.store.tables import APPROVALS, COMMITTEES, MACHINE

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    for statement in (*MACHINE, *APPROVALS, COMMITTEES, *PROJECTIONS):
        op.execute(statement)


def downgrade() -> None:
    """There is no way back from the first revision: facts are kept for ever."""
    raise NotImplementedError("the first revision is never undone; restore a backup instead")

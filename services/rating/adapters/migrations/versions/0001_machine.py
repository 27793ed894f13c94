"""The tables of the machine and of intake."""

from __future__ import annotations

from alembic import op

from shared.edge.store.tables import INTAKE, MACHINE

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    for statement in (*MACHINE, *INTAKE):
        op.execute(statement)


def downgrade() -> None:
    """There is no way back from the first revision: facts are kept for ever."""
    raise NotImplementedError("the first revision is never undone; restore a backup instead")

"""Steps that a committee takes by votes."""

from __future__ import annotations

from alembic import op

from shared.edge.store.tables import COMMITTEES

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns. No request of before has a committee."""
    op.execute(COMMITTEES)


def downgrade() -> None:
    """The log has every vote."""
    op.execute("alter table approvals drop column members, drop column votes")

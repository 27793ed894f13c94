"""The projections that the API lists."""

from __future__ import annotations

from alembic import op

from services.rating.adapters.projections import PROJECTIONS

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make them."""
    for statement in PROJECTIONS:
        op.execute(statement)


def downgrade() -> None:
    """Projections can be thrown away: the log has everything."""
    op.execute("drop table warnings, customers, aliases")

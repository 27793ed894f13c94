"""What people ask of customers and others approve, the staff register, and what row rights look at.

The columns of customers that are there already are filled as each is decided again; `gradeline rebuild` fills all at once.
"""

from __future__ import annotations

from alembic import op

from services.rating.adapters.projections import APPROVALS

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make them."""
    for statement in APPROVALS:
        op.execute(statement)


def downgrade() -> None:
    """Projections can be thrown away; the staff register cannot be had again from the log, so it stays where it is kept."""
    op.execute("drop table approvals, staff")
    op.execute("alter table customers drop column underlying, drop column override_id, drop column companies")

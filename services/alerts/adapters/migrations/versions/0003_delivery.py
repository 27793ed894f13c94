"""The tables of delivery: addresses of channels, subscriptions of systems and what is on its way to them."""

from __future__ import annotations

from alembic import op

from services.alerts.adapters.delivery_tables import DELIVERY

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make them."""
    for statement in DELIVERY:
        op.execute(statement)


def downgrade() -> None:
    """A schema goes forward only."""
    raise NotImplementedError("restore a backup instead")

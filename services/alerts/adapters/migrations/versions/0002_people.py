"""Stands for the revision that makes the tables of people, until it is there."""

from __future__ import annotations

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make nothing."""


def downgrade() -> None:
    """A schema goes forward only."""
    raise NotImplementedError("restore a backup instead")

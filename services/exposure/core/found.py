"""What a command finds: one customer as it stands, for who decides about it."""

from __future__ import annotations

from typing import NamedTuple

from services.exposure.core.figures import Moment
from shared.core.approval.steps import Register


class Found(NamedTuple):
    """One customer as it stands, brought to its day; a customer of whom nothing is known is an empty account."""

    moment: Moment
    register: Register
    """The staff register."""

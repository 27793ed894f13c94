"""What rating knows about one customer: what is told of it, the grade path, and what was said of it."""

from __future__ import annotations

from typing import Any

from services.rating.core.excepting import Waived
from services.rating.core.lived import Lived
from services.rating.core.overriding import Override
from services.rating.core.rising import Granted
from shared.core.approval.request import Approvals
from shared.core.customer.state import Customer, Setting
from shared.core.ledger.position import Position
from shared.core.ledger.reading import BEHAVIOUR


class State(Customer[Position]):
    """One customer with its grade path."""

    __slots__ = (
        "approvals",
        "besides",
        "exceptions",
        "exempt",
        "head",
        "lived",
        "overrides",
        "path",
        "referred",
        "rises",
        "side",
    )

    def __init__(self, customer_id: str, setting: Setting) -> None:
        """A customer of whom nothing is known."""
        super().__init__(customer_id, setting, BEHAVIOUR)
        self.path: list[tuple[int, Any]] = []
        """(day, standing) for each day on which the standing of purpose `credit` changed."""
        self.besides: dict[str, list[tuple[int, Any]]] = {}
        """Every other purpose → its path."""
        self.head = 0
        """The day the path has reached; 0 while nothing was decided."""
        self.referred = 0
        """How many reference facts of the partition the path has seen."""
        self.lived = Lived()
        self.overrides: dict[str, Override] = {}
        """In the order in which they were set."""
        self.exceptions: dict[str, Waived] = {}
        """In the order in which they were granted."""
        self.approvals: Approvals = {}
        self.rises: list[Granted] = []
        """The rises that people granted, an input of the path; they follow from the approvals."""
        self.side: tuple[tuple[object, ...], list[Any]] | None = None
        """What the engine measured of facts that are no document and no payment, and for which day."""
        self.exempt: dict[tuple[str, int], Any] = {}
        """(currency, lens) → what measures found of open items that is too small to matter."""

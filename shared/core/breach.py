"""The rule of a field that does not hold, said where the value is known and the event around it is not."""

from __future__ import annotations


class Breach(ValueError):
    """A value breaks a rule. `msgspec` wraps it with the path; `shared.edge.codec` turns it into `Undecodable`."""

    def __init__(self, message: str, *, rule: str, pointer: str = "") -> None:
        """*message* says the rule and the remedy, *rule* is a code that does not change, *pointer* is relative."""
        super().__init__(message)
        self.message = message
        self.rule = rule
        self.pointer = pointer

"""What every customer of a partition is measured and judged with: references and activated policies."""

from __future__ import annotations

from shared.core.policy.activation import Activation
from shared.core.references import References


class Context(References):
    """References, and the versions of policies that were put in force, by the day from which they are."""

    def __init__(self) -> None:
        """Nothing published yet."""
        super().__init__()
        self.activations: tuple[Activation, ...] = ()

    def activating(self, activations: tuple[Activation, ...]) -> Context:
        """The same publications, with other versions of policies in force."""
        other = Context()
        other.dates, other.days, other.series, other.published = self.dates, self.days, self.series, self.published
        other.activations = activations
        return other

"""Parts within parts, cards of a template, and what is known only once the cards are added up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shared.core.policy.label import Label, is_late

if TYPE_CHECKING:
    from shared.core.policy.policy import Policy


def late_labels(labels: dict[str, Label]) -> frozenset[str]:
    """The labels that are known only after the cards: they read a score, a part, or such a label."""
    late: set[str] = set()
    for name, label in labels.items():
        if any(is_late(alias) or alias in late for alias in label.reads):
            late.add(name)
    return frozenset(late)


def part_names(part: str | None) -> tuple[str, ...]:
    """A part and the parts that hold it: `value.now` and `value`."""
    pieces = (part or "").split(".") if part else []
    return tuple(".".join(pieces[: depth + 1]) for depth in range(len(pieces)))


def places_of(policy: Policy, part: str | None) -> tuple[int, ...]:
    """The places of the cards of *part*, or of all cards."""
    return tuple(place for place, card in enumerate(policy.cards) if not part or part in part_names(card.part))


def of_template(policy: Policy, name: str) -> Policy:
    """*policy* with the cards of one template alone."""
    assert policy.shape is not None
    cards = tuple(card for card in policy.cards if not card.only or name in card.only)
    return msgspec.structs.replace(policy, cards=cards, shape=msgspec.structs.replace(policy.shape, templates=None))

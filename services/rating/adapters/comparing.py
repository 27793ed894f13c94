"""Compares two versions over a population: given measures, or the customers of this installation, a part at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec

from services.rating.adapters.previewing import preview
from services.rating.core.brain import RatingBrain
from services.rating.core.comparing import Compared, Comparison, Member, comparable, compared, of_installation
from services.rating.core.preview import FORMER, with_trial
from shared.core.customer.state import Setting
from shared.core.errors import Malformed
from shared.core.policy.policy import Policy, Title
from shared.core.policy.rulebook import Rulebook
from shared.edge import codes, waiting
from shared.edge.policy_values import read_given
from shared.edge.settings import Settings
from shared.edge.workdays import china

WORDS = {code: Title(said.en, said.zh) for code, said in codes.REASONS.items()}
PART = "select stream from streams where stream > $1 and stream !~ '^~' order by stream limit $2"


class Comparisons:
    """Answers comparisons with the rules of one installation."""

    def __init__(self, settings: Settings, rules: Rulebook) -> None:
        """*rules* are everything that is loaded."""
        self._settings, self._rules = settings, rules

    async def __call__(self, database: Callable[[], Awaitable[Any]], asked: Comparison) -> Compared | None:
        """What comes of *asked*; None where a version is not there. Raises Malformed."""
        before, after = self._version(asked.before), self._version(asked.after)
        if before is None or after is None:
            return None
        if asked.members is not None:
            return compared(before, after, _members(asked.members, before, after), WORDS)
        comparable(before, after)
        rows = await (await database()).fetch(PART, asked.behind, asked.limit + 1)
        streams = [row["stream"] for row in rows]
        part = streams[: asked.limit]
        brain = RatingBrain(
            both(self._rules, before, after), Setting(calendar=china(), currency=self._settings.currency)
        )
        dsn = waiting.named(self._settings)
        effect = await preview(dsn, brain, after, part, asked.as_of, before)
        found = of_installation(effect, before, after, WORDS)
        return msgspec.structs.replace(found, following=part[-1] if len(streams) > len(part) else None)

    def _version(self, named: tuple[str, str]) -> Policy | None:
        book = self._rules.books.get(named[0])
        return next((one for one in book.versions if one.version == named[1]), None) if book else None


def both(rules: Rulebook, before: Policy, after: Policy) -> Rulebook:
    """*rules* with both versions loaded under names of their own, as `preview` takes them."""
    return with_trial(with_trial(rules, before, FORMER), after)


def _members(given: list[tuple[str, dict[str, Any]]], before: Policy, after: Policy) -> Iterator[Member]:
    for place, (customer, measures) in enumerate(given):
        try:
            yield Member(customer, *read_given(measures, (before, after)))
        except Malformed as refused:
            rule = "unknown-field" if refused.rule == "unknown_measure" else "type"
            pointer = f"/population/{place}/measures{refused.pointer}"
            raise Malformed(f"{customer}: {refused.message}", pointer=pointer, rule=rule) from None

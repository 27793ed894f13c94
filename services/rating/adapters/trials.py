"""Trials of a method, in force or a draft, on given measures or on a customer. Nothing that is live is touched."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from services.rating.adapters.context import activations
from services.rating.adapters.viewing import Viewer, customer_view
from services.rating.core.engine import Values
from services.rating.core.trying import Outcome, Trial, tried
from shared.core.errors import Malformed
from shared.core.policy.activation import basis, in_force
from shared.core.policy.flaws import Finding
from shared.core.policy.methods import Methods
from shared.core.policy.policy import Book, Policy, Title
from shared.core.policy.rulebook import Rulebook
from shared.core.refusal import Refusal
from shared.edge import clock, codes
from shared.edge.policy_cards import Shared
from shared.edge.policy_check import DRAFT, check_draft
from shared.edge.policy_values import read_measures
from shared.edge.settings import Settings

WORDS = {code: Title(said.en, said.zh) for code, said in codes.REASONS.items()}


class Trials:
    """Answers trials with the rules of one installation."""

    def __init__(self, settings: Settings, rules: Rulebook, shared: Shared, viewer: Viewer) -> None:
        """*shared* are the tables that a draft may name; *viewer* reads customers under *rules*."""
        self._settings, self._rules, self._shared, self._viewer = settings, rules, shared, viewer

    async def __call__(self, database: Callable[[], Awaitable[Any]], asked: Trial) -> Outcome | None:
        """What comes of *asked*; None where the customer, the method or the version is not there. Raises Malformed."""
        today = clock.today(self._settings.zone)
        policy, findings, viewer = await self._pick(database, asked, today), tuple[Finding, ...](), self._viewer
        if asked.draft is not None:
            policy, found = check_draft(asked.draft, asked.cases, self._shared)
            if policy is not None and policy.method != asked.method:
                raise Malformed(
                    f"draft: it states the method {policy.method}, and the address {asked.method}",
                    pointer="/draft",
                    rule="choice",
                )
            findings = tuple(found)
            if policy is None or (asked.measures is None and asked.customer_id is None):
                return Outcome(findings=findings)
            viewer = customer_view(self._settings, _with(self._rules, policy))
        if policy is None:
            return None
        if asked.reach is not None and asked.reach not in policy.grades:
            raise Malformed(f"reach: write one of {', '.join(policy.grades)}", pointer="/reach", rule="choice")
        if asked.customer_id is None:
            values = _given(asked, policy)
            return Outcome(findings=findings, tried=tried(policy, values, asked.as_of or today, asked.reach, WORDS))
        seen = await viewer.measures(await database(), asked.customer_id, asked.as_of, asked.known_at, policy)
        if seen is None:
            return None
        return Outcome(findings=findings, tried=tried(policy, *seen, asked.reach, WORDS))

    async def _pick(self, database: Callable[[], Awaitable[Any]], asked: Trial, today: date) -> Policy | None:
        book = self._rules.books.get(asked.method)
        if book is None or asked.draft is not None:
            return None
        if asked.version is not None:
            return next((policy for policy in book.versions if policy.version == asked.version), None)
        if len(book.versions) > 1 and basis(self._rules.methods, book):  # which of them binds, the activations say
            async with (await database()).acquire() as connection:
                book = in_force(self._rules, await activations(connection, asked.known_at)).books[asked.method]
        found = book.at(asked.as_of or today)
        return None if isinstance(found, Refusal) else found


def _given(asked: Trial, policy: Policy) -> Values:
    text = json.dumps(asked.measures)
    try:
        return read_measures(text, policy, any_code=asked.is_fact)
    except Malformed as refused:
        rule = "unknown-field" if refused.rule == "unknown_measure" else "type"
        raise Malformed(refused.message, pointer=f"/measures{refused.pointer}", rule=rule) from None


def _with(rules: Rulebook, draft: Policy) -> Rulebook:
    """*rules* and *draft*, which no order of methods names: customers are read through its lenses, and rated as they are."""
    books = {**rules.books, DRAFT: Book(DRAFT, (draft,))}
    return Rulebook(Methods(rules.methods.orders, books), rules.warnings)

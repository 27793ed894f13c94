"""evaluate(policy, values) → Assessment: what the rules say, line by line, or a refusal. Pure and total."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from shared.core.policy.assessment import Assessment
from shared.core.policy.measure import Value
from shared.core.policy.policy import Policy
from shared.core.refusal import SENTENCES, Refusal


def evaluate(policy: Policy, values: Mapping[str, Value], *, as_of: date | None = None) -> Assessment:
    """Assess *values* (alias → value; None or absent: not known) under *policy*.

    Numbers are Decimal (at most 9 decimals) or int, ratios 1 = 100 %; switches bool, codes str. A rule whose measure is
    absent from *values* is silent; one whose measure is None follows its `unknown`. With *as_of*, a policy not yet in
    force refuses. The same values under the same policy give the same record, in any order of keys.
    """
    if as_of is not None and as_of < policy.effective:
        return refused(policy, Refusal.POLICY_NOT_IN_FORCE)
    return policy.plan.run(dict(values))


def refused(policy: Policy, refusal: Refusal) -> Assessment:
    """Return *refusal* in the form of an assessment without lines."""
    return Assessment(
        policy.method,
        policy.version,
        policy.sha256,
        None,
        None,
        refusal,
        SENTENCES[refusal],
        (),
        (),
        (),
        None,
        {},
        (),
        (),
    )

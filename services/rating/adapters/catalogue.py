"""The rules this release ships with, and how the API lists them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from services.rating.core.view import PolicySummary
from shared.core.policy.policy import Policy
from shared.core.policy.rulebook import Rulebook
from shared.edge.approval_chains import Versions, load
from shared.edge.policy_files import load_rules


def shipped() -> Rulebook:
    """Return the rules in `services/rating/policies`. Raises Misconfigured naming file and line."""
    return load_rules(Path(str(files("services.rating"))) / "policies")


def chains() -> Versions:
    """Return who grants what (`services/rating/approvals.yaml`). Raises Misconfigured."""
    return load(Path(str(files("services.rating"))) / "approvals.yaml")


def summaries(rules: Rulebook) -> tuple[PolicySummary, ...]:
    """Return every version of every method, by method, oldest first."""
    return tuple(_summary(policy) for _, book in sorted(rules.books.items()) for policy in book.versions)


def _summary(policy: Policy) -> PolicySummary:
    return PolicySummary(
        id=policy.method,
        version=policy.version,
        sha256=policy.sha256,
        purpose=policy.purpose,
        title=policy.title.en,
        title_zh=policy.title.zh,
        effective=policy.effective,
        approved=policy.approved,
        reference=policy.reference.title,
        grades=policy.grades,
    )

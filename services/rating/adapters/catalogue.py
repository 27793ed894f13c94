"""The rules that rate, from the installation's folder or as shipped, and how the API lists them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from services.rating.core.view import PolicySummary
from shared.core.errors import Misconfigured
from shared.core.policy.policy import Policy
from shared.core.policy.rulebook import Rulebook
from shared.edge.approval_chains import Versions, load
from shared.edge.policy_cards import Shared, read_shared
from shared.edge.policy_chains import check_chains
from shared.edge.policy_files import load_rules
from shared.edge.policy_head import read_file

SHIPPED = Path(str(files("services.rating"))) / "policies"


def shipped() -> Rulebook:
    """Return the rules in `services/rating/policies`. Raises Misconfigured naming file and line."""
    return check_chains(load_rules(SHIPPED), chains())


def in_use(folder: Path | None) -> Rulebook:
    """Return the rules of *folder*, the shipped ones where none is named. Raises Misconfigured naming folder, file and line."""
    if folder is None:
        return shipped()
    if not folder.is_dir():
        raise Misconfigured(f"GRADELINE_POLICIES: {folder} is not a folder; name the folder that holds the rules")
    try:
        return check_chains(load_rules(folder), chains())
    except Misconfigured as error:
        raise Misconfigured(f"GRADELINE_POLICIES: {folder}: {error.message}") from None


def shared_tables(folder: Path | None) -> Shared:
    """Return the tables, marks and rules that the methods of *folder*, or the shipped ones, share. Raises Misconfigured."""
    return read_shared(read_file((folder or SHIPPED) / "tables.yaml"), "tables.yaml")


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

"""The chains of approval that methods name, which the file of the installation has or has not."""

from __future__ import annotations

from shared.core.errors import Misconfigured
from shared.core.policy.rulebook import Rulebook
from shared.edge.approval_chains import Versions


def check_chains(rules: Rulebook, versions: Versions) -> Rulebook:
    """Return *rules*. Raises Misconfigured where a method names a chain that some of *versions* does not have."""
    known = set.intersection(*(set(one.chains) for one in versions))
    for policy in (policy for book in rules.books.values() for policy in book.versions):
        for one in policy.movement.approvals:
            if one.chain and one.chain not in known:
                raise Misconfigured(
                    f"{policy.method}/{policy.version}.yaml: movement.approvals names {one.chain!r}, which is no chain "
                    f"of approvals.yaml; choose among {', '.join(sorted(known))}, or name roles in `by`"
                )
    return rules

"""The lists of rating built again from the log, by the machine that every service has for it (`shared.edge.rebuilding`)."""

from __future__ import annotations

from services.rating.adapters.context import refolder
from services.rating.adapters.projecting import CustomerProjector
from services.rating.core.brain import RatingBrain
from shared.edge.rebuilding import APPROVALS, Rebuild

RAISED_AT = """
update {schema}.warnings n set raised_at = w.raised_at from {other}.warnings w
where (n.customer_id, n.warning_id) = (w.customer_id, w.warning_id) and n.raised_at <> w.raised_at
"""

REBUILD: Rebuild[RatingBrain] = Rebuild(
    "rating",
    {
        "customers": "customer_id, currency, grade, refusal, method, score, since, region, segment, manager, "
        "receivable_balance, overdue_amount, warnings, underlying, override_id, companies",
        "warnings": "customer_id, warning_id, rule, kind, severity, since, figures",
        "ratings": "customer_id, purpose, method, grade, due, refusal, score, since, active, populations, ranks",
        "aliases": "other_source, other_id, customer_id, day, at, source, id",
        "approvals": APPROVALS,
    },
    of_customers=dict.fromkeys(("customers", "warnings", "ratings", "approvals"), "customer_id"),
    refolder=refolder,
    projector=CustomerProjector,
    carried_over=RAISED_AT,
)

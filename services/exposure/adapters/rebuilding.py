"""The lists of exposure built again from the log, by the machine that every service has for it (`shared.edge.rebuilding`)."""

from __future__ import annotations

from services.exposure.adapters.bounds import SCHEMA
from services.exposure.adapters.folding import refolder
from services.exposure.adapters.projecting import PLACE, AccountProjector
from services.exposure.core.brain import ExposureBrain
from shared.edge.rebuilding import APPROVALS, Rebuild

_WHERE = ", ".join(PLACE.split())
TABLES = {
    "accounts": "customer_id, currency, grade, credit_limit, exposure, reserved, utilisation, is_breached, mark, overdue, "
    "days_past_due, suspended_on, held, missing, region, segment, manager, companies",
    "limits": f"customer_id, limit_id, kind, amount, currency, granted_on, valid_from, valid_to, share, {_WHERE}, review_on, "
    "stop_on, grade, granted_by, approval_id",
    "reservations": f"customer_id, order_id, reservation_id, amount, currency, made_on, expires_at, committed, {_WHERE}",
    "holds": f"customer_id, order_id, amount, currency, control_point, reasons, held_on, excess, {_WHERE}, check_id, replaces",
    "spread": "customer_id, part, dimension, name, currency, used",
    "groups": "group_id as customer_id, name, currency, lead, since, ended_on, credit_limit, is_breached, mark",
    "group_members": "group_id as customer_id, customer_id as member, since, until",
    "approvals": APPROVALS,
}
REBUILD: Rebuild[ExposureBrain] = Rebuild(
    SCHEMA,
    TABLES,
    of_customers={name: "group_id" if name.startswith("group") else "customer_id" for name in TABLES},
    refolder=refolder,
    projector=AccountProjector,
)

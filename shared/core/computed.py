"""The names of the measures that Gradeline computes. No other system may report a measure under one of them.

Every service decodes the same facts, so the names stand here; what they mean is said by the rating service, and a test
holds the two together.
"""

from __future__ import annotations

import re

_NAMES = """
receivable_balance overdue_amount overdue_ratio ageing receivable_age max_days_past_due
undisputed_days_past_due worst_days_late days_beyond_terms on_time_ratio net_collection_rate
days_beyond_terms_signed on_time_count_ratio net_collection_rate_literal collection_rate invoiced
collected dso days_to_cash disputed_amount unallocated_cash unapplied_credit prepayments
overdue_difference exposure open_orders delivered_not_invoiced due_documents relationship_months
new_customer sales_trend turnover_falling early_payment_note broken_commitments industry sector
size_class industry_class statement_alr statement_current statement_npm statement_ocf
statement_audited heavy_losses public_record register_check_age_months enforcement_open_ratio
abnormal_operation judgment_debtor licence_revoked fraud_proven insolvency in_default
rival_goods_class trading_months serious_violations breaches
"""
COMPUTED: frozenset[str] = frozenset(_NAMES.split())
"""Without their windows: `worst_days_late` stands for `worst_days_late_90d` too."""

_WINDOW = re.compile(r"_[0-9]+[dm]$")


def is_computed(name: str) -> bool:
    """Whether *name*, with its window or without, is a measure that Gradeline computes."""
    return name in COMPUTED or _WINDOW.sub("", name) in COMPUTED

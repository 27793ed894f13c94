"""Relationship: how long, how regularly, and beside whom."""

from __future__ import annotations

from shared.core.measures.declared import Family, Kind, Measure

_M = Measure
RELATIONSHIP = Family(
    "relationship",
    "relationship",
    "合作关系",
    (
        _M("relationship_months", Kind.MONTHS, "months of relation", "合作月数", "P7"),
        _M("trading_months", Kind.MONTHS, "months since the first credit sale", "首次赊销以来月数", "G-04"),
        _M("new_customer", Kind.FLAG, "new customer", "新客户", "G-05", unknown=True),
        _M("months_with_sales", Kind.COUNT, "whole months with a sale", "有交易月数",
           "RM-33", windowed=True, months_only=True, unknown=0,
           shown=("12m", "24m")),
        _M("contract_days_left", Kind.DAYS, "days until a contract ends", "合同到期剩余天数", "AL-06", unknown=92),
        _M("rival_goods_class", Kind.CODE, "rival goods", "经营同业竞品", "RM-22.06", told=True),
    ),
)  # fmt: skip

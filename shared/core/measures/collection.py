"""Collection: what comes in of what was sold, and how long it takes (features 5.1)."""

from __future__ import annotations

from shared.core.measures.declared import RAW, Family, Kind, Measure

_M = Measure
_DUE = {**RAW, "min_amount": ""}
COLLECTION = Family(
    "collection",
    "collection",
    "回款",
    (
        _M("net_collection_rate", Kind.RATIO, "net collection rate", "净回款率", "RM-22.03", windowed=True, amounts=True,
           params={"reading": "cash", **_DUE}),
        _M("net_collection_rate_literal", Kind.RATIO, "net collection rate, as printed", "净回款率(原文口径)", "RM-22",
           windowed=True, amounts=True, params=_DUE),
        _M("collection_rate", Kind.RATIO, "collection rate of what fell due", "到期回款率", "glossary", windowed=True,
           amounts=True, params=_DUE),
        _M("invoiced", Kind.MONEY, "invoiced", "开票金额", "features 5", windowed=True, unknown=0),
        _M("collected", Kind.MONEY, "collected", "回款金额", "features 5", windowed=True, unknown=0),
        _M("dso", Kind.DAYS, "days sales outstanding, end balance", "应收账款回收天数", "features 5.1", windowed=True,
           amounts=True, mean=True, daily=True),
        _M("dso_count_back", Kind.DAYS, "days sales outstanding, count-back", "应收账款回收天数(倒推法)", "features 5.1",
           amounts=True, mean=True, daily=True, unknown=0),
        _M("best_possible_dso", Kind.DAYS, "best possible days sales outstanding", "最佳应收账款回收天数", "features 5.1",
           windowed=True, amounts=True, mean=True, daily=True),
        _M("average_days_delinquent", Kind.DAYS, "average days delinquent (ADD)", "平均拖欠天数", "features 5.1",
           windowed=True, amounts=True, mean=True, daily=True),
        _M("collection_effectiveness", Kind.RATIO, "collection effectiveness index (CEI)", "收款有效性指数", "features 5.1",
           windowed=True, amounts=True),
        _M("receivable_turnover", Kind.RATIO, "receivable turnover", "应收账款周转率", "features 5.1", windowed=True,
           amounts=True),
        _M("disputed_amount", Kind.MONEY, "open and in dispute", "争议金额", "features A10", unknown=0),
        _M("unallocated_cash", Kind.MONEY, "unallocated cash", "未核销回款", "features A10", unknown=0),
        _M("unapplied_credit", Kind.MONEY, "unapplied credit", "未核销贷项", "features A10", unknown=0),
        _M("prepayments", Kind.MONEY, "customer prepayments", "预收款", "glossary", unknown=0),
        _M("overdue_difference", Kind.MONEY, "billing's overdue notices against our ledger", "逾期通知与台账差额",
           "contracts A", unknown=0),
    ),
)  # fmt: skip

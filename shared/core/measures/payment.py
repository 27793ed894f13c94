"""Payment behaviour: balance, ageing, lateness (features 5.2)."""

from __future__ import annotations

from shared.core.measures.declared import LATENESS, RAW, UNDISPUTED, Family, Kind, Measure

_M = Measure
PAYMENT = Family(
    "payment",
    "payment behaviour",
    "付款行为",
    (
        _M("receivable_balance", Kind.MONEY, "receivable balance", "应收账款余额", "features 5", unknown=0),
        _M("overdue_amount", Kind.MONEY, "overdue amount", "逾期金额", "features B12", params=LATENESS, unknown=0),
        _M("overdue_ratio", Kind.RATIO, "overdue share of the balance", "逾期率", "P2", amounts=True, params=LATENESS,
           unknown=0),
        _M("ageing", Kind.MONEY, "past-due ageing", "逾期账龄", "MN-54.01", by="bucket"),
        _M("receivable_age", Kind.MONEY, "age from invoice", "账龄", "MN-54.02", by="band"),
        _M("bucket_ratio", Kind.RATIO, "share of one bucket in the balance", "账龄区间占比", "features 5.1", amounts=True,
           params={"bucket": "over_90"}, unknown=0),
        _M("severely_delinquent", Kind.FLAG, "10 % of the balance or more is over 90 days past due", "严重拖欠", "features 5.2",
           amounts=True, unknown=False),
        _M("max_days_past_due", Kind.DAYS, "days past due of the oldest open item", "未收款最长逾期天数", "features B12",
           params=LATENESS, unknown=0),
        _M("undisputed_days_past_due", Kind.DAYS, "days past due of the oldest undisputed item", "无争议未收款最长逾期天数",
           "G-20", params={**LATENESS, **UNDISPUTED}, unknown=0),
        _M("worst_days_late", Kind.DAYS, "maximum days late, paid and open", "最长逾期付款天数", "RM-22.04", windowed=True,
           params=LATENESS),
        _M("days_beyond_terms", Kind.DAYS, "average days beyond terms (DBT)", "加权平均逾期天数", "features 5.2, P1",
           windowed=True, amounts=True, params=LATENESS, mean=True),
        _M("days_beyond_terms_signed", Kind.DAYS, "average days beyond terms, early counted", "加权平均逾期天数(含提前)",
           "features 5.2", windowed=True, amounts=True, params=LATENESS, mean=True),
        _M("clean_days_beyond_terms", Kind.DAYS, "average days beyond terms of what is undisputed", "无争议加权平均逾期天数",
           "features 5.2", windowed=True, amounts=True, params={**LATENESS, **UNDISPUTED}, mean=True),
        _M("days_beyond_terms_buckets", Kind.DAYS, "days beyond terms from the buckets", "分段估算逾期天数", "features 5.2",
           amounts=True, params={"over": "overdue"}, mean=True, unknown=0),
        _M("days_beyond_terms_change", Kind.DAYS, "days beyond terms of 3 months against the 12 before", "逾期天数变化",
           "MN-15.01", amounts=True, params=RAW, mean=True),
        _M("on_time_ratio", Kind.RATIO, "on-time payment rate", "按期付款率", "P3", windowed=True, amounts=True,
           params={"basis": "amount", **LATENESS}),
        _M("on_time_count_ratio", Kind.RATIO, "on-time payment rate by count", "按期付款率(笔数)", "P3", windowed=True,
           params=LATENESS),
        _M("due_documents", Kind.COUNT, "items that fell due", "到期笔数", "G-04", windowed=True, params=RAW, unknown=0),
        _M("late_items", Kind.COUNT, "items not settled whole by their due date", "逾期笔数", "RM-18.03", windowed=True,
           params=LATENESS, unknown=0),
    ),
)  # fmt: skip

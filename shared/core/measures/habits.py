"""Payment habits: how early, by what, by whom, and how much at most (features 5.2)."""

from __future__ import annotations

from shared.core.measures.declared import Family, Kind, Measure

_M = Measure
HABITS = Family(
    "habits",
    "payment habits",
    "付款习惯",
    (
        _M("payment_index", Kind.POINTS, "payment index", "付款指数", "features 5.2", windowed=True, amounts=True),
        _M("days_to_pay", Kind.DAYS, "average days from booking to payment", "加权平均付款天数", "features 5.2",
           windowed=True, amounts=True, mean=True),
        _M("days_to_cash", Kind.DAYS, "days to cash, bill term included", "实际变现天数", "G-32", windowed=True, amounts=True,
           mean=True),
        _M("discount_taken_ratio", Kind.RATIO, "share of offered cash discounts that was taken", "现金折扣利用率",
           "features B18", windowed=True, amounts=True),
        _M("early_payment_note", Kind.FLAG, "pays earlier than it used to", "提前付款提示", "RM-22.08", amounts=True),
        _M("high_credit", Kind.MONEY, "highest balance", "最高欠款额", "features 5.2", windowed=True, unknown=0),
        _M("last_payment_days", Kind.DAYS, "days since the last payment", "距最近付款天数", "features B16", daily=True),
        _M("last_payment_amount", Kind.MONEY, "amount of the last payment day", "最近付款金额", "features B16"),
        _M("third_party_ratio", Kind.RATIO, "share of receipts that others paid", "第三方付款占比", "MN-16.01",
           windowed=True, amounts=True),
        _M("bill_ratio", Kind.RATIO, "share of receipts in bills", "票据收款占比", "LT-09.11", windowed=True, amounts=True),
    ),
)  # fmt: skip

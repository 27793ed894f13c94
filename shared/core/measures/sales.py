"""Sales: how much of what a customer buys, how it grows, falls and swings. By booking date of invoices and debit notes."""

from __future__ import annotations

from shared.core.measures.declared import Family, Kind, Measure

_M = Measure
_GOODS = {"product_class": "", "unit": ""}
"""Which lines of the invoices: all where nothing is said."""
SALES = Family(
    "sales",
    "sales",
    "销售",
    (
        _M("sales_trend", Kind.RATIO, "sales against a year ago", "销售同比", "P8", amounts=True),
        _M("turnover_falling", Kind.FLAG, "turnover falling", "销售连续下滑", "RM-18.06", amounts=True),
        _M("sales_growth", Kind.RATIO, "sales against the window before", "销售环比", "RM-33", windowed=True, amounts=True),
        _M("monthly_sales", Kind.MONEY, "monthly average sales of whole months", "月均销售额",
           "RM-01", windowed=True, months_only=True,
           shown=("3m", "12m")),
        _M("quarter_sales", Kind.MONEY, "monthly average sales of the last quarter", "上季度月均销售额", "RM-01"),
        _M("decayed_sales", Kind.MONEY, "sales of the last months, weighted", "衰减加权月销售额", "RM-02",
           params={"decay": "50/30/20"}),
        _M("sales_slope", Kind.RATIO, "monthly trend of sales", "销售月度趋势",
           "RM-18.06", windowed=True, months_only=True, amounts=True,
           shown=("12m", "24m")),
        _M("sales_variation", Kind.RATIO, "variation of monthly sales", "月销售波动系数",
           "RM-01.05", windowed=True, months_only=True,
           amounts=True, shown=("12m", "24m")),
        _M("seasonal_index", Kind.RATIO, "season of this calendar month", "季节指数", "DP-08.01", amounts=True),
        _M("sales_documents", Kind.COUNT, "invoices and debit notes", "交易笔数", "RM-24", windowed=True, unknown=0),
        _M("sales_volume", Kind.COUNT, "quantity sold", "销售数量", "RM-01", windowed=True, params=_GOODS, mean=True,
           unknown=0, shown=()),
        _M("quarter_volume", Kind.COUNT, "monthly average quantity of the last quarter", "上季度月均销量", "RM-01",
           params=_GOODS, mean=True, shown=()),
        _M("decayed_volume", Kind.COUNT, "quantity of the last months, weighted", "衰减加权月销量", "RM-02",
           params={"decay": "50/30/20", **_GOODS}, mean=True, shown=()),
        _M("class_share", Kind.RATIO, "share of a product class in sales", "品类销售占比", "RM-02", windowed=True,
           amounts=True, params={"product_class": ""}, shown=()),
        _M("average_price", Kind.MONEY, "average price", "平均单价", "RM-02", windowed=True, params=_GOODS, shown=()),
        _M("product_classes", Kind.COUNT, "product classes bought", "购买品类数", "RM-31.01", windowed=True, unknown=0),
    ),
)  # fmt: skip

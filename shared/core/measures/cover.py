"""Exposure, and the collateral that covers it after haircut."""

from __future__ import annotations

from shared.core.measures.declared import Family, Kind, Measure

_M = Measure
COVER = Family(
    "cover",
    "exposure and cover",
    "信用占用与担保",
    (
        _M("exposure", Kind.MONEY, "gross exposure", "信用占用额", "contracts D1", unknown=0),
        _M("open_orders", Kind.MONEY, "open orders", "未交货订单", "contracts D1", unknown=0),
        _M("delivered_not_invoiced", Kind.MONEY, "delivered, not invoiced", "已发货未开票", "contracts D1", unknown=0),
        _M("collateral_value", Kind.MONEY, "collateral after haircut", "折后担保价值", "LT-57", params={"valid_months": 12},
           unknown=0),
        _M("collateral_cover", Kind.RATIO, "collateral after haircut ÷ exposure", "担保覆盖率", "COV", amounts=True,
           params={"valid_months": 12}),
    ),
)  # fmt: skip

"""Votes as a percentage, and the two axes of a customer's worth: value and loyalty."""

from __future__ import annotations

from shared.core.measures.declared import Family, Kind, Measure

_M = Measure
_VALID = {"valid_months": 12}
VALUE_WEIGHTS, LOYALTY_WEIGHTS = "25/15/10/10/10/10/12/8", "30/30/25/15"
"""Assumed (RM-31.01, RM-31.02)."""
VALUE = Family(
    "value",
    "votes and value",
    "满意度与客户价值",
    (
        _M("satisfaction", Kind.POINTS, "satisfaction by votes", "满意度", "RM-35.01", told=True,
           params={"weights": "100/80/60/30/0", **_VALID}),
        _M("basic_satisfaction_rate", Kind.RATIO, "basic satisfaction rate", "基本满意率", "RM-35", told=True, params=_VALID),
        _M("value_index", Kind.POINTS, "value index", "客户价值指数", "RM-31.01", told=True,
           params={"weights": VALUE_WEIGHTS, **_VALID}),
        _M("loyalty_index", Kind.POINTS, "loyalty index", "客户忠诚指数", "RM-31.02", told=True,
           params={"weights": LOYALTY_WEIGHTS, **_VALID}),
        _M("value_cell", Kind.CODE, "cell of the value-loyalty grid", "价值-忠诚方格", "RM-31.03", told=True,
           params={"borders": "70/45/60", **_VALID}),
    ),
)  # fmt: skip

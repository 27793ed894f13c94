"""Expert scores: one assessor, or a panel in rounds (Delphi)."""

from __future__ import annotations

from shared.core.measures.declared import Family, Kind, Measure, Parameter

_M = Measure
_ASKED: dict[str, Parameter] = {"method": "", "question": "", "valid_months": 6}
"""Which assessments: of any method where none is named; the mean of all answers where no question is; RM-23.06."""
EXPERT = Family(
    "expert",
    "expert scores",
    "专家评分",
    (
        _M("expert_score", Kind.POINTS, "newest expert score", "最近专家评分", "RM-23", told=True, daily=True,
           params={**_ASKED, "valid_months": 12}),
        _M("delphi_median", Kind.POINTS, "median of the panel", "专家组中位数", "RM-23.02", told=True, daily=True,
           params=_ASKED),
        _M("delphi_spread", Kind.POINTS, "middle half of the panel", "专家组四分位距", "RM-23.02", told=True, daily=True,
           params=_ASKED),
        _M("delphi_shift", Kind.POINTS, "move of the median since the round before", "中位数变动", "RM-23.02", told=True,
           daily=True, params=_ASKED),
        _M("delphi_rounds", Kind.COUNT, "rounds of the panel", "专家组轮次", "RM-23.02", told=True, daily=True, params=_ASKED,
           unknown=0),
        _M("delphi_experts", Kind.COUNT, "experts of the newest round", "专家人数", "RM-23.01", told=True, daily=True,
           params=_ASKED, unknown=0),
        _M("delphi_converged", Kind.FLAG, "the panel agrees", "专家意见收敛", "RM-23.02", told=True, daily=True,
           params=_ASKED),
    ),
)  # fmt: skip

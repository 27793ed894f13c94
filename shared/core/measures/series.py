"""Series that another system reports period by period: meter readings, power, head-count, orders."""

from __future__ import annotations

from shared.core.measures.declared import Family, Kind, Measure

_M = Measure
_WHICH = {"series": "consumption"}
SERIES = Family(
    "series",
    "reported series",
    "外部时间序列",
    (
        _M("series_last", Kind.POINTS, "newest value of a series", "序列最新值", "RM-21.01", told=True, params=_WHICH),
        _M("series_sum", Kind.POINTS, "sum of a series", "序列合计", "RM-21.01", windowed=True, told=True, params=_WHICH),
        _M("series_mean", Kind.POINTS, "mean of a series", "序列均值", "RM-21.01", windowed=True, told=True, params=_WHICH),
        _M("series_change", Kind.RATIO, "newest value against a year ago", "序列同比", "RM-21.01", told=True, params=_WHICH),
        _M("series_z", Kind.POINTS, "robust z of the newest value", "稳健z值", "RM-21.01", windowed=True, told=True,
           params=_WHICH, shown=("24m",)),
        _M("series_low_periods", Kind.COUNT, "newest periods that are far too low", "连续异常低值期数", "RM-21.01",
           windowed=True, told=True, params=_WHICH, shown=("24m",)),
    ),
)  # fmt: skip

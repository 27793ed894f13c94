"""What the measure library says beside its titles, in Chinese: formulas, units, and what a parameter may be."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

UNITS = {
    "ratio": "比率",
    "days": "天",
    "months": "月",
    "count": "个数",
    "money": "金额",
    "points": "分",
    "flag": "是否",
    "code": "代码",
    "money by bucket": "按账龄区间的金额",
    "money by band": "按账龄段的金额",
}
"""What a measure is measured in."""
VALUES = {
    "a word": "词语",
    "a number": "数字",
    "yes · no": "是 · 否",
    "numbers, as 50/30/20": "数字，如 50/30/20",
}
"""What a parameter may be, where it is no closed list."""
AS_REPORTED = "按最近报送：credit.measure.reported.v1。"


@cache
def formulas() -> dict[str, str]:
    """Measure → formula in Chinese."""
    text = files("shared.edge").joinpath("formulas.yaml").read_text("utf-8")
    found: dict[str, str] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it builds text only
    return found


def chinese_of(measure: str, unit: str) -> dict[str, str]:
    """`formula_zh` and `unit_zh` of a measure; one that only another system knows is read as reported."""
    return {"formula_zh": formulas().get(measure, AS_REPORTED), "unit_zh": UNITS[unit]}

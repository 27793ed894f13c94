"""Profile and registry: who the customer is."""

from __future__ import annotations

from shared.core.measures.declared import Family, Kind, Measure

_M = Measure
PROFILE = Family(
    "profile",
    "profile and registry",
    "客户资料与登记",
    (
        _M("customer_kind", Kind.CODE, "kind of customer", "客户类型", "contracts A", told=True),
        _M("customer_status", Kind.CODE, "status of the customer", "客户状态", "contracts A", told=True),
        _M("industry", Kind.CODE, "industry", "行业", "contracts A", told=True),
        _M("sector", Kind.CODE, "sector of the ratio marks", "行业大类", "R-1", told=True),
        _M("industry_class", Kind.CODE, "class on the industry list", "行业分类", "IND", told=True),
        _M("size_class", Kind.CODE, "size class", "企业规模", "SIZE", told=True),
        _M("region", Kind.CODE, "region", "区域", "contracts A", told=True),
        _M("segment", Kind.CODE, "segment", "客户群", "contracts A", told=True),
        _M("ownership", Kind.CODE, "ownership", "所有制性质", "contracts A", told=True),
        _M("head_count", Kind.COUNT, "head-count", "人数", "RM-18", told=True),
        _M("paid_in_capital", Kind.MONEY, "paid-in capital", "实缴资本", "RM-18.08"),
        _M("register_check_age_months", Kind.MONTHS, "months since the register was checked", "工商核查距今月数", "G-21",
           told=True),
    ),
)  # fmt: skip

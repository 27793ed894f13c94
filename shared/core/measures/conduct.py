"""Conduct: default, breaches and violations, promises, bounced payments, disputes, claims, reminders."""

from __future__ import annotations

from shared.core.measures.declared import Family, Kind, Measure, Parameter

_M = Measure
_MATTER: dict[str, Parameter] = {"severity": "", "proven": False}
CONDUCT = Family(
    "conduct",
    "conduct",
    "履约行为",
    (
        _M("in_default", Kind.FLAG, "in default", "违约", "G-17, G-18", unknown=False),
        _M("broken_commitments", Kind.COUNT, "promises broken, payments bounced", "失信次数", "P5", windowed=True, told=True,
           unknown=0),
        _M("broken_promises", Kind.COUNT, "promises broken", "违背承诺次数", "RM-18.02", windowed=True, told=True, unknown=0),
        _M("open_promises", Kind.COUNT, "promises that still run", "未到期承诺数", "features 5.1", told=True, daily=True,
           unknown=0),
        _M("promise_kept_ratio", Kind.RATIO, "promise-kept rate", "承诺兑现率", "features 5.1", windowed=True,
           daily=True, params={"basis": "amount"}),
        _M("bounced_payments", Kind.COUNT, "payments bounced", "退票次数", "P5", windowed=True, told=True, unknown=0),
        _M("breaches", Kind.COUNT, "breaches of contract", "违约行为次数", "MN-05", windowed=True, told=True, unknown=0),
        _M("violations", Kind.COUNT, "violations of our rules", "违规次数", "RM-01.07", windowed=True, told=True,
           params=_MATTER, unknown=0),
        _M("complaints", Kind.COUNT, "complaints", "投诉次数", "RM-24", windowed=True, told=True, params=_MATTER, unknown=0),
        _M("open_complaints", Kind.COUNT, "complaints that are open", "未了结投诉数", "AL-15", told=True, unknown=0),
        _M("conduct_matters", Kind.COUNT, "matters of conduct", "行为事项数", "contracts A", windowed=True, told=True,
           params={"kind": "", **_MATTER}, unknown=0),
        _M("fraud_proven", Kind.FLAG, "proven fraud", "欺诈", "G-19", told=True, unknown=False),
        _M("open_suspicions", Kind.COUNT, "suspicions of theft or fraud that are open", "未了结窃取与欺诈嫌疑数", "AL-10",
           told=True, unknown=0),
        _M("disputes", Kind.COUNT, "disputes opened", "争议次数", "RM-30", windowed=True, unknown=0),
        _M("open_disputes", Kind.COUNT, "disputes that are open", "未决争议数", "features A10", unknown=0),
        _M("disputed_ratio", Kind.RATIO, "disputed ÷ invoiced", "争议率", "P11", windowed=True, amounts=True),
        _M("claims", Kind.MONEY, "quality claims", "质量索赔额", "RM-22", windowed=True, unknown=0),
        _M("claims_ratio", Kind.RATIO, "quality claims ÷ invoiced", "索赔率", "MN-08.01", windowed=True, amounts=True),
        _M("returns_ratio", Kind.RATIO, "returns ÷ invoiced", "退货率", "RM-24", windowed=True, amounts=True),
        _M("dunning_letters", Kind.COUNT, "reminders sent", "催款次数", "MN-08.01", windowed=True, told=True, daily=True,
           params={"level": 0}, unknown=0),
        _M("dunning_level", Kind.COUNT, "highest dunning level", "最高催款级别", "DN-03", windowed=True, told=True, daily=True,
           unknown=0),
        _M("last_dunning_days", Kind.DAYS, "days since the last reminder", "距最近催款天数", "DN-03", told=True, daily=True),
        _M("days_after_reminder", Kind.DAYS, "days from a reminder to money", "催款后回款天数", "MN-06", windowed=True,
           daily=True, params={"level": 0}),
    ),
)  # fmt: skip

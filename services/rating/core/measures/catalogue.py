"""Every measure by name, with unit, titles, formula and source; and how what a method reads is compiled into functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from services.rating.core.measures import customer, payment, sales
from services.rating.core.measures.reading import UNDISPUTED, Params, Reader
from services.rating.core.position import RAW, Lens
from shared.core.errors import Misconfigured
from shared.core.policy.measure import REPORTED, Parameter, Reading, kind_of

Measured = Callable[[Reader], Any]
_WINDOW = re.compile(r"^(?P<name>.+)_(?P<window>\d+[dm])$")


class Measure(msgspec.Struct, frozen=True):
    """One measure of the library."""

    name: str
    unit: str
    en: str
    zh: str
    source: str
    function: Callable[[Reader, Params], Any]
    windowed: bool = False
    amounts: bool = False
    """Whether amounts of several documents go into it: not known where a rate is missing."""
    params: Mapping[str, Parameter] = {}
    """How it is read where nothing else is said."""
    formula: str = ""


def _m(name: str, unit: str, en: str, zh: str, source: str, function: Any, *, windowed: bool = False,
       amounts: bool = False, params: Mapping[str, Parameter] | None = None) -> Measure:  # fmt: skip
    formula = (getattr(function, "__doc__", "") or "").strip().split("\n")[0]
    amounts = amounts or unit.startswith("money")
    return Measure(name, unit, en, zh, source, function, windowed, amounts, params or {}, formula)


_ALL = (
    _m("receivable_balance", "money", "receivable balance", "应收账款余额", "features 5", payment.receivable_balance),
    _m("overdue_amount", "money", "overdue amount", "逾期金额", "features B12", payment.overdue_amount),
    _m("overdue_ratio", "ratio", "overdue share of the balance", "逾期率", "P2", payment.overdue_ratio, amounts=True),
    _m("ageing", "money by bucket", "past-due ageing", "逾期账龄", "MN-54.01", payment.ageing),
    _m("receivable_age", "money by band", "age from invoice", "账龄", "MN-54.02", payment.receivable_age),
    _m("max_days_past_due", "days", "days past due of the oldest open item", "未收款最长逾期天数", "features B12",
       payment.max_days_past_due),
    _m("undisputed_days_past_due", "days", "days past due of the oldest undisputed item", "无争议未收款最长逾期天数", "G-20",
       payment.undisputed_days_past_due,
       params={"exclude_disputed": UNDISPUTED.exclude_disputed, "due_roll": UNDISPUTED.due_roll}),
    _m("worst_days_late", "days", "maximum days late, paid and open", "最长逾期付款天数", "RM-22.04",
       payment.worst_days_late, windowed=True),
    _m("days_beyond_terms", "days", "average days beyond terms (DBT)", "加权平均逾期天数", "features 5.2, P1",
       payment.days_beyond_terms, windowed=True, amounts=True),
    _m("on_time_ratio", "ratio", "on-time payment rate", "按期付款率", "P3", payment.on_time_ratio, windowed=True, amounts=True),
    _m("net_collection_rate", "ratio", "net collection rate", "净回款率", "RM-22.03", payment.net_collection_rate,
       windowed=True, amounts=True),
    _m("days_beyond_terms_signed", "days", "average days beyond terms, early counted", "加权平均逾期天数(含提前)",
       "features 5.2", payment.days_beyond_terms_signed, windowed=True, amounts=True),
    _m("on_time_count_ratio", "ratio", "on-time payment rate by count", "按期付款率(笔数)", "P3", payment.on_time_count_ratio,
       windowed=True),
    _m("net_collection_rate_literal", "ratio", "net collection rate, as printed", "净回款率(原文口径)", "RM-22",
       payment.net_collection_rate_literal, windowed=True, amounts=True),
    _m("collection_rate", "ratio", "collection rate of what fell due", "到期回款率", "glossary", payment.collection_rate,
       windowed=True, amounts=True),
    _m("invoiced", "money", "invoiced", "开票金额", "features 5", payment.invoiced, windowed=True),
    _m("collected", "money", "collected", "回款金额", "features 5", payment.collected, windowed=True),
    _m("dso", "days", "days sales outstanding, end balance", "应收账款回收天数", "features 5.1", payment.dso,
       windowed=True, amounts=True),
    _m("days_to_cash", "days", "days to cash, bill term included", "实际变现天数", "G-32", payment.days_to_cash,
       windowed=True, amounts=True),
    _m("disputed_amount", "money", "open and in dispute", "争议金额", "features A10", payment.disputed_amount),
    _m("unallocated_cash", "money", "unallocated cash", "未核销回款", "features A10", payment.unallocated_cash),
    _m("unapplied_credit", "money", "unapplied credit", "未核销贷项", "features A10", payment.unapplied_credit),
    _m("prepayments", "money", "customer prepayments", "预收款", "glossary", payment.prepayments),
    _m("overdue_difference", "money", "billing's overdue notices against our ledger", "逾期通知与台账差额", "contracts A",
       payment.overdue_difference),
    _m("exposure", "money", "gross exposure", "信用占用额", "contracts D1", payment.exposure),
    _m("open_orders", "money", "open orders", "未交货订单", "contracts D1", payment.exposure_of("order")),
    _m("delivered_not_invoiced", "money", "delivered, not invoiced", "已发货未开票", "contracts D1",
       payment.exposure_of("delivery")),
    _m("due_documents", "count", "items that fell due", "到期笔数", "G-04", payment.due_documents, windowed=True),
    _m("relationship_months", "months", "months of relation", "合作月数", "P7", sales.relationship_months),
    _m("trading_months", "months", "months since the first credit sale", "首次赊销以来月数", "G-04", sales.trading_months),
    _m("new_customer", "flag", "new customer", "新客户", "G-05", sales.new_customer),
    _m("sales_trend", "ratio", "sales against a year ago", "销售同比", "P8", sales.sales_trend, amounts=True),
    _m("turnover_falling", "flag", "turnover falling", "销售连续下滑", "RM-18.06", sales.turnover_falling, amounts=True),
    _m("early_payment_note", "flag", "pays earlier than it used to", "提前付款提示", "RM-22.08",
       sales.early_payment_note, amounts=True),
    _m("broken_commitments", "count", "promises broken, payments bounced", "失信次数", "P5", customer.broken_commitments,
       windowed=True),
    _m("industry", "code", "industry", "行业", "contracts A", customer.attribute("industry")),
    _m("sector", "code", "sector of the ratio marks", "行业大类", "R-1", customer.attribute("industry")),
    _m("size_class", "code", "size class", "企业规模", "SIZE", customer.attribute("size_class")),
    _m("industry_class", "code", "class on the industry list", "行业分类", "IND", customer.industry_class),
    _m("statement_alr", "ratio", "liabilities ÷ assets", "资产负债率", "R.alr",
       customer.statement_ratio("total_liabilities", "total_assets")),
    _m("statement_current", "ratio", "current ratio", "流动比率", "R.cur",
       customer.statement_ratio("current_assets", "current_liabilities")),
    _m("statement_npm", "ratio", "net profit margin", "净利率", "R.npm", customer.statement_ratio("net_profit", "revenue")),
    _m("statement_ocf", "ratio", "operating cash flow ÷ current liabilities", "经营现金流动负债比", "R.ocf",
       customer.statement_ratio("operating_cash_flow", "current_liabilities")),
    _m("statement_audited", "flag", "statements audited", "报表经审计", "G-11", customer.statement_audited),
    _m("heavy_losses", "flag", "heavy losses", "重大亏损", "RM-18.07", customer.heavy_losses),
    _m("public_record", "code", "negative public record", "负面公开记录", "P10", customer.public_record),
    _m("register_check_age_months", "months", "months since the register was checked", "工商核查距今月数", "G-21",
       customer.register_check_age_months),
    _m("enforcement_open_ratio", "ratio", "open enforcement ÷ net assets", "被执行金额占净资产", "G-20",
       customer.enforcement_open_ratio),
    _m("abnormal_operation", "flag", "on the abnormal-operations list", "经营异常", "G-21",
       customer.signalled("abnormal_operation")),
    _m("judgment_debtor", "flag", "dishonest judgment debtor", "失信被执行人", "G-19", customer.signalled("dishonest_debtor")),
    _m("licence_revoked", "flag", "licence revoked", "吊销执照", "G-19",
       customer.signalled("licence_revoked", "licence_cancelled")),
    _m("serious_violations", "flag", "on the list of serious violations", "严重违法失信", "G-20",
       customer.signalled("blacklist", "serious_violation")),
    _m("breaches", "count", "breaches of contract", "违约行为次数", "MN-05", customer.breaches, windowed=True),
    _m("fraud_proven", "flag", "proven fraud", "欺诈", "G-19", customer.fraud_proven),
    _m("insolvency", "flag", "insolvency", "破产", "G-17", customer.signalled("insolvency")),
    _m("in_default", "flag", "in default", "违约", "G-17, G-18", customer.in_default),
    _m("rival_goods_class", "code", "rival goods", "经营同业竞品", "RM-22.06", customer.rival_goods_class),
)  # fmt: skip

CATALOGUE: Mapping[str, Measure] = {measure.name: measure for measure in _ALL}


def reads_ledger(reading: Reading) -> bool:
    """Whether documents or payments can change it; if not, it is a matter of profile, records and reports alone."""
    function = _measure_of(reading)[0].function
    return function.__module__ != customer.__name__ or function is customer.in_default


def lens_of(reading: Reading) -> Lens:
    """The lens that *reading* looks through. Raises Misconfigured for a measure that does not exist."""
    params = {**_measure_of(reading)[0].params, **reading.params}
    disputed, grace = params.get("exclude_disputed", 0), params.get("grace_days", 0)
    return Lens(int(disputed), bool(params.get("due_roll", False)), int(grace))


def lenses_of(readings: list[Reading]) -> tuple[Lens, ...]:
    """Every lens that *readings* need, the raw one first; the second is for what is undisputed by its name."""
    return tuple(dict.fromkeys([RAW, UNDISPUTED, *(lens_of(reading) for reading in readings)]))


def _measure_of(reading: Reading) -> tuple[Measure, str]:
    """The measure that is read, and the window. Raises Misconfigured where either does not exist."""
    name, window = reading.measure, ""
    if name.startswith(REPORTED):
        kind, months = kind_of(reading), int(reading.params.get("valid_months", 0))
        function = customer.reported(name.removeprefix(REPORTED), kind, months)
        return Measure(name, kind, name, name, "credit.measure.reported.v1", function), window
    if name not in CATALOGUE and (match := _WINDOW.match(name)):
        name, window = match["name"], match["window"]
    measure = CATALOGUE.get(name)
    if measure is None or (window and not measure.windowed):
        raise Misconfigured(f"there is no measure {reading.measure!r}; docs/measures.md lists them all")
    return measure, window


def compile_reading(reading: Reading, lenses: tuple[Lens, ...]) -> Measured:
    """Return the function that reads it. Raises Misconfigured for a measure or window that does not exist."""
    measure, window = _measure_of(reading)
    params = reading.params
    lens = lens_of(reading)
    if lens not in lenses:
        raise Misconfigured(f"{reading.measure!r} is read in a way that this ledger was not built for: {lens}")
    asked = Params(
        window=window,
        lens=lenses.index(lens),
        grace=lens.grace_days,
        min_amount=str(params.get("min_amount", "")),
        basis=str(params.get("basis", "amount")),
        reading=str(params.get("reading", "cash")),
        signed=bool(params.get("signed", False)),
    )
    function = measure.function
    if asked.min_amount or (measure.amounts and asked.basis == "amount"):
        return lambda reader: None if reader.without_rate else function(reader, asked)
    return lambda reader: function(reader, asked)

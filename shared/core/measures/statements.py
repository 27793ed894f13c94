"""Statements: every ratio that a method names, of the newest statement received (R-1 to R-11)."""

from __future__ import annotations

from shared.core.measures.declared import Family, Kind, Measure

_M = Measure
STATEMENTS = Family(
    "statements",
    "financial statements",
    "财务报表",
    (
        _M("statement_alr", Kind.RATIO, "liabilities ÷ assets", "资产负债率", "R.alr", told=True),
        _M("statement_current", Kind.RATIO, "current ratio", "流动比率", "R.cur", told=True),
        _M("statement_quick", Kind.RATIO, "quick ratio", "速动比率", "R.qck", told=True),
        _M("statement_ocf", Kind.RATIO, "operating cash flow ÷ current liabilities", "经营现金流动负债比", "R.ocf", told=True),
        _M("statement_icov", Kind.RATIO, "interest cover", "利息保障倍数", "R.icov", told=True),
        _M("statement_npm", Kind.RATIO, "net profit margin", "净利率", "R.npm", told=True),
        _M("statement_roe", Kind.RATIO, "return on equity", "净资产收益率", "R.roe", told=True),
        _M("statement_ard", Kind.DAYS, "the customer's own receivable days", "客户应收账款周转天数", "R.ard", told=True,
           mean=True),
        _M("statement_ivd", Kind.DAYS, "inventory days", "存货周转天数", "R.ivd", told=True, mean=True),
        _M("statement_gro", Kind.RATIO, "revenue growth", "营业收入增长率", "R.gro", told=True),
        _M("statement_debt_to_revenue", Kind.RATIO, "debt ÷ yearly revenue", "负债占营业收入", "RM-16.01", told=True),
        _M("statement_equity_ratio", Kind.RATIO, "own funds ÷ assets", "自有资金比率", "RM-25", told=True),
        _M("net_assets", Kind.MONEY, "net assets", "净资产", "RM-14.01"),
        _M("yearly_revenue", Kind.MONEY, "yearly revenue", "年营业收入", "RM-03"),
        _M("negative_equity", Kind.FLAG, "negative equity", "资不抵债", "R-10", told=True),
        _M("heavy_losses", Kind.FLAG, "heavy losses", "重大亏损", "RM-18.07", told=True),
        _M("profit_years", Kind.COUNT, "yearly statements with a profit, one after the other", "连续盈利年数", "RM-18",
           told=True),
        _M("statement_years", Kind.COUNT, "yearly statements, one after the other", "连续年报数", "RM-05.06", told=True,
           unknown=0),
        _M("statement_audited", Kind.FLAG, "statements audited", "报表经审计", "G-11", told=True),
        _M("statement_age_months", Kind.MONTHS, "months since the newest statement's period", "报表距今月数", "G-10",
           told=True),
    ),
)  # fmt: skip

"""Measures that only another system knows, by the names that the library and the templates read (`credit.measure.reported.v1`).

Any other name may be reported too; these are the ones with a meaning of their own.
"""

from __future__ import annotations

import msgspec

from shared.core.measures.declared import Kind


class Reported(msgspec.Struct, frozen=True):
    """One measure that another system reports."""

    name: str
    kind: Kind
    en: str
    zh: str
    system: str
    """Who knows it."""


VOTES = (
    "votes_very_satisfied",
    "votes_satisfied",
    "votes_basically_satisfied",
    "votes_dissatisfied",
    "votes_very_dissatisfied",
)
"""Best first (RM-35)."""
COLLATERAL = (
    "pledged_deposits",
    "pledged_bonds",
    "pledged_bills",
    "pledged_shares",
    "mortgaged_real_estate",
    "pledged_machinery",
    "pledged_vehicles",
    "pledged_stock",
    "pledged_receivables",
    "pledged_rights",
    "guarantees",
)
"""Values before haircut, in the customer's currency (LT-57)."""
VALUE_PARTS = (
    "value_margin",
    "value_sales",
    "value_growth",
    "value_size",
    "value_wallet",
    "value_groups",
    "value_payment",
    "value_service",
)
"""Points 0 to 100 (RM-31.01)."""
LOYALTY_PARTS = ("loyalty_relation", "loyalty_orders", "loyalty_wallet", "loyalty_satisfaction")
"""Points 0 to 100 (RM-31.02)."""

_R = Reported
REPORTED_MEASURES = (
    _R("rival_goods", Kind.CODE, "rival goods, by word", "竞品情况", "visits"),
    _R("rival_goods_share", Kind.RATIO, "rivals' share of the business", "竞品占比", "visits"),
    _R("register_check", Kind.COUNT, "the register was looked at", "工商核查", "registry check"),
    _R("agency_rating", Kind.CODE, "rating by an agency", "外部评级", "credit agency"),
    _R("cover_after_haircut", Kind.RATIO, "cover after haircut, computed elsewhere", "折后覆盖率", "collateral system"),
    _R("debt_service_to_income", Kind.RATIO, "debt service ÷ income", "偿债收入比", "application"),
    _R("display_items", Kind.COUNT, "items on display", "陈列品项数", "visits"),
    _R("wallet_share", Kind.RATIO, "share of wallet", "钱包份额", "sales force"),
    _R("ordered_weeks", Kind.RATIO, "weeks ordered ÷ order weeks", "订货周数占比", "order system"),
    _R("consumption", Kind.POINTS, "consumption of a period", "用量", "meters"),
    _R("votes_very_satisfied", Kind.COUNT, "votes: very satisfied", "非常满意票数", "survey"),
    _R("votes_satisfied", Kind.COUNT, "votes: satisfied", "满意票数", "survey"),
    _R("votes_basically_satisfied", Kind.COUNT, "votes: basically satisfied", "基本满意票数", "survey"),
    _R("votes_dissatisfied", Kind.COUNT, "votes: dissatisfied", "不满意票数", "survey"),
    _R("votes_very_dissatisfied", Kind.COUNT, "votes: very dissatisfied", "非常不满意票数", "survey"),
    _R("pledged_deposits", Kind.MONEY, "cash deposits", "保证金", "collateral system"),
    _R("pledged_bonds", Kind.MONEY, "treasury bonds, bank certificates", "国债与存单", "collateral system"),
    _R("pledged_bills", Kind.MONEY, "bank acceptance bills", "银行承兑汇票", "collateral system"),
    _R("pledged_shares", Kind.MONEY, "listed shares", "上市股票", "collateral system"),
    _R("mortgaged_real_estate", Kind.MONEY, "real estate", "不动产抵押", "collateral system"),
    _R("pledged_machinery", Kind.MONEY, "machinery", "机器设备", "collateral system"),
    _R("pledged_vehicles", Kind.MONEY, "vehicles", "车辆", "collateral system"),
    _R("pledged_stock", Kind.MONEY, "stock", "存货", "collateral system"),
    _R("pledged_receivables", Kind.MONEY, "receivables", "应收账款质押", "collateral system"),
    _R("pledged_rights", Kind.MONEY, "patents, marks, unlisted shares", "知识产权与非上市股权", "collateral system"),
    _R("guarantees", Kind.MONEY, "guarantees of firms", "企业保证", "collateral system"),
    _R("value_margin", Kind.POINTS, "points for margin", "毛利得分", "CRM"),
    _R("value_sales", Kind.POINTS, "points for sales", "销售得分", "CRM"),
    _R("value_growth", Kind.POINTS, "points for growth", "增长得分", "CRM"),
    _R("value_size", Kind.POINTS, "points for size", "规模得分", "CRM"),
    _R("value_wallet", Kind.POINTS, "points for the wallet not yet ours", "潜在份额得分", "CRM"),
    _R("value_groups", Kind.POINTS, "points for product groups not yet bought", "未购品类得分", "CRM"),
    _R("value_payment", Kind.POINTS, "points for payment", "付款得分", "CRM"),
    _R("value_service", Kind.POINTS, "points for cost of service", "服务成本得分", "CRM"),
    _R("loyalty_relation", Kind.POINTS, "points for length of relation", "合作年限得分", "CRM"),
    _R("loyalty_orders", Kind.POINTS, "points for regular orders", "订货规律得分", "CRM"),
    _R("loyalty_wallet", Kind.POINTS, "points for share of wallet", "份额得分", "CRM"),
    _R("loyalty_satisfaction", Kind.POINTS, "points for satisfaction", "满意度得分", "CRM"),
)

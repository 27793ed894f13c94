"""Why a grade is what it is, in words: each code of the shipped rules, of refusals and of warnings as a short sentence.

English and Chinese, side by side. A code without words is shown as it is; a test sees to it that the shipped ones have some.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

from shared.core.refusal import SENTENCES, Refusal


class Words(NamedTuple):
    """The same in two languages."""

    en: str
    zh: str


REASONS: dict[str, Words] = {
    # RM-22
    "COLLECTION_BELOW_100": Words("pays slightly less than was invoiced", "净回款率低于 100%"),
    "COLLECTION_BELOW_95": Words("pays less than 95 % of what was invoiced", "净回款率低于 95%"),
    "COLLECTION_BELOW_90": Words("pays less than 90 % of what was invoiced", "净回款率低于 90%"),
    "PAID_LATE": Words("paid a few days late", "付款略有逾期"),
    "LATE_5_DAYS": Words("paid 5 days late or more", "付款逾期 5 天以上"),
    "LATE_10_DAYS": Words("paid 10 days late or more", "付款逾期 10 天以上"),
    "RIVAL_GOODS_MINOR": Words("also sells some rival goods", "兼营少量竞品"),
    "RIVAL_GOODS_EQUAL": Words("sells as much of rivals' goods as of ours", "竞品与我方产品各半"),
    "RIVAL_GOODS_MAIN": Words("sells mainly rivals' goods", "主营竞品"),
    "RIVAL_GOODS_UNKNOWN": Words("nobody knows how much rival goods it sells", "竞品经营情况不明"),
    "ONE_VOTE_VETO": Words("one indicator decides alone", "一票否决"),
    "EARLY_PAYMENT": Words("pays unusually early", "付款明显提前"),
    # RM-32
    "PAYS_LATE": Words("pays many days beyond terms", "平均付款逾期天数过长"),
    "OVERDUE_HIGH": Words("much of what is open is overdue", "逾期占比过高"),
    "SELDOM_ON_TIME": Words("seldom pays on time", "按时付款比例低"),
    "COLLECTION_LOW": Words("pays less than was invoiced", "净回款率偏低"),
    "COLLECTION_UNKNOWN": Words("the collection rate is not known", "净回款率未知"),
    "COMMITMENTS_BROKEN": Words("broke promises, or payments came back", "多次失信：承诺未兑现或付款退回"),
    "LIABILITIES_HIGH": Words("its liabilities are high", "资产负债率偏高"),
    "LIQUIDITY_LOW": Words("its liquidity is low", "流动比率偏低"),
    "MARGIN_LOW": Words("earns little on its sales", "销售净利率偏低"),
    "CASH_FLOW_LOW": Words("its business brings in little cash", "经营现金流不足"),
    "STATEMENTS_MISSING": Words("no financial statements", "缺少财务报表"),
    "STATEMENTS_UNAUDITED": Words("its statements are not audited", "财务报表未经审计"),
    "NEGATIVE_EQUITY": Words("owes more than it owns", "资不抵债"),
    "RELATION_SHORT": Words("has been a customer for a short time", "合作时间较短"),
    "RELATION_UNKNOWN": Words("nobody knows since when it is a customer", "合作起始时间不明"),
    "SALES_FALLING": Words("its purchases are falling", "采购额下降"),
    "SALES_TREND_UNKNOWN": Words("too short a history for a sales trend", "销售趋势未知"),
    "SMALL_CUSTOMER": Words("is a small business", "企业规模较小"),
    "SIZE_UNKNOWN": Words("its size is not known", "企业规模未知"),
    "INDUSTRY_WEAK": Words("its industry is one to be careful with", "所属行业受限"),
    "INDUSTRY_UNKNOWN": Words("its industry is on no list", "所属行业未列入名录"),
    "PUBLIC_RECORD": Words("there is a negative public record", "有不良公开记录"),
    "PUBLIC_RECORD_UNKNOWN": Words("the public record was not checked", "未查询公开记录"),
    # shared rules
    "FEW_DUE_DOCUMENTS": Words("too few documents have fallen due", "到期单据太少"),
    "SHORT_HISTORY": Words("less than three months of history", "交易历史不足三个月"),
    "IN_DEFAULT": Words("is in default", "已违约"),
    "JUDGMENT_DEBTOR": Words("is listed as a dishonest judgment debtor", "已被列为失信被执行人"),
    "LICENCE_REVOKED": Words("its licence was revoked", "营业执照已被吊销"),
    "FRAUD_PROVEN": Words("fraud was proven", "欺诈已查实"),
    "INSOLVENCY": Words("an insolvency petition was accepted", "破产申请已受理"),
    "ENFORCEMENT_OPEN": Words("a court enforces a large claim", "有大额强制执行未结"),
    "SERIOUS_VIOLATIONS": Words("is on the list of serious violations", "被列入严重违法失信名单"),
    "PAST_DUE_30": Words("is 30 days past due or more", "逾期 30 天以上"),
    "PAST_DUE_60": Words("is 60 days past due or more", "逾期 60 天以上"),
    "NEW_CUSTOMER": Words("is a new customer", "新客户"),
    "ABNORMAL_OPERATION": Words("is on the list of abnormal operations", "被列入经营异常名录"),
    "REGISTER_NOT_CHECKED": Words("the register was not checked for a year", "一年未核查工商信息"),
    "RELATION_UNDER_12_MONTHS": Words("has been a customer for less than a year", "合作不足 12 个月"),
    # movement
    "RISE_AT_REVIEW_ONLY": Words("may rise at a review only", "仅在定期复评时上调"),
    "RISE_NOT_AT_THIS_REVIEW": Words("does not rise at this review", "本次复评不予上调"),
    "RISE_NOT_FROM_HERE": Words("cannot be reached from the grade that stands", "不得由当前等级直接上调"),
    "RISE_COOLDOWN": Words("may not rise so soon after a fall", "下调后冷却期内不得上调"),
    "RISE_NOT_CLEAN": Words("has not been clean long enough to leave the worst grade", "最低等级观察期未满"),
    "RISE_NEEDS_APPROVAL": Words("rises only with approval", "上调须经审批"),
    "FALL_AT_REVIEW_ONLY": Words("falls at a review only", "仅在定期复评时下调"),
}
"""Reason codes of the methods in `services/rating/policies` and of the grade path."""

_REFUSED_ZH: dict[Refusal, str] = {
    Refusal.MERGED: "客户已并入其他客户，不再评级",
    Refusal.NO_METHOD: "没有适用的评级方法",
    Refusal.POLICY_NOT_IN_FORCE: "当日没有生效的方法版本",
    Refusal.RATE_MISSING: "缺少汇率",
    Refusal.TOO_FEW_FACTS: "到期单据不足三张或历史不足三个月",
    Refusal.MEASURE_MISSING: "缺少必需的指标",
    Refusal.TOO_THIN: "可评分项目不足一半",
    Refusal.GRADE_LAPSED: "等级有效期届满且未完成复审",
}
REFUSALS: dict[str, Words] = {str(code): Words(SENTENCES[code], zh) for code, zh in _REFUSED_ZH.items()}

WARNINGS: dict[str, Words] = {
    "MN-01": Words("collects less than is invoiced", "净回款率下降"),
    "MN-02": Words("pays late", "逾期付款"),
    "MN-05": Words("arrears or a breach in two years", "两年内拖欠或违约"),
    "MN-07": Words("turnover falls, or heavy losses", "营业额连续下降或严重亏损"),
    "DQ-01": Words("facts contradict each other", "事实相互矛盾"),
}
"""Rules of early warnings."""

ENDINGS: dict[str, Words] = {
    "raised": Words("raised", "预警"),
    "cleared": Words("cleared", "解除"),
    "withdrawn": Words("withdrawn", "撤回"),
}
DIRECTIONS: dict[str, Words] = {
    "first": Words("first grade", "首次评级"),
    "up": Words("up", "上调"),
    "down": Words("down", "下调"),
    "lost": Words("no grade any more", "不再评级"),
    "method": Words("another method applies", "改用其他评级方法"),
}
SOUND = Words("nothing speaks against it", "无不利因素")
AT_REVIEW = Words("earned it at the monthly review", "月度复评上调")
LATE_FACT = Words("a fact came late", "补记事实")
TOO_GENERAL = frozenset({"ONE_VOTE_VETO"})
"""Says that another reason was decisive; that one is shown."""
MOST = 2
"""So many reasons are told; the rest is at `…/explanation`."""


def explain(data: Mapping[str, Any], before: Mapping[str, Any] | None) -> Words:
    """Why the grade changed: the `data` of a `credit.grade.changed.v1`, and that of the customer's one before."""
    direction = data.get("direction")
    said = _explained(data, before or {}, DIRECTIONS.get(str(direction), SOUND))
    return _joined([said, LATE_FACT]) if data.get("cause") == "correction" else said


def _explained(data: Mapping[str, Any], before: Mapping[str, Any], direction: Words) -> Words:
    reasons, earlier = _reasons(data), _reasons(before)
    match data.get("direction"):
        case "lost":
            return _joined([direction, _worded(REFUSALS, data["refusal"])]) if data.get("refusal") else direction
        case "up":
            gone = [code for code in earlier if code not in reasons]
            if gone:
                said = _told(gone)
                return Words(f"no longer: {said.en}", f"已消除：{said.zh}")
            return AT_REVIEW if data.get("cause") == "review" else _scored(data, before) or _told(reasons)
        case "down":
            fresh = [code for code in reasons if code not in earlier]
            return _told(fresh) if fresh else _scored(data, before) or _told(reasons)
        case _:
            return _joined([direction, _told(reasons)])


def warned(rule: str) -> Words:
    """What a rule of early warnings is about."""
    return _worded(WARNINGS, rule)


def _reasons(data: Mapping[str, Any]) -> list[str]:
    """The codes that speak of the customer, without the movement rules that only hold a grade back."""
    codes = [code for code in data.get("reasons", ()) if not code.startswith("RISE_")]
    return [code for code in codes if code not in TOO_GENERAL] or codes


def _told(codes: Iterable[str]) -> Words:
    found = [_worded(REASONS, code) for code in codes][:MOST]
    return _joined(found) if found else SOUND


def _scored(data: Mapping[str, Any], before: Mapping[str, Any]) -> Words | None:
    """The score moved, where both are known; only the text of the decision is rounded, half to even."""
    then, now = before.get("score"), data.get("score")
    if then is None or now is None or then == now:
        return None
    old, new = (format(Decimal(text).quantize(Decimal("0.1"), ROUND_HALF_EVEN), "f") for text in (then, now))
    rose = Decimal(now) > Decimal(then)
    return Words(
        f"its score {'rose' if rose else 'fell'} from {old} to {new}", f"评分由 {old} {'升' if rose else '降'}至 {new}"
    )


def _joined(some: Iterable[Words]) -> Words:
    both = list(some)
    return Words("; ".join(one.en for one in both), "；".join(one.zh for one in both))


def _worded(book: Mapping[str, Words], code: str) -> Words:
    return book.get(code) or Words(code, code)

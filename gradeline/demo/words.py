"""Why a grade is what it is, in words: each code of the shipped rules, of refusals and of warnings as a short sentence.

English and Chinese, side by side. A code without words is shown as it is; a test sees to it that the shipped ones have some.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

from shared.edge import codes


class Words(NamedTuple):
    """The same in two languages."""

    en: str
    zh: str


REASONS: dict[str, Words] = {code: Words(said.en, said.zh) for code, said in codes.REASONS.items()}
"""Reason codes of the methods in `services/rating/policies`, of the grade path, and of refusals."""

WARNINGS: dict[str, Words] = {
    "MN-01": Words("collects less than is invoiced", "净回款率下降"),
    "MN-02": Words("pays late", "逾期付款"),
    "MN-05": Words("arrears or a breach in two years", "两年内拖欠或违约"),
    "MN-07": Words("turnover falls, or heavy losses", "营业额连续下降或严重亏损"),
    "AL-06": Words("has a contract that is about to end", "合同即将到期"),
    "AL-07": Words("is overdue", "款项已逾期"),
    "AL-10": Words("is suspected of theft or fraud", "有窃取或欺诈嫌疑"),
    "AL-15": Words("has complained", "有未了结的投诉"),
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
ORDERS: dict[str, Words] = {
    "reserved": Words("approved, headroom kept", "通过，已冻结额度"),
    "held": Words("held", "冻结"),
    "released": Words("let go", "放行"),
}
STEPS: dict[str, Words] = {
    "opened": Words("opened", "产生"),
    "told": Words("mail to", "邮件发给"),
    "acknowledged": Words("taken on by", "已受理："),
    "escalated": Words("called up", "升级"),
    "resolved": Words("resolved", "已处理"),
    "withdrawn": Words("withdrawn", "已撤销"),
}
"""Of the life of an alert."""
SPECIAL = Words("by special approval", "特批")
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
            return _joined([direction, _worded(REASONS, data["refusal"])]) if data.get("refusal") else direction
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


def dealt(what: str, data: Mapping[str, Any]) -> Words:
    """What was decided about an order, and why: the `data` of its decision."""
    if what == "released" and data.get("by"):
        return _joined([ORDERS[what], SPECIAL])
    why = [Words(said.en, said.zh) for said in map(codes.meaning, data.get("reasons", ()))][:MOST]
    return _joined([ORDERS[what], *why])


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


def alerted(kind: str, figures: Mapping[str, str], subject: str) -> Words:
    """What an alert is about, as its mail says it: the title of its kind with its figures."""
    from services.alerts.adapters import wording
    from services.alerts.core.writing import MISSING, all_written

    titles = {}
    for language, words in wording.words().items():
        written = all_written(figures, language) | {"kind": kind.replace("_", " "), "subject": subject}
        title = words.kinds.get(kind, words.other).title.format_map(defaultdict(lambda: MISSING, written))
        titles[language] = title.removeprefix(subject).lstrip(":： ")
    return Words(titles["en"], titles["zh"])

"""The sixteen methods once more, as plain arithmetic over a customer's books: written from the sources, not from the YAML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from statistics import median
from typing import NamedTuple

from tests.support.shapes.books import Books

Number = Fraction | int | None


class Rated(NamedTuple):
    """What must come out. A score that is None is not compared; `labels` stand beside the grade."""

    grade: str | None
    score: Fraction | None = None
    refusal: str | None = None
    labels: tuple[tuple[str, str], ...] = ()


MISSING = Rated(None, refusal="MEASURE_MISSING")
Ladder = Sequence[tuple[str, float]]
ABCD: Ladder = (("A", 80), ("B", 65), ("C", 50))


def line(value: Number, zero: str, full: str, missing: Number = 0) -> Fraction:
    """The share between two marks, 0 to 1."""
    if value is None:
        return Fraction(missing or 0)
    low, high = Fraction(zero), Fraction(full)
    return min(Fraction(1), max(Fraction(0), (value - low) / (high - low)))


def step(value: Number, first: float, *steps: tuple[str, float], missing: float = 0) -> Fraction:
    """Points by half-open bands: *first* below all *steps*; `>0` begins above 0, `5` at 5."""
    if value is None:
        return Fraction(missing)
    points = first
    for edge, more in steps:
        if value > Fraction(edge[1:]) if edge[0] == ">" else value >= Fraction(edge):
            points = more
    return Fraction(points)


def of(score: Fraction, ladder: Ladder, last: str) -> str:
    """The grade of *score*."""
    return next((grade for grade, start in ladder if score >= Fraction(start)), last)


def at_best(grade: str, cap: str, scale: Sequence[str]) -> str:
    """*grade*, but no better than *cap*."""
    return max(grade, cap, key=scale.index)


def p1(b: Books) -> Rated:
    if "insolvency" in b.signals:
        return Rated("D")
    late, alr = b.average_late, b.ratio("total_liabilities", "total_assets")
    if late is None:
        return MISSING
    size = {"large": 20, "medium": 14, "small": 8}.get(b.profile.get("size_class", ""), 10)
    points = step(late, 40, (">0", 32), ("5", 24), ("10", 12), ("30", 0)) + size
    points += step(b.number("months_with_orders"), 0, ("3", 6), ("12", 10))
    points += 30 * line(alr, "0.8", "0.5")
    score = points if alr is not None else points * 100 / 70
    grade = of(score, ABCD, "D")
    if alr is None:
        grade = at_best(grade, "B", "ABCD")
    if "blacklist" in b.signals:
        grade = at_best(grade, "C", "ABCD")
    return Rated(grade, score)


TWELVE: Ladder = (("N1", 90), ("N2", 85), ("N3", 80), ("N4", 75), ("SM1", 70), ("SM2", 65), ("SM3", 60), ("SS1", 52),
                  ("SS2", 45), ("D1", 35), ("D2", 25))  # fmt: skip
ARREARS = ((0, "SM1"), (30, "SM2"), (60, "SM3"), (90, "SS1"), (180, "SS2"), (270, "D1"), (330, "D2"), (360, "Loss"))


def p2(b: Books) -> Rated:
    finances = b.number("finances")
    if finances is None:
        return MISSING
    a = 40 * line(finances, "0", "100") + step(b.worst_late, 20, (">0", 14), ("10", 6), ("60", 0), missing=10)
    cover = step(
        b.number("cover_after_haircut"), 0, ("0.3", 5), ("0.5", 10), ("0.8", 17), ("1", 22), ("1.2", 26), ("1.5", 30)
    )
    bonus = min(
        Fraction(10), 3 * (b.number("positive_events") or 0) + 2 * (b.number("control_measures") or Fraction(0))
    )
    signed = {"signed_by_both": 0, "no_spouse": 0, "controller_only": 5}.get(
        b.reports.get("controller_guarantee", ""), 10
    )
    score = min(Fraction(100), max(Fraction(0), a + cover + bonus - signed))
    scale = [*(grade for grade, _ in TWELVE), "Loss"]
    grade = of(score, TWELVE, "Loss")
    for days, cap in ARREARS:
        if b.past_due > days:
            grade = at_best(grade, cap, scale)
    return Rated(grade, score)


STARS: Ladder = (
    ("5-star I", 92),
    ("5-star II", 87),
    ("4-star I", 82),
    ("4-star II", 76),
    ("3-star", 65),
    ("2-star", 50),
)


def p3(b: Books) -> Rated:
    integrity, purchases, channel = map(b.number, ("integrity_score", "purchase_percentile", "channel_score"))
    if integrity is None or purchases is None or channel is None:
        return MISSING
    shown = b.number("display_items")
    operating = 42 * line(purchases, "0", "90") + 3 * line(shown, "10", "50")
    parts = (line(integrity, "0", "20"), operating / (45 if shown is not None else 42), line(channel, "0", "35"))
    return Rated(of(min(parts) * 100, STARS, "1-star"))


COMBINED = {
    "AAA": "A",
    "AAB": "A",
    "ABB": "B",
    "BBB": "B",
    "BBC": "C",
    "BCC": "C",
    "CCC": "C",
    "AAC": "B",
    "ABC": "C",
    "ACC": "C",
}


def p4(b: Books) -> Rated:
    rate, late = b.collected, b.worst_late
    if rate is None or late is None:
        return MISSING
    goods = {"ours_only": "A", "ours_main": "B", "equal": "C", "rivals_main": "D"}.get(
        b.reports.get("rival_goods", ""), "C"
    )
    paid = "A" if rate >= 1 else "B" if rate >= Fraction("0.95") else "C" if rate >= Fraction("0.9") else "D"
    timely = "A" if late <= 0 else "B" if late < 5 else "C" if late < 10 else "D"
    letters = "".join(sorted(goods + paid + timely))
    return Rated("D" if "D" in letters else COMBINED[letters])


def p5(b: Books) -> Rated:
    heads, funds, late = b.profile.get("head_count"), b.reports.get("funds"), b.worst_late
    small, medium = (heads is not None and heads <= most for most in (100, 500))
    if b.is_new or (small and funds == "weak") or (late or 0) > 90 or b.broken_promises >= 3 or b.loses or b.falls:
        return Rated("C")
    if (medium and funds == "average") or b.late_items >= 1:
        return Rated("B")
    best = (heads is not None and heads >= 500 and funds == "strong") or late == 0
    return Rated("A" if best and b.says("key_data_complete") else "B")


def p6(b: Books) -> Rated:
    sales, gives = b.number("monthly_sales_last_quarter"), b.number("contribution_percentile")
    level = "ordinary" if sales is None or sales < 20 else "medium" if sales < 50 else "large"
    labels = (("level", level),)
    if b.says("serious_violation"):
        return Rated("D", labels=labels)
    if gives is None:
        return MISSING
    score = 40 * line(gives, "0", "90") + 15 * line(b.number("influence"), "0", "100", Fraction(1, 2))
    score += 15 * line(b.number("ordered_weeks"), "0.8", "0.98")
    score += step(b.number("failed_debits_quarter"), 15, ("1", 9), ("2", 4.5), ("3", 0), missing=15)
    score += step(Fraction(b.violations), 15, ("1", 7.5), ("2", 0), missing=15)
    return Rated(of(score, (("A", 85), ("B", 70), ("C", 60)), "D"), score, labels=labels)


MASTER: Ladder = (("AAA", 95), ("AA", 90), ("A", 85), ("BBB+", 80), ("BBB", 75), ("BBB-", 70), ("BB+", 65), ("BB", 60),
                  ("BB-", 55), ("B+", 50), ("B-", 45), ("CCC", 38), ("CC", 30))  # fmt: skip


def p7(b: Books) -> Rated:
    if "insolvency" in b.signals:
        return Rated("D")
    figures = b.number("figures_score")
    if figures is None:
        return MISSING
    score = 65 * line(figures, "0", "100") + 35 * line(b.number("judgement_score"), "0", "100", Fraction(1, 2))
    caps = [{"speculative": "BB+", "distressed": "CCC"}.get(b.reports.get("agency_rating", ""), "AAA")]
    caps += [] if b.audited else ["BBB"]
    caps += ["CCC"] if (b.ratio("total_liabilities", "total_assets") or 0) > 1 else []
    grade, scale = of(score, MASTER, "C"), [*(grade for grade, _ in MASTER), "C", "D"]
    for cap in caps:
        grade = at_best(grade, cap, scale)
    return Rated(grade, score)


def p8(b: Books) -> Rated:
    score = 100 * line(b.number("monthly_sales_last_quarter"), "0", "100")
    grade = of(score, (("large", 50), ("medium", 20)), "ordinary")
    return Rated("ordinary" if b.says("suspended") else grade, score)


def p9(b: Books) -> Rated:
    months = [(b.number(f"operating_score_m{back}"), weight) for back, weight in ((1, 50), (2, 30), (3, 20))]
    known = [(value, weight) for value, weight in months if value is not None]
    if not known:
        return MISSING
    mean = round(sum(value * weight for value, weight in known) / Fraction(sum(weight for _, weight in known)), 9)
    score = min(Fraction(100), max(Fraction(0), mean))
    grade = of(score, (("strong", 76), ("fair", 50)), "weak")
    return Rated(grade if months[2][0] is not None else at_best(grade, "fair", ("strong", "fair", "weak")), score)


MARKS = {"manufacturing": ("0.8", "0.5", "0.8", "1.8"), "commerce": ("0.85", "0.6", "0.9", "1.5"),
         "comprehensive": ("0.8", "0.55", "0.8", "1.6")}  # fmt: skip


def p10(b: Books) -> Rated:
    if b.worst_late is None:
        return MISSING
    score = step(b.worst_late, 40, (">0", 32), ("10", 12), ("60", 0))
    if b.reports.get("kind_of_customer") == "person":
        score += 60 * line(b.number("debt_service_to_income"), "0.6", "0.3")
        return Rated(of(score, ABCD, "D"), score)
    share, trade = b.number("main_trade_revenue_share"), b.reports.get("main_trade", "")
    own = share is not None and share >= Fraction("0.6") and trade in MARKS
    zero, full, least, most = MARKS[trade if own else "comprehensive"]
    score += 40 * line(b.ratio("total_liabilities", "total_assets"), zero, full)
    score += 20 * line(b.ratio("current_assets", "current_liabilities"), least, most)
    return Rated(of(score, ABCD, "D"), score)


def p11(b: Books) -> Rated:
    held = [b.number(name) for name in ("pledged_deposits", "mortgaged_real_estate", "pledged_receivables")]
    exposure = b.number("exposure_of_the_project")
    if not exposure or any(value is None for value in held):
        return MISSING
    left = sum((value or 0) * Fraction(rate) for value, rate in zip(held, ("1", "0.7", "0.5"), strict=True))
    score = min(Fraction(100), 100 * round(Fraction(left) / exposure, 9))
    return Rated(of(score, (("covered", 70), ("partly covered", 30)), "uncovered"), score)


def p12(b: Books) -> Rated:
    answers = [value for n in range(1, 6) if (value := b.number(f"panel_expert_{n}")) is not None]
    if len(answers) < 4:
        return MISSING
    score = 100 * line(median(answers), "1", "5")
    return Rated(of(score, (("good", 62.5), ("fair", 37.5)), "weak"), score)


def p13(b: Books) -> Rated:
    score = b.number("payment_score")
    if score is None:
        return MISSING
    region, industry = b.number("region_risk"), b.number("industry_risk")
    laundering = "medium"
    if region is not None and industry is not None:
        risk = 8 * region + 12 * industry
        laundering = "low" if risk < 40 else "medium" if risk < 60 else "high"
    if b.says("sanctioned") or b.says("foreign_official") or (b.says("odd_flows") and b.says("odd_hours")):
        laundering = "high"
    arrears = "high" if score < 50 else "medium" if score < 75 else "low"
    labels = (("laundering", laundering), ("arrears", arrears))
    return Rated(of(score, (("A", 80), ("B", 60)), "C"), 100 * line(score, "0", "100"), labels=labels)


def p14(b: Books) -> Rated:
    if "insolvency" in b.signals:
        return Rated("D")
    own = b.number("customer_score")
    if own is None:
        return MISSING
    score = 100 * line(own, "0", "100") * (1 if b.audited else Fraction(9, 10))
    down = {"control": 1, "reduce": 2}.get(b.profile.get("industry", ""), 0)
    grade = "ABCD"[min(3, "ABCD".index(of(score, ABCD, "D")) + down)]
    return Rated("C" if b.says("parent_guarantees") and grade == "D" else grade, score)


VOTES = ("very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied")


def p15(b: Books) -> Rated:
    cast = [b.number(f"votes_{level}") or Fraction(0) for level in VOTES]
    total = sum(cast, Fraction(0))
    if total < 10:
        return Rated(None, refusal="TOO_FEW_FACTS")
    score = round(sum(votes * weight for votes, weight in zip(cast, (100, 80, 60, 30, 0), strict=True)) / total, 9)
    grade = of(Fraction(score), (("good", 80), ("fair", 60)), "poor")
    content = round(sum(cast[:3], Fraction(0)) / total, 9) >= Fraction("0.8")
    return Rated(grade if content else at_best(grade, "fair", ("good", "fair", "poor")), Fraction(score))


CELLS = {"high": ("keep", "win back"), "middle": ("grow", "develop"), "low": ("serve cheaply", "let go")}


def p16(b: Books) -> Rated:
    if b.relation is None:
        return MISSING
    value = 30 * line(b.number("margin_percentile"), "0", "90") + 20 * line(b.number("sales_percentile"), "0", "90")
    value += 30 * line(b.number("wallet_not_yet_ours"), "0", "0.6", Fraction(1, 2))
    value += 20 * line(b.number("service_cost_to_sales"), "0.15", "0.03", Fraction(1, 2))
    loyal = step(b.relation, 5, ("12", 30), ("60", 50)) + 50 * line(b.number("months_with_orders_share"), "0.5", "1")
    row, column = "high" if value >= 70 else "middle" if value >= 45 else "low", 0 if loyal >= 60 else 1
    return Rated(CELLS[row][column])


GRADED: dict[str, Callable[[Books], Rated]] = {
    f"p{number}": method
    for number, method in enumerate((p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15, p16), 1)
}

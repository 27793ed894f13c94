"""Expert scores: one assessor, or a panel in rounds (Delphi, RM-23)."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from services.rating.core.measures.reading import Params, Reader
from services.rating.core.measures.records import records_of
from shared.core.customer.state import Record
from shared.core.ledger.days import months_before
from shared.core.policy.derived import quartile

_LEAST_ROUNDS, _WIDEST, _FARTHEST = 2, Decimal(1), Decimal("0.5")
"""Converged: so many rounds, a middle half no wider, a median that moved no farther (RM-23.02, assumed)."""


def _assessments(r: Reader, p: Params) -> list[Record]:
    """Those of the method that is asked for, as long as they are good, in order."""
    months, method = int(p.said["valid_months"]), p.word("method")
    since = months_before(r.day, months) if months else 0
    held = [x for x in records_of(r, "assessment") if x.day >= since and method in ("", x.what["method"])]
    return sorted(held, key=lambda x: x.order or (0, 0, "", ""))


def _score(assessment: Record, question: str) -> Decimal | None:
    """The answer to *question*; where none is asked, the mean of all answers."""
    scores = assessment.what["scores"]
    if question:
        return Decimal(scores[question]) if question in scores else None
    total = sum((Decimal(score) for score in scores.values()), Decimal(0))
    return (total / len(scores)).quantize(Decimal("1e-9"), ROUND_HALF_EVEN) if scores else None


def expert_score(r: Reader, p: Params) -> Decimal | None:
    """The newest answer to *question* of *method* (the mean of all answers where none is named), for *valid_months*."""
    scores = [score for x in _assessments(r, p) if (score := _score(x, p.word("question"))) is not None]
    return scores[-1] if scores else None


def _panel(r: Reader, p: Params) -> dict[int, list[Decimal]]:
    """Round → the scores of its experts, of the newest panel.

    A new panel begins where an expert scores in an earlier round than before. Scored twice in one round, the last counts.
    """
    rounds: dict[int, dict[str, Decimal]] = {}
    reached: dict[str, int] = {}
    for one in _assessments(r, p):
        score = _score(one, p.word("question"))
        expert, number = str(one.what.get("assessor") or (one.order or ("",))[-1]), int(one.what["round"])
        if score is None:
            continue
        if reached.get(expert, 0) > number:
            rounds, reached = {}, {}
        reached[expert] = number
        rounds.setdefault(number, {})[expert] = score
    return {number: sorted(scores.values()) for number, scores in sorted(rounds.items())}


def delphi_median(r: Reader, p: Params) -> Decimal | None:
    """Median of the scores of the newest round."""
    medians = _medians(r, p)
    return medians[-1] if medians else None


def _medians(r: Reader, p: Params) -> list[Decimal]:
    return [quartile(scores, 2) for scores in _panel(r, p).values()]


def delphi_spread(r: Reader, p: Params) -> Decimal | None:
    """Third quartile less first quartile of the newest round: the width of the middle half."""
    scores = list(_panel(r, p).values())
    return quartile(scores[-1], 3) - quartile(scores[-1], 1) if scores else None


def delphi_shift(r: Reader, p: Params) -> Decimal | None:
    """|median of the newest round − median of the one before|; None in the first."""
    medians = _medians(r, p)
    return abs(medians[-1] - medians[-2]) if len(medians) > 1 else None


def delphi_rounds(r: Reader, p: Params) -> int:
    """The number of the newest round; 0: none yet."""
    return max(_panel(r, p), default=0)


def delphi_experts(r: Reader, p: Params) -> int:
    """How many experts scored in the newest round."""
    scores = list(_panel(r, p).values())
    return len(scores[-1]) if scores else 0


def delphi_converged(r: Reader, p: Params) -> bool | None:
    """Two rounds or more, the middle half at most 1.0 wide, and the median moved by at most 0.5 (RM-23.02); None: no panel."""
    spread, shift = delphi_spread(r, p), delphi_shift(r, p)
    if spread is None:
        return None
    return delphi_rounds(r, p) >= _LEAST_ROUNDS and spread <= _WIDEST and shift is not None and shift <= _FARTHEST

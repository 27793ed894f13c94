"""A policy compiled: every outcome of every card is built once, so that evaluating chooses and adds."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from shared.core.policy.assessment import EXACT, Assessment, Line, shown, wire
from shared.core.policy.condition import Rule, whole
from shared.core.policy.held import Holding
from shared.core.policy.hit import Hit, card_reader, scale_of
from shared.core.policy.measure import Value
from shared.core.refusal import SENTENCES, Refusal

if TYPE_CHECKING:
    from shared.core.policy.policy import Policy

_PRECEDENCE = {refusal: place for place, refusal in enumerate(Refusal)}
_HUNDRED_BILLION = 10**11
_BILLION = 10**9
_NINE_PLACES = Decimal("1E-9")

_Outcome = tuple[str | None, Decimal | None, Refusal | None]


class Plan:
    """The compiled form of one policy. Points are kept as whole numbers of 1/`scale`, so that sums are exact."""

    def __init__(self, policy: Policy) -> None:
        """Compile *policy*."""
        self.policy = policy
        self.scale = scale_of(policy.cards)
        self.worst = policy.scale[-1].grade
        self._veto = policy.letters
        self._readers = tuple(card_reader(card, self.scale) for card in policy.cards)
        self._full = int(sum((card.most for card in policy.cards), Decimal(0)) * self.scale)
        self._holding = Holding(policy.rules)
        self._places = {step.grade: place for place, step in enumerate(policy.scale)}
        self._starts = tuple((step.grade, whole(step.start)) for step in policy.scale if step.start is not None)
        self._members = {
            part: tuple(place for place, card in enumerate(policy.cards) if card.part == part)
            for part in {card.part for card in policy.cards if card.part}
        }

    def run(self, values: dict[str, Value]) -> Assessment:
        """Assess *values*; see `evaluate`."""
        get = values.get
        hits = tuple([read(get) for read in self._readers])
        noted = [hit for hit in hits if hit.noted]
        hold = self._holding.at(values)
        factors = self._factors(hold, hits) if hold else ()
        lettered = self.policy.letters is not None
        grade, score, refusal = self._letters(hits, noted) if lettered else self._points(hits, noted, factors)
        detail = ""
        reasons: tuple[str, ...] = ()
        caps: tuple[str, ...] = ()
        tasks: tuple[str, ...] = ()
        if hold or noted or grade is None or (lettered and grade == self.worst):
            grade, score, refusal, detail, reasons, caps, tasks = self._conclude(
                hits, noted, hold, (grade, score, refusal)
            )
        policy = self.policy
        return Assessment(
            policy.method,
            policy.version,
            policy.sha256,
            grade,
            score,
            refusal,
            detail,
            reasons,
            caps,
            tasks,
            self,
            values,
            hits,
            factors,
        )

    def _letters(self, hits: tuple[Hit, ...], noted: list[Hit]) -> _Outcome:
        letters = self.policy.letters
        assert letters is not None
        if any(hit.refuses for hit in noted):
            return None, None, Refusal.MEASURE_MISSING
        seen = "".join(sorted([hit.letter or "" for hit in hits]))
        return (self.worst if letters.veto in seen else letters.table[seen]), None, None

    def _points(self, hits: tuple[Hit, ...], noted: list[Hit], factors: tuple[tuple[str, Decimal], ...]) -> _Outcome:
        """Grade and score of total ÷ considered; compared without dividing, so that nothing is rounded."""
        total = sum([hit.scaled for hit in hits])
        considered = self._full
        unknown = 0
        for hit in noted:
            if hit.refuses:
                return None, None, Refusal.MEASURE_MISSING
            considered -= hit.left_out
            unknown += hit.unknown
        least = self.policy.known_at_least
        if considered == 0 or (unknown and least is not None and considered - unknown < least * considered):
            return None, None, Refusal.TOO_THIN
        for part, factor in factors:
            total -= int(sum([hits[place].scaled for place in self._members[part]]) * (1 - factor))
        score = Decimal(total * _HUNDRED_BILLION // considered) * _NINE_PLACES
        hundredfold = total * 100
        for grade, start in self._starts:
            if hundredfold >= start * considered:
                return grade, score, None
        return self.worst, score, None

    def _factors(self, hold: list[Rule], hits: tuple[Hit, ...]) -> tuple[tuple[str, Decimal], ...]:
        """The factors that hold; a factor on a part of which nothing is known is taken out of *hold*."""
        found: list[tuple[str, Decimal]] = []
        for rule in [rule for rule in hold if rule.factor is not None]:
            assert rule.part is not None
            assert rule.factor is not None
            for place in self._members[rule.part]:
                if not (hits[place].left_out or hits[place].unknown):
                    found.append((rule.part, rule.factor))
                    break
            else:
                hold.remove(rule)
        return tuple(found)

    def _conclude(
        self, hits: tuple[Hit, ...], noted: list[Hit], hold: list[Rule], outcome: _Outcome
    ) -> tuple[str | None, Decimal | None, Refusal | None, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Vetoes before refusals, refusals before caps: a default needs no behaviour score."""
        grade, score, refusal = outcome
        detail = ""
        reasons: list[str] = []
        tasks: list[str] = []
        caps = [rule.id for rule in hold if rule.cap == self.worst] if hold else []
        refusals = [rule.refuse for rule in hold if rule.refuse is not None] if hold else []
        if caps:
            grade, refusal = self.worst, None
        elif refusals or refusal is not None:
            refusal, detail = self._refuse(refusals, refusal, noted)
            grade = score = None
        else:
            assert grade is not None
            if self._veto is not None and any(hit.letter == self._veto.veto for hit in hits):
                reasons.append(self._veto.reason)
            grade, caps = self._capped(grade, noted, hold)
        for rule in hold:
            if rule.id in caps or rule.factor is not None or (rule.cap is None and rule.floor is None):
                reasons.append(rule.reason)
            if rule.task is not None:
                tasks.append(rule.task)
        for hit in noted:
            reasons += hit.reasons
            if hit.task is not None:
                tasks.append(hit.task)
        return grade, score, refusal, detail, _once(reasons), tuple(caps), _once(tasks)

    def _capped(self, grade: str, noted: list[Hit], hold: list[Rule]) -> tuple[str, list[str]]:
        """The grade under every cap that is worse than what was scored, and the ids of these."""
        places = self._places
        scored = limit = places[grade]
        caps = []
        for rule in hold:
            if rule.cap is not None and places[rule.cap] > scored:
                limit = max(limit, places[rule.cap])
                caps.append(rule.id)
        for hit in noted:
            if hit.cap is not None and places[hit.cap] > scored:
                limit = max(limit, places[hit.cap])
                caps.append(hit.card)
        return self.policy.scale[limit].grade, caps

    def _refuse(self, found: list[Refusal], of_cards: Refusal | None, noted: list[Hit]) -> tuple[Refusal, str]:
        """The refusal that comes first in precedence, and its sentence."""
        if of_cards is not None:
            found.append(of_cards)
        refusal = min(found, key=_PRECEDENCE.__getitem__)
        if refusal is not Refusal.MEASURE_MISSING:
            return refusal, SENTENCES[refusal]
        return refusal, f"{SENTENCES[refusal]}: {', '.join(hit.measure for hit in noted if hit.refuses)}"

    def lines(self, assessment: Assessment) -> tuple[Line, ...]:
        """The lines of an assessment that this plan made."""
        factors = dict(assessment.factors)
        return tuple(self._line(place, hit, assessment.values, factors) for place, hit in enumerate(assessment.hits))

    def _line(self, place: int, hit: Hit, values: dict[str, Value], factors: dict[str, Decimal]) -> Line:
        card = self.policy.cards[place]
        points = None
        if card.points is not None and not hit.left_out:
            factor = factors.get(card.part or "")
            if factor is None:
                points = Decimal(hit.scaled * _BILLION // self.scale) * _NINE_PLACES
            else:
                points = shown(EXACT.divide(hit.scaled * factor, Decimal(self.scale)))
        return Line(
            characteristic=card.id,
            value=wire(values.get(card.measure)),
            band=hit.band,
            reasons=hit.reasons,
            reference=card.reference,
            letter=hit.letter,
            points=points,
            max_points=card.points,
            part=card.part,
            left_out=bool(hit.left_out),
            assumed=card.assumed,
        )


def _once(texts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts)) if len(texts) > 1 else tuple(texts)

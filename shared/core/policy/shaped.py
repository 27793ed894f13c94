"""The compiled form of a method that needs more than one sum or one table of letters. Methods without pay nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import prod
from typing import TYPE_CHECKING

from shared.core.policy.aside import clause_line, label_line
from shared.core.policy.assessment import EXACT, Assessment, Line
from shared.core.policy.condition import Rule
from shared.core.policy.derived import deriver
from shared.core.policy.held import Holding
from shared.core.policy.hit import Hit
from shared.core.policy.label import PART, SCORE, is_late, label_reader
from shared.core.policy.measure import Value
from shared.core.policy.parts import late_labels, of_template, part_names, places_of
from shared.core.policy.plan import Plan
from shared.core.policy.shape import Shape
from shared.core.refusal import Refusal

if TYPE_CHECKING:
    from shared.core.policy.policy import Policy

_BILLION = 10**9
_NINE_PLACES = Decimal("1E-9")
NOTHING: Mapping[str, Value] = {}
_Scores = dict[str, Value]


class ShapedPlan(Plan):
    """Derived values and labels first, then the cards, then what reads their sums, then the rules."""

    def __init__(self, policy: Policy) -> None:
        """Compile *policy*."""
        super().__init__(policy)
        shape = self.shape = policy.shape or Shape()
        late = late_labels(shape.labels)
        self._derived = tuple((alias, deriver(one)) for alias, one in policy.derived.items())
        self._early = tuple((name, label_reader(one)) for name, one in shape.labels.items() if name not in late)
        self._late = tuple((name, label_reader(one)) for name, one in shape.labels.items() if name in late)
        self._lists = label_reader(shape.lists) if shape.lists else None
        now: list[Rule] = []
        later: list[Rule] = []
        for rule in policy.rules:
            (later if any(is_late(c.measure) or c.measure in late for c in rule.when) else now).append(rule)
        self._holding, self._holding_late = Holding(tuple(now)), Holding(tuple(later)) if later else None
        self._order = {rule.id: place for place, rule in enumerate(policy.rules)}
        self._multipliers = {
            rule.id: (*rule.factor.as_integer_ratio(), frozenset(places_of(policy, rule.part)))
            for rule in policy.rules
            if rule.factor is not None
        }
        parts = dict.fromkeys(name for card in policy.cards for name in part_names(card.part))
        self._groups = {PART + name: places_of(policy, name) for name in parts}
        self._axes = tuple(PART + name for name in parts if "." not in name)
        self._groups[SCORE] = tuple(range(len(policy.cards)))
        self._most = {
            name: int(sum((policy.cards[place].most for place in places), Decimal(0)) * self.scale)
            for name, places in self._groups.items()
        }
        if self._most[SCORE] != 100 * self.scale:  # a bonus is then what it takes to reach the top
            bonus = sum((card.points or Decimal(0) for card in policy.cards if card.counts == "bonus"), Decimal(0))
            self._most[SCORE] += int(bonus * self.scale)
        read = {
            alias for one in (*shape.labels.values(), *([shape.lists] if shape.lists else [])) for alias in one.reads
        }
        read |= {condition.measure for rule in policy.rules for condition in rule.when}
        self._needed = tuple(
            name for name in self._groups if name in read or (name in self._axes and (shape.weakest or shape.grid))
        )
        self._ladder = tuple((step.grade, step.start) for step in policy.scale if not step.default)
        self._templates = _templates(policy)

    def seen(self, values: dict[str, Value], fixed: Mapping[str, Value] = NOTHING) -> dict[str, Value]:
        """*values* with what is computed from them before the cards: derived values and early labels.

        *fixed* are derived values that are given instead of computed.
        """
        if not (self._derived or self._early):
            return values
        seen = dict(values)
        for alias, derive in self._derived:
            seen[alias] = fixed[alias] if alias in fixed else derive(seen.get)
        for name, read in self._early:
            seen[name] = read(seen).code
        return seen

    def looked_at(self, values: dict[str, Value], assessment: Assessment) -> dict[str, Value]:
        """*values* with all that a rule, label or list of *assessment* may have read: derived values, labels, scores."""
        seen = self.seen(values)
        plan = self._chosen(seen)
        hits = tuple(read(seen.get) for read in plan._readers)
        hold = plan._holding.at(seen)
        plan._factors(hold, hits)
        points = plan._multiplied(hits, [rule.id for rule in hold if rule.factor is not None])
        seen = seen | {name: plan._score(name, hits, points) for name in plan._groups if name != SCORE}
        seen[SCORE] = assessment.score
        return seen | {name: code for name, code in assessment.labels.items() if name in self.shape.labels}

    def _chosen(self, seen: dict[str, Value]) -> ShapedPlan:
        """The plan of the template, where one holds."""
        templates = self.shape.templates
        if templates is None or not self._templates:
            return self
        code = seen.get(templates.by)
        return self._templates.get(str(code)) or self._templates.get(templates.otherwise or "") or self

    def run(self, values: dict[str, Value]) -> Assessment:
        """Assess *values*; see `evaluate`."""
        return self._run(values, self.seen(values))

    def run_with(self, values: dict[str, Value], fixed: Mapping[str, Value]) -> Assessment:
        """Assess *values* as they would be if the derived values were those of *fixed*."""
        return self._run(values, self.seen(values, fixed))

    def _run(self, values: dict[str, Value], seen: dict[str, Value]) -> Assessment:
        templates = self.shape.templates
        if templates is not None and (chosen := self._chosen(seen)) is not self:
            return chosen._run(values, seen)
        get = seen.get
        hits = () if self._templates else tuple([read(get) for read in self._readers])
        noted = [_lacking(templates.by)] if templates and self._templates else [hit for hit in hits if hit.noted]
        hold = self._holding.at(seen)
        factors = self._factors(hold, hits) if hold else ()
        scores: _Scores = {}
        labels: dict[str, str] = {}
        grade, score, refusal = self._scored(hits, noted, [r.id for r in hold if r.factor is not None], scores, labels)
        if self._late or self._holding_late:
            seen = seen | scores
            for name, read in self._late:
                seen[name] = read(seen).code
            if self._holding_late and (found := self._holding_late.at(seen)):
                hold = sorted([*hold, *found], key=lambda rule: self._order[rule.id])
        because: tuple[str, ...] = ()
        if grade is None and refusal is None:
            grade, because = self._from_codes(seen, noted)
            refusal = None if grade else Refusal.MEASURE_MISSING
        labels |= {name: str(code) for name in self.shape.labels if (code := seen.get(name)) is not None}
        grade, score, refusal, detail, reasons, caps, tasks = self._conclude(hits, noted, hold, (grade, score, refusal))
        policy = self.policy
        return Assessment(
            policy.method, policy.version, policy.sha256, grade, score, refusal, detail,
            tuple(dict.fromkeys([*because, *reasons])) if grade is not None else reasons,
            caps, tasks, self, values, hits, factors, labels,
        )  # fmt: skip

    def _scored(
        self, hits: tuple[Hit, ...], noted: list[Hit], held: list[str], scores: _Scores, labels: dict[str, str]
    ) -> tuple[str | None, Decimal | None, Refusal | None]:
        """Grade, score and refusal of the cards; fills *scores*. No grade: it comes from codes."""
        if any(hit.refuses for hit in noted):
            return None, None, Refusal.MEASURE_MISSING
        if self.policy.letters is not None:
            return self._letters(hits, noted)
        points = self._multiplied(hits, held) if held else [hit.scaled for hit in hits]
        for name in self._needed:
            scores[name] = self._score(name, hits, points)
        shape = self.shape
        if shape.weakest:
            return self._weakest(scores, labels)
        if shape.lists or shape.grid:
            thin = shape.grid is not None and any(scores[name] is None for name in self._axes)
            return None, None, Refusal.TOO_THIN if thin else None
        score = scores[SCORE] = self._score(SCORE, hits, points)
        return (None, None, Refusal.TOO_THIN) if score is None else (self._grade_at(score), score, None)

    def _weakest(self, scores: _Scores, labels: dict[str, str]) -> tuple[str | None, Decimal | None, Refusal | None]:
        found = [(score, name) for name in self._axes if isinstance(score := scores[name], Decimal)]
        if len(found) < len(self._axes):
            return None, None, Refusal.TOO_THIN
        labels.update({name.removeprefix(PART): self._grade_at(score) for score, name in found})
        lowest = scores[SCORE] = min(found)[0]
        return self._grade_at(lowest), lowest, None

    def _score(self, name: str, hits: tuple[Hit, ...], points: list[int]) -> Decimal | None:
        """The score of a group of cards, cut to 9 decimals; None where too little of it is known."""
        places = self._groups[name]
        considered, unknown = self._most[name], 0
        for place in places:
            considered -= hits[place].left_out
            unknown += hits[place].unknown
        least = self.policy.known_at_least
        if unknown and least is not None and considered - unknown < least * considered:
            return None
        total = sum([points[place] for place in places])
        if self.shape.total is not None:
            start = self.shape.total.start if name == SCORE else Decimal(0)
            return EXACT.add(start, Decimal(total * _BILLION // self.scale) * _NINE_PLACES)
        if considered == 0:
            return None
        return Decimal(max(0, min(total, considered)) * 100 * _BILLION // considered) * _NINE_PLACES

    def _multiplied(self, hits: tuple[Hit, ...], held: list[str]) -> list[int]:
        points = [hit.scaled for hit in hits]
        for rule_id in held:
            above, below, places = self._multipliers[rule_id]
            for place in places:
                points[place] = points[place] * above // below
        return points

    def _factors(self, hold: list[Rule], hits: tuple[Hit, ...]) -> tuple[tuple[str, Decimal], ...]:
        found: list[tuple[str, Decimal]] = []
        for rule in [rule for rule in hold if rule.factor is not None]:
            assert rule.factor is not None
            if any(not (hits[i].left_out or hits[i].unknown) for i in self._multipliers[rule.id][2] if hits):
                found.append((rule.part or "", rule.factor))
            else:
                hold.remove(rule)
        return tuple(found)

    def _from_codes(self, seen: dict[str, Value], noted: list[Hit]) -> tuple[str | None, tuple[str, ...]]:
        """The grade of the condition lists or of the grid, and its reason; names in *noted* what is not known."""
        if self._lists is not None:
            said = self._lists(seen)
            return said.code, (said.clause.reason,) if said.clause and said.clause.reason else ()
        grid = self.shape.grid
        assert grid is not None
        row, column = seen.get(grid.rows), seen.get(grid.columns)
        noted.extend(_lacking(name) for name in (grid.rows, grid.columns) if seen.get(name) is None)
        return grid.cells.get(str(row), {}).get(str(column)), ()

    def _grade_at(self, score: Decimal) -> str:
        return next(grade for grade, start in self._ladder if start is None or score >= start)

    def _capped(self, grade: str, noted: list[Hit], hold: list[Rule]) -> tuple[str, list[str]]:
        """Corrections first, then floors, then caps: a cap beats a floor."""
        places, last = self._places, len(self._ladder) - 1
        place = places[grade]
        steps = sum(rule.notches or 0 for rule in hold)
        if steps and place <= last:
            place = max(0, min(last, place - steps))
        lifted = []
        for rule in hold:
            if rule.floor is not None and places[rule.floor] < place:
                lifted.append(rule)
        if lifted:
            place = min(places[rule.floor or ""] for rule in lifted)
        found, caps = super()._capped(self.policy.scale[place].grade, noted, hold)
        return found, [*(rule.id for rule in lifted), *caps]

    def lines(self, assessment: Assessment) -> tuple[Line, ...]:
        """The lines of the cards, then the conditions of the lists, then the labels."""
        values = assessment.values
        seen = self.looked_at(values, assessment) if self._late or self._holding_late else self.seen(values)
        cards = []
        for place, hit in enumerate(assessment.hits):
            card = self.policy.cards[place]
            factors = _factors_on(card.part, assessment.factors) if assessment.factors else {}
            cards.append(self._line(place, hit, seen, factors))
        clauses = self.shape.lists.first if self.shape.lists else ()
        labels = [label_line(name, one, assessment.labels, seen) for name, one in self.shape.labels.items()]
        return (*cards, *(clause_line(clause, seen) for clause in clauses), *labels)


def _factors_on(part: str | None, held: tuple[tuple[str, Decimal], ...]) -> dict[str, Decimal]:
    """The product of the factors that act on *part*, in the form that a line asks for."""
    names = ("", *part_names(part))
    return {part or "": prod((factor for name, factor in held if name in names), start=Decimal(1))}


def _templates(policy: Policy) -> dict[str, ShapedPlan]:
    """One plan for each template, with its own cards."""
    shape = policy.shape
    if shape is None or shape.templates is None:
        return {}
    return {name: ShapedPlan(of_template(policy, name)) for name in shape.templates.names}


def _lacking(name: str) -> Hit:
    return Hit("not known", 0, True, refuses=True, card=name, measure=name)

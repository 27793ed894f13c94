"""What the movement of a method does, told as dates: the real steps of the grade path over days on which the rules say what a
script says. `tests/policy/movement` holds what must come out, by method; nothing here reads a number of the method."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import msgspec

from services.rating.core.brain import RatingBrain
from services.rating.core.engine import Sheet
from services.rating.core.measures.catalogue import compile_reading
from services.rating.core.measures.reading import Reader
from services.rating.core.reviews import review_due, valid_until
from services.rating.core.rising import Granted
from services.rating.core.standing import Standing, step
from shared.core.customer.state import Setting
from shared.core.ledger.days import FAR
from shared.core.policy.measure import REPORTED
from shared.core.policy.movement import EVENTS, REVIEWS, is_review
from shared.core.policy.policy import Policy
from shared.core.policy.quota import Crowd, Member, Ranking, review
from tests.support.customer import RULES
from tests.support.histories import Story
from tests.support.several import placed

BRAIN = RatingBrain(RULES, Setting())
FIRST = date(2026, 1, 10)
TURN = date(2026, 1, 20)
END = date(2027, 12, 31)
MILLION = 1_000_000
Says = Callable[[date], str]


class _Script(SimpleNamespace):
    """A sheet on which the rules say what a script says."""

    rules: ClassVar[tuple[()]] = ()
    signs: ClassVar[dict[str, Any]] = {}
    values: ClassVar[dict[str, Any]] = {}

    def in_default_since(self, _: int) -> dict[str, Any]:
        return {}

    def assess(self, _: object) -> Any:
        return SimpleNamespace(grade=self.grade, caps=(), refusal=None)


def walked(
    policy: Policy, says: Says, told: Story, start: date = FIRST, end: date = END, *, granting: bool = False
) -> list[tuple[date, Standing]]:
    """Every day from *start* to *end*, stepped, with the facts of *told*; *granting*: a rise is granted as it is asked for."""
    state = BRAIN.initial(told.subject)
    for event in told.events:
        BRAIN.evolve(state, event)
    found: list[tuple[date, Standing]] = []
    standing: Standing | None = None
    day = start
    while day <= end:
        sheet = cast("Sheet", _Script(policy=policy, grade=says(day)))
        was, standing = standing, step(state, standing, sheet, day.toordinal())
        if granting and standing.asks is not None:
            asked = Granted(day.toordinal(), policy.method, standing.grade or "", standing.asks)
            state.rises = [*state.rises, asked]
            standing = step(state, was, sheet, day.toordinal())
        found.append((day, standing))
        day += timedelta(days=1)
    return found


def timeline(days: Iterable[tuple[date, Standing]]) -> dict[str, str]:
    """The days on which another grade begins."""
    found: dict[str, str] = {}
    last: object = object()
    for day, standing in days:
        if standing.grade != last:
            last = standing.grade
            found[str(day)] = standing.grade or str(standing.refusal)
    return found


def behaviour(policy: Policy, parts: Iterable[str] = ()) -> dict[str, Any]:
    """What movement, scale, quotas and reported readings of *policy* do, as JSON values: the *parts*, or all of them."""
    found = {name: PARTS[name](policy) for name in parts or PARTS}
    return {name: value for name, value in found.items() if value}


def _scale(step: Any) -> list[str]:
    return [str(step.rank), *([str(step.pd)] if step.pd is not None else []), *(["default"] if step.default else [])]


def _story(policy: Policy, *, approved: bool = True) -> Story:
    """Reviews in February, July and August, and a place under a quota at every half-year."""
    story = Story(1)
    for on in (date(2026, 2, 15), date(2026, 7, 10), date(2026, 8, 5), *((date(2027, 1, 1),) if policy.capped else ())):
        outcome = "approved" if approved else "refused"
        story.tell("review.completed", on, review_id=f"R{on}", completed_on=on, outcome=outcome)
    kept = date(2026, 5, 5)
    story.tell(
        "review.completed", kept, review_id="RK", completed_on=kept, outcome="unchanged"
    )  # what may lapse does not
    for quota in policy.capped:
        for on in (date(2026, 7, 1), date(2027, 1, 1), date(2027, 7, 1)):
            placed(story, on, "place", policy.method, quota.holds)
    return story


def _rises(policy: Policy, *, approved: bool = True) -> dict[str, str]:
    """Worst until 19 January, then the best by the rules."""
    best, worst = policy.grades[0], policy.grades[-1]
    story = _story(policy, approved=approved)
    return timeline(walked(policy, lambda day: worst if day < TURN else best, story, granting=approved))


def _rises_soon(policy: Policy) -> dict[str, str]:
    """Worst until the eve of the half-year, then the best by the rules; approved on the day."""
    best, worst, turn = policy.grades[0], policy.grades[-1], date(2026, 7, 1)
    story = Story(1)
    story.tell("review.completed", turn, review_id="R", completed_on=turn, outcome="approved")
    days = walked(policy, lambda day: worst if day < turn else best, story, date(2026, 6, 20), turn, granting=True)
    return timeline(days)


def _cooldown(policy: Policy) -> dict[str, str]:
    """Falls one step on a day of spring and deserves the old grade the day after: last day of the fall → day of the rise."""
    high, low = policy.grades[-2:] if policy.capped else policy.grades[-3:-1]
    found: dict[str, str] = {}
    for offset in range(40):
        fell = date(2026, 3, 1) + timedelta(days=offset)
        story = Story(1)
        story.tell("conduct.reported", fell, conduct_id="K", kind="fraud", found_on=fell)
        days = walked(
            policy, lambda day, f=fell: low if day == f else high, story, date(2026, 2, 20), date(2026, 12, 31)
        )
        again = [day for day, one in days if day > fell and one.grade == high]
        found[str(again[0]) if again else "never"] = str(fell)
    return {last: rise for rise, last in found.items()}


def _falls(policy: Policy) -> dict[str, str]:
    """Best until 19 January, then the worst by the rules."""
    best, worst = policy.grades[0], policy.grades[-1]
    return timeline(walked(policy, lambda day: best if day < TURN else worst, _placed(policy)))


def _falls_on(policy: Policy, kind: str) -> str:
    """The grade on the day of such a fact, on which the rules say the worst."""
    story, on = _placed(policy), TURN
    match kind:
        case "conduct":
            story.tell("conduct.reported", on, conduct_id="K", kind="fraud", found_on=on)
        case "dunning":
            story.tell("dunning.sent", on, dunning_id="D", level=1, sent_on=on)
        case "signal":
            story.tell("signal.reported", on, signal_id="S", kind="press", severity="info", on=on)
        case "assessment":
            story.tell("assessment.recorded", on, assessment_id="A", method="m", round=1, assessor="a", assessed_on=on,
                       scores={"q": "1"})  # fmt: skip
        case "promise":
            story.tell("promise.made", on, promise_id="P", made_on=on, due_on=on, amount="1.00", currency="CNY")
    best, worst = policy.grades[0], policy.grades[-1]
    return walked(policy, lambda day: best if day < TURN else worst, story, end=TURN)[-1][1].grade or ""


def _placed(policy: Policy) -> Story:
    """A place from the first day on, where the best grade needs one."""
    story = Story(1)
    for quota in policy.capped:
        placed(story, FIRST, "place", policy.method, quota.holds)
    return story


def _reviews(policy: Policy) -> dict[str, list[str]]:
    """By grade: when it falls due for a review by people, and until when it is valid, from 10 January on."""
    found = {}
    for grade in policy.grades:
        state, day = BRAIN.initial("C1"), FIRST.toordinal()
        standing = Standing(grade=grade, since=day, valid_from=day)
        sheet = cast("Sheet", SimpleNamespace(policy=policy, reader=SimpleNamespace(day=day)))
        due = review_due(state, standing, sheet)
        until = valid_until(policy, standing, state, day)
        found[grade] = ["never" if due == FAR else str(date.fromordinal(due)), str(until)]
    return found


def _quota(policy: Policy, place: int) -> dict[str, Any]:
    """Places of a million, who of three candidates finds the one place, and what becomes of who finds none."""
    assert policy.shape is not None
    quota = policy.shape.quotas[place]
    codes = policy.grades if quota.of == "grade" else tuple(policy.shape.labels[quota.of].codes)
    seen: dict[str, Any] = {"of": quota.of, "holds": quota.holds, "by": quota.by}
    seen["places"] = {name: Ranking(quota, codes, Crowd(name, MILLION, 0)).region.places for name in quota.shares}
    few = MILLION // 1000
    alone = {name: Decimal(1) / few for name in quota.shares}
    narrow = msgspec.structs.replace(quota, shares=alone)
    values = [{name: 9 - abs(place - other) for place, name in enumerate(sorted(quota.rank_by))} for other in range(3)]
    wanting = [
        Member(f"C{number}", None, codes[-1], quota.holds, tuple(one.get(name) for name in quota.rank_by))
        for number, one in enumerate(values)
    ]
    others = [Member(f"X{number:04}", None, codes[-1], codes[-1], ()) for number in range(few - len(wanting))]
    placed_, _ = review(narrow, codes, [*wanting, *others])
    seen["ranked"] = {one.customer: f"{one.gets}, {one.why}" for one in placed_ if one.customer.startswith("C")}
    holding = [msgspec.structs.replace(one, held=quota.holds) for one in wanting]
    kept, _ = review(narrow, codes, [*holding, *others])
    seen["beyond"] = {one.customer: f"{one.gets}, {one.why}" for one in kept if one.customer.startswith("C")}
    seen["rank_by"] = list(quota.rank_by)
    months = [date(2026, month, 1) for month in range(1, 13)]
    review_ = next(one for one in REVIEWS if one.startswith(quota.review))
    seen["on"] = [str(on) for on in months if is_review(on.month, on.day, review_)]
    return seen


def _reported(policy: Policy) -> dict[str, str]:
    """The last day on which a report of the period ending 10 January counts; `always` where it never ends."""
    found = {}
    samples = {"flag": "yes", "code": "word"}
    for alias, reading in policy.measures.items():
        if not reading.measure.startswith(REPORTED):
            continue
        story, kind = Story(1), str(reading.params["kind"])
        name = reading.measure.removeprefix(REPORTED)
        story.tell("measure.reported", FIRST, name=name, value=samples.get(kind, "2"), period_end=FIRST)
        state = BRAIN.initial("C1")
        for event in story.events:
            BRAIN.evolve(state, event)
        function = compile_reading(reading, BRAIN.setting.lenses)
        until = "always"
        for offset in range(1200):
            day = FIRST.toordinal() + offset
            state.ledger.move_to(day)
            if function(Reader(state, BRAIN.setting, BRAIN.context())) is None:
                until = str(date.fromordinal(day - 1))
                break
        found[alias] = f"{kind}, {name}, {until}"
    return found


def _lapses(policy: Policy) -> dict[str, dict[str, str]]:
    """By grade: until when it stands without a review."""
    if policy.movement.lapse is None:
        return {}
    return {grade: timeline(walked(policy, lambda _, g=grade: g, Story(1))) for grade in policy.grades}


def _approvers(policy: Policy) -> dict[str, list[str]]:
    kinds = ("rise", "override", "exception")
    asked = [(of, grade) for of in kinds for grade in policy.grades]
    return {f"{of} {grade}": list(roles) for of, grade in asked if (roles := policy.movement.approvers(of, grade))}


PARTS: dict[str, Callable[[Policy], Any]] = {
    "scale": lambda policy: {step.grade: _scale(step) for step in policy.scale},
    "reviews": _reviews,
    "approvers": _approvers,
    "falls": _falls,
    "falls_on_a_fact": lambda policy: {kind: _falls_on(policy, kind) for kind in EVENTS},
    "rises": _rises,
    "rises_soon": _rises_soon,
    "rises_without_approval": lambda policy: _rises(policy, approved=False),
    "quotas": lambda policy: [
        _quota(policy, place) for place in range(len(policy.shape.quotas if policy.shape else ()))
    ],
    "lapses": _lapses,
    "reported_until": _reported,
    "rise_after_a_fall": _cooldown,
}
"""What is looked at, the quickest first."""

"""What is said when the standing changed: grade decisions, warnings, corrections, due reviews.

A decision is published exactly when what subscribers hold to be true is no longer so; everything else is recorded only.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from services.rating.core import people
from services.rating.core.alarming import again, figures, text
from services.rating.core.engine import Sheet
from services.rating.core.lived import Alarm, Published
from services.rating.core.moving import place_of
from services.rating.core.path import Path, at
from services.rating.core.reviews import review_due, valid_until
from services.rating.core.standing import Standing
from services.rating.core.state import State
from shared.core import money
from shared.core.brain import Decided
from shared.core.events.rating import (
    DecisionCorrected,
    FactRef,
    GradeChanged,
    PolicyRef,
    Restated,
    ReviewDue,
    WarningCleared,
    WarningRaised,
    WarningWithdrawn,
)
from shared.core.ledger.days import FAR
from shared.core.policy.assessment import Assessment
from shared.core.policy.policy import Policy
from shared.core.policy.warning import Level

ENGINE = "gradeline-3"
"""Of the functions that turn facts into measures; equal engines give equal measures."""

_LEAST_DIGIT = -6
NO_RULES = "0" * 64

DATA_RULE = "DQ-01"
"""Facts that contradict each other."""

LABELS = ("region", "segment", "industry", "manager", "kind")


def announce(state: State, standing: Standing, sheet: Sheet, start: int, cause: str) -> list[Decided]:
    """Everything that follows from *standing* being what holds now; the path was walked from *start* on."""
    said = _Said(state, state.path, standing, sheet, cause)
    decided = [
        *people.ended(state, lambda: said.carried),
        *_corrected(said, start),
        *_grade(said),
        *_warnings(said),
        *_data(said),
        *_review(said),
        *people.due(state, lambda: said.carried),
    ]
    for one in sheet.besides:
        path = state.besides[one.purpose]
        said = _Said(state, path, path[-1][1], one, cause)
        decided += [*_corrected(said, start), *_grade(said), *_review(said)]
    return decided


def labels(state: State) -> dict[str, str]:
    """By what decisions about the customer are routed, as they stand at the head of its path."""
    return {name: str(value) for name in LABELS if (value := state.attribute(name, state.head))}


class _Said:
    """What every decision about one customer on one day under one purpose carries."""

    def __init__(self, state: State, path: Path, standing: Standing, sheet: Sheet, cause: str) -> None:
        self.state, self.path, self.standing, self.sheet, self.cause = state, path, standing, sheet, cause
        self.lived, self.day = state.lived.under(sheet.purpose), state.head

    @cached_property
    def carried(self) -> dict[str, Any]:
        """Made when something is decided, which is seldom."""
        return {"as_of": date.fromordinal(self.day), "cause": self.cause, "labels": labels(self.state)}


def _grade(said: _Said) -> list[Decided]:
    now, last = said.standing, said.lived.last
    if last is None and now.grade is None:
        return []
    # where no method applies, what is said is said under the last one
    rules = (now.method or (last.method if last else "none"), now.sha256 or NO_RULES)
    if last is not None and (now.grade, now.refusal, now.underlying, *rules, now.override) == _as_said(last):
        return []
    was = last.grade if last else None
    publish = last is None or was != now.grade or (now.grade is not None and last.method != now.method)
    sheet, policy = said.sheet, said.sheet.policy
    assessment = sheet.assessment
    valid = valid_until(policy, now, said.state, said.day) if isinstance(policy, Policy) else None
    decision = GradeChanged(
        **said.carried | _caused(said, last, policy),
        method=rules[0],
        purpose=sheet.purpose,
        from_=was,
        to=now.grade,
        direction=_direction(was, now, last.method if last else "", last.underlying if last else None, policy),
        policy=PolicyRef(id=now.method or "none", version=now.version or "0", sha256=rules[1]),
        reasons=(*(assessment.reasons if assessment else ()), *now.held),
        refusal=now.refusal,
        underlying=now.underlying,
        score=_written(assessment.score) if assessment else None,
        parts=assessment.parts if assessment else {},
        valid_until=valid,
        override_id=now.override or None,
        measures=_measures(assessment),
        engine=f"{ENGINE} {said.state.ledger.calendar.version}",
        references={series: date.fromordinal(on) for series, on in sheet.reader.context.newest(said.day).items()},
        notches=_notches(was, now.grade, policy),
        is_worst=isinstance(policy, Policy) and now.grade == policy.grades[-1],
    )
    return [Decided(decision, publish)]


def _notches(was: str | None, grade: str | None, policy: Any) -> int | None:
    """Steps of the scale from *was* to *grade*, the better the more; None where they are not both on it."""
    scale = policy.grades if isinstance(policy, Policy) else ()
    return scale.index(was) - scale.index(grade) if was in scale and grade in scale else None


def _written(score: Decimal | None) -> Decimal | None:
    """*score* as it can be written without an exponent: of 0 with nine decimals, and of very little, Python writes one."""
    return score if score is None or score.adjusted() >= _LEAST_DIGIT else money.plain(score)


def _as_said(last: Published) -> tuple[str | None, str | None, str | None, str, str, str]:
    return (last.grade, last.refusal, last.underlying, last.method, last.sha256, last.override)


def _caused(said: _Said, last: Published | None, policy: Any) -> dict[str, str]:
    """An override that began or ended, or a review, where it was one of these that changed the grade."""
    if said.standing.override != (last.override if last else ""):
        return {"cause": "override"}
    if any(one.on == said.day and one.to == said.standing.grade for one in said.state.rises):
        return {"cause": "review"}  # people have granted this rise
    return {"cause": "review"} if _at_review(said, last.grade if last else None, policy) else {}


def _measures(assessment: Assessment | None) -> dict[str, str | None]:
    return {alias: text(value) for alias, value in assessment.values.items()} if assessment else {}


def _at_review(said: _Said, was: str | None, policy: Any) -> bool:
    """Whether the grade rose at the review at which alone it may, or moved as a population review said."""
    now = said.standing
    if was is None or now.grade is None or not isinstance(policy, Policy):
        return False
    if any(place_of(said.state, policy.method, quota.holds, now.since) for quota in policy.capped):
        return True
    ranks = policy.ranks
    rose = ranks.get(now.grade, 0) > ranks.get(was, 100)
    return rose and policy.movement.rise.only_at != "any_day" and now.since == said.day


def _direction(was: str | None, now: Standing, method: str, underlying: str | None, policy: Any) -> Any:
    if now.grade is None:
        return "lost"
    if was is None:
        return "first"
    if method != now.method:
        return "method"
    ranks = policy.ranks if isinstance(policy, Policy) else {}
    if was != now.grade:
        return "up" if ranks.get(now.grade, 0) > ranks.get(was, 0) else "down"
    return "up" if ranks.get(now.underlying or "", 0) >= ranks.get(underlying or "", 0) else "down"


def _corrected(said: _Said, start: int) -> list[Decided]:
    """The lived decisions that are seen to be other than they were last seen; one may come back to what it was."""
    state = said.state
    if start >= FAR or state.late is None:
        return []
    changed = []
    for one in said.lived.said:
        if start <= one.as_of < said.day:
            standing = at(said.path, one.as_of)
            would_be = standing.grade if standing else None
            if would_be != one.restated:
                on, method = date.fromordinal(one.as_of), standing.method if standing else ""
                changed.append(Restated(id=one.id, as_of=on, was=one.grade, would_be=would_be, method=method or None))
    if not changed:
        return []
    _, source, event_id, event_type = state.late
    decision = DecisionCorrected(
        **said.carried | {"cause": "correction"},
        fact=FactRef(source=source, id=event_id, type=event_type),
        from_=date.fromordinal(start),
        decisions=tuple(changed),
        purpose=said.sheet.purpose,
    )
    return [Decided(decision, True)]


def _warnings(said: _Said) -> list[Decided]:
    alarms = said.state.lived.alarms
    rules = {rule.id: rule for rule in said.sheet.rules}
    decisions: list[Decided] = []
    standing = {w.rule: w for w in said.standing.watches if w.level > Level.NONE}
    for name, watch in standing.items():
        rule, alarm, severity = rules[name], alarms.get(name), watch.level.name.lower()
        if alarm is None or alarm.severity != severity or again(rule, said.sheet, alarm, said.day):
            raised = WarningRaised(
                **said.carried,
                warning_id=alarm.warning_id if alarm else f"{name}/{watch.raised_on}",
                rule=name,
                kind=rule.kind.value,
                severity=severity,  # type: ignore[arg-type] # the levels are named so
                figures=figures(rule, said.sheet),
            )
            decisions.append(Decided(raised, True))
    for name, alarm in alarms.items():
        if name not in standing and name != DATA_RULE:
            kind = WarningCleared if _ever(said, name, alarm) else WarningWithdrawn
            cause = {"cause": "correction"} if kind is WarningWithdrawn else {}
            ended = kind(
                **said.carried | cause,
                warning_id=alarm.warning_id,
                rule=name,
                kind=alarm.kind,  # type: ignore[arg-type] # as it was raised
                severity=alarm.severity,  # type: ignore[arg-type] # as it was raised
            )
            decisions.append(Decided(ended, True))
    return decisions


def _ever(said: _Said, rule: str, alarm: Alarm) -> bool:
    """Whether the path, as it is seen now, ever had *rule* standing since the alarm was raised."""
    first = at(said.state.path, alarm.raised_on)
    later = [standing for day, standing in said.state.path if alarm.raised_on < day <= said.day]
    seen = [first, *later] if first else later
    return any(w.rule == rule and w.level > Level.NONE for standing in seen for w in standing.watches)


def _data(said: _Said) -> list[Decided]:
    """Facts that contradict each other: one warning, raised again under its id when there are more of them."""
    contradiction = contradictions(said.state, said.day)
    if contradiction is None or int(contradiction["contradictions"]) <= said.state.lived.contradictions:
        return []
    raised = WarningRaised(
        **said.carried, warning_id=DATA_RULE, rule=DATA_RULE, kind="data", severity="warning", figures=contradiction
    )
    return [Decided(raised, True)]


def contradictions(state: State, day: int) -> dict[str, str] | None:
    """How many facts contradict each other by *day*, and which came last; None where none do."""
    known = {what: on for what, on in state.conflicts.items() if on <= day}
    if not known:
        return None
    return {"contradictions": str(len(known)), "latest": max(known, key=lambda what: (known[what], what))}


def _review(said: _Said) -> list[Decided]:
    """The periodic review of the grade falls due (cadence of the method); announced once a due date."""
    now, due = said.standing, review_due(said.state, said.standing, said.sheet)
    if due > said.day or due <= said.lived.review_due:
        return []
    on = date.fromordinal(due)
    decision = ReviewDue(
        **said.carried | {"cause": "review"},
        review_id=f"{now.method}/{on}",
        method=now.method,
        due_on=on,
        purpose=said.sheet.purpose,
    )
    return [Decided(decision, True)]

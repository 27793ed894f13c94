"""What is shown of one customer on one day: the view that the API answers with, from the state alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from services.rating.core import people
from services.rating.core import view as v
from services.rating.core.alarming import text
from services.rating.core.engine import CREDIT, Engine, Sheet
from services.rating.core.measures.catalogue import CATALOGUE, Measure, Measured, compile_reading
from services.rating.core.measures.reading import Reader
from services.rating.core.path import Path, walk
from services.rating.core.reviews import valid_until
from services.rating.core.row import warnings_of
from services.rating.core.standing import Standing
from services.rating.core.state import State
from services.rating.core.told import Told
from shared.core.ledger.documents import RECEIVABLES, UNIT, Document
from shared.core.ledger.position import OPEN, SCALAR, Lens
from shared.core.ledger.sight import gross
from shared.core.ledger.timeline import postings
from shared.core.money import QUANTA
from shared.core.policy.assessment import Line, line_record
from shared.core.policy.measure import Kind, Reading
from shared.core.policy.policy import Policy

SHOWN_WINDOWS = ("90d", "12m", "24m")
"""Windowed measures are shown over these, where their declaration names no others."""


def show(state: State, day: int, version: int, engine: Engine, told: Told) -> v.View:
    """Walk the path of *state* to *day* and say everything about it. *state* is not used afterwards.

    *told* has heard the same events.
    """
    path: Path = []
    sheet = walk(state, path, state.first, day, engine)[0] if state.first and state.first <= day else None
    state.path, state.head = path, day
    if sheet is None:
        state.ledger.move_to(day)
        sheet = engine.sheet(state)
    standing = path[-1][1] if path else Standing()
    reader = sheet.reader
    seen = [(path, sheet), *((state.besides.get(one.purpose, []), one) for one in sheet.besides)]
    ratings: list[v.Rating] = []
    explanations: list[v.Explanation] = []
    history: list[v.Step] = []
    for along, one in seen:
        now = along[-1][1] if along else Standing()
        one.judge(now.default_on)
        ratings += _rating(state, now, one)
        explanations += _explanation(now, one, people.overrides(state, day, one.purpose, engine))
        history += _history(told, along, one.purpose)
    return v.View(
        customer_id=state.customer_id,
        as_of=date.fromordinal(day),
        version=version,
        currency=reader.currency,
        ratings=tuple(ratings),
        measures=measures(reader, engine),
        warnings=warnings_of(state, standing, sheet),
        history=tuple(history),
        explanations=tuple(explanations),
        items=tuple(_items(state, day, told)),
        unallocated_cash=_money(reader.scalar("cash"), reader.currency),
        exceptions=people.exceptions(state, day),
    )


def measures(reader: Reader, engine: Engine) -> dict[str, v.MeasureValue]:
    """Every measure of the library, raw, by its full name. None: not known, or an exchange rate is missing."""
    return {
        name: _shown(measured(reader), is_money=is_money) for name, measured, is_money in _all(engine.setting.lenses)
    }


@lru_cache(maxsize=4)
def _all(lenses: tuple[Lens, ...]) -> list[tuple[str, Measured, bool]]:
    """(full name, function, whether it is money) of everything that is shown."""
    named = [(full, measure.kind is Kind.MONEY) for measure in CATALOGUE.values() for full in _names(measure)]
    return [(full, compile_reading(Reading(full), lenses), is_money) for full, is_money in named]


def _names(measure: Measure) -> list[str]:
    windows = SHOWN_WINDOWS if measure.shown is None else measure.shown
    if not measure.windowed:
        return [measure.name] if measure.shown is None else []
    return [f"{measure.name}_{window}" for window in windows]


def _shown(value: Any, *, is_money: bool) -> v.MeasureValue:
    if isinstance(value, dict):
        return {name: format(amount, "f") for name, amount in value.items()}
    if isinstance(value, Decimal):
        return format(value, "f") if is_money else text(value)
    return value  # type: ignore[no-any-return]


def _money(amount: int, currency: str) -> str:
    return format(Decimal(amount).scaleb(-UNIT).quantize(QUANTA[currency]), "f")


def _rating(state: State, standing: Standing, sheet: Sheet) -> Iterator[v.Rating]:
    if not standing.since or _never_rated(standing, sheet.purpose):
        return
    assessment, policy = sheet.assessment, sheet.policy
    valid = valid_until(policy, standing, state, sheet.reader.day) if isinstance(policy, Policy) else None
    yield v.Rating(
        method=standing.method or "none",
        purpose=sheet.purpose,
        grade=standing.grade,
        refusal=standing.refusal,
        parts=assessment.parts if assessment else {},
        score=text(assessment.score) if assessment else None,
        since=date.fromordinal(standing.since),
        valid_until=valid,
        underlying=standing.underlying,
        without_override=(standing.rules or standing).grade,
        override_id=standing.override or None,
    )


def _never_rated(standing: Standing, purpose: str) -> bool:
    """Whether a purpose other than `credit` has nothing to do with the customer."""
    return purpose != CREDIT and standing.grade is None and standing.kept is None and not standing.method


def _explanation(standing: Standing, sheet: Sheet, overrides: tuple[v.Overriding, ...]) -> Iterator[v.Explanation]:
    assessment = sheet.assessment
    if assessment is None:
        return
    yield v.Explanation(
        method=assessment.method,
        purpose=sheet.purpose,
        grade=standing.grade,
        underlying=standing.underlying,
        score=text(assessment.score),
        refusal=standing.refusal,
        refusal_detail=assessment.refusal_detail or None,
        policy=v.PolicyId(assessment.method, assessment.version, assessment.sha256),
        reasons=assessment.reasons,
        caps=assessment.caps,
        movement=standing.held,
        measures={alias: _shown(value, is_money=False) for alias, value in assessment.values.items()},
        lines=tuple(_line(line) for line in assessment.lines),
        overrides=overrides,
    )


def _line(line: Line) -> v.Line:
    said = line_record(line)
    return v.Line(
        characteristic=line.characteristic,
        value=line.value,
        band=line.band,
        letter=line.letter,
        points=said.get("points"),
        max_points=said.get("max_points"),
        part=line.part,
        reasons=line.reasons,
        reference=line.reference,
        assumed=line.assumed,
        left_out=line.left_out,
    )


def _history(told: Told, path: Path, purpose: str) -> list[v.Step]:
    """The runs of days with one grade, oldest first. Of runs that were lived the log says why they began."""
    runs: list[v.Step] = []
    for day, standing in path:
        if not runs and _never_rated(standing, purpose):
            continue
        if runs and (runs[-1].grade, runs[-1].refusal, runs[-1].method) == _key(standing):
            continue
        on = date.fromordinal(day)
        if runs:
            runs[-1] = _until(runs[-1], date.fromordinal(day - 1))
        policy = v.PolicyId(standing.method, standing.version, standing.sha256) if standing.method else None
        decision = told.decision(on, standing.grade, standing.refusal, standing.method, purpose)
        runs.append(
            v.Step(
                method=standing.method or "none",
                purpose=purpose,
                grade=standing.grade,
                refusal=standing.refusal,
                since=on,
                until=None,
                cause=decision.cause if decision else None,
                lived=decision is not None,
                score=text(decision.score) if decision else None,
                policy=policy,
            )
        )
    return runs


def _key(standing: Standing) -> tuple[str | None, str | None, str]:
    return (standing.grade, standing.refusal, standing.method or "none")


def _until(step: v.Step, until: date) -> v.Step:
    return msgspec.structs.replace(step, until=until)


def _items(state: State, day: int, told: Told) -> list[v.OpenItem]:
    """Every receivable with something open on *day*, by due date."""
    items = []
    for document in state.ledger.documents.values():
        if document.kind in RECEIVABLES and document.order is not None and document.booked <= day:
            items += _open_of(state, document, day, told)
    return sorted(items, key=lambda item: (item.due_on or date.max, item.transaction_id))


def _open_of(state: State, document: Document, day: int, told: Told) -> list[v.OpenItem]:
    open_: dict[int, int] = {}
    disputed = 0
    for posting in postings(document, state.ledger):
        on, family, key, numbers = posting
        if on <= day and family == OPEN:
            open_[key] = open_.get(key, 0) + numbers[0]
        elif on <= day and family == SCALAR and key == "disputed":
            disputed += numbers
    paper = told.papers[document.id]
    items = []
    for due, amount in sorted(open_.items()):
        if not amount:
            continue
        late = max(0, day - due) if due else 0
        contested = min(disputed, amount)
        disputed -= contested
        items.append(
            v.OpenItem(
                transaction_id=document.id,
                kind=document.kind,
                document_no=paper.document_no,
                booked_on=date.fromordinal(document.booked),
                due_on=date.fromordinal(due) if due else None,
                due_derived=document.term is None and all(on > day for _, on, _ in document.terms),
                amount=_money(gross(document, day), document.currency),
                open_amount=_money(amount, document.currency),
                currency=document.currency,
                days_past_due=late,
                bucket=bucket_of(late),
                disputed_amount=_money(contested, document.currency),
                company=paper.company,
            )
        )
    return items


def bucket_of(late: int) -> str:
    """The ageing bucket of an item so many days past due (MN-54.01)."""
    if not late:
        return "not_due"
    return "1_30" if late <= 30 else "31_60" if late <= 60 else "61_90" if late <= 90 else "over_90"

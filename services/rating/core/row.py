"""What the projection keeps of a customer, so that lists never fold anything."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from services.rating.core.alarming import text
from services.rating.core.announce import DATA_RULE, contradictions
from services.rating.core.engine import Sheet
from services.rating.core.measures.payment import overdue_amount, receivable_balance
from services.rating.core.measures.reading import Params
from services.rating.core.standing import Standing
from services.rating.core.state import State
from services.rating.core.view import Warning
from shared.core.approval.request import Approval
from shared.core.ledger.documents import Order
from shared.core.policy.measure import Value
from shared.core.policy.policy import Policy
from shared.core.policy.shape import Quota
from shared.core.policy.warning import Level

_RAW = Params()


class Rated(msgspec.Struct, frozen=True):
    """The head of the path under one purpose, with what a population review ranks by. Where nobody is, all is None.

    As the rules alone have it: an override neither takes a place under a quota nor gives one back.
    """

    purpose: str
    method: str | None
    grade: str | None
    due: str | None
    """The grade that waits for a place under a quota."""
    refusal: str | None
    score: Decimal | None
    since: date | None
    active: bool
    populations: tuple[str | None, ...]
    """Of each quota of the method: the code of the attribute that divides the population."""
    ranks: tuple[Decimal | None, ...]
    """Of each quota, one after the other: the values by which it ranks."""


class Row(msgspec.Struct, frozen=True):
    """The head of one customer's path. Amounts in the customer's currency; None where a rate is missing."""

    as_of: date
    currency: str
    grade: str | None
    refusal: str | None
    method: str | None
    score: Decimal | None
    since: date | None
    region: str | None
    segment: str | None
    manager: str | None
    receivable_balance: Decimal | None
    overdue_amount: Decimal | None
    warnings: tuple[Warning, ...]
    aliases: tuple[tuple[tuple[str, str], Order, bool], ...]
    """((source, id), order of the fact, whether it is linked) of ids that other systems use or used."""
    companies: tuple[str, ...]
    """Our legal entities that ever booked something with the customer."""
    underlying: str | None
    """The grade of the rules alone."""
    override_id: str | None
    approvals: tuple[Approval, ...]
    warned: bool
    """Whether a warning stands now or stood before: only then the stored ones need a look."""
    ratings: tuple[Rated, ...] = ()
    """Of every purpose, where there are several or any grade is under a quota; else the row says it all."""


def row_of(state: State, standing: Standing, sheet: Sheet, *, several: bool = False) -> Row:
    """The row of *state* as its ledger stands. *several*: what each purpose says is kept too."""
    reader, day = sheet.reader, state.head
    known = not reader.without_rate and bool(reader.parts)
    warnings = warnings_of(state, standing, sheet) if standing.watches or state.conflicts else ()
    return Row(
        as_of=date.fromordinal(day),
        currency=reader.currency,
        grade=standing.grade,
        refusal=standing.refusal,
        method=standing.method or None,
        score=sheet.assessment.score if sheet.assessment else None,
        since=date.fromordinal(standing.since) if standing.since else None,
        region=state.attribute("region", day),
        segment=state.attribute("segment", day),
        manager=state.attribute("manager", day),
        receivable_balance=receivable_balance(reader, _RAW) if known else None,
        overdue_amount=overdue_amount(reader, _RAW) if known else None,
        warnings=warnings,
        aliases=tuple([(alias, order, linked) for alias, (order, linked) in state.aliases.items()]),
        companies=tuple(sorted(state.companies)),
        underlying=standing.underlying,
        override_id=standing.override or None,
        approvals=tuple([msgspec.structs.replace(one) for one in state.approvals.values()]),
        warned=bool(warnings or state.lived.alarms),
        ratings=_ratings(state, standing, sheet) if several else (),
    )


def _ratings(state: State, standing: Standing, sheet: Sheet) -> tuple[Rated, ...]:
    found = [_rated(state, standing, sheet)]
    found += [_rated(state, state.besides[one.purpose][-1][1], one) for one in sheet.besides]
    return tuple(found)


def _rated(state: State, standing: Standing, sheet: Sheet) -> Rated:
    quotas = sheet.policy.capped if isinstance(sheet.policy, Policy) else ()
    score = sheet.assessment.score if sheet.assessment else None
    standing = standing.rules or standing
    known = {**sheet.values, "score": score}
    return Rated(
        purpose=sheet.purpose,
        method=standing.method or None,
        grade=standing.grade,
        due=standing.due,
        refusal=standing.refusal,
        score=score,
        since=date.fromordinal(standing.since) if standing.since else None,
        active=state.attribute("status", state.head) in {None, "active"},
        populations=tuple(_divided_by(quota, state, sheet) for quota in quotas),
        ranks=tuple(_number(known.get(alias)) for quota in quotas for alias in quota.rank_by),
    )


def _divided_by(quota: Quota, state: State, sheet: Sheet) -> str | None:
    """The code under which the customer counts in the population of *quota*; None: with everybody else."""
    shape = sheet.policy.shape if isinstance(sheet.policy, Policy) else None
    if shape is not None and quota.by in shape.labels:
        return sheet.assessment.labels.get(quota.by) if sheet.assessment else None
    code: str | None = state.attribute(quota.by, state.head)
    return code


def _number(value: Value) -> Decimal | None:
    return Decimal(value) if isinstance(value, Decimal | int) else None


def warnings_of(state: State, standing: Standing, sheet: Sheet) -> tuple[Warning, ...]:
    """The warnings that stand, under the ids by which they were raised."""
    kinds = {rule.id: rule for rule in sheet.rules}
    found = []
    for watch in standing.watches:
        if watch.level == Level.NONE or watch.rule not in kinds:
            continue
        alarm, rule = state.lived.alarms.get(watch.rule), kinds[watch.rule]
        figures = {alias: text(sheet.signs.get(alias)) for alias in rule.measures}
        found.append(
            Warning(
                warning_id=alarm.warning_id if alarm else f"{watch.rule}/{watch.raised_on}",
                rule=watch.rule,
                kind=rule.kind.value,
                severity=watch.level.name.lower(),
                since=watch.raised_on,
                figures={alias: value for alias, value in figures.items() if value is not None},
            )
        )
    facts = contradictions(state, sheet.reader.day) if state.conflicts else None
    if facts is not None:
        since = date.fromordinal(min(state.conflicts.values()))
        found.append(
            Warning(
                warning_id=DATA_RULE, rule=DATA_RULE, kind="data", severity="warning", since=since, figures={**facts}
            )
        )
    return tuple(found)

"""What people report, over HTTP: an alert that somebody opens, by the kinds that say who may."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from fastapi import APIRouter

from services.alerts.api import answers
from services.alerts.api.asking import Reached, Reporter, Wired, person
from services.alerts.api.forms import Reported
from services.alerts.core.acting import UNKNOWN
from services.alerts.core.case import HOUSE, case_of
from services.alerts.core.listing import Reach
from services.alerts.core.reporting import OWN_FIELDS, Report, Step, report
from services.alerts.core.rules import Clause, Kind, Kinds, Test
from services.alerts.core.saying import Saying
from services.alerts.handlers.ports import Ports
from shared.core.errors import Forbidden, NotFound
from shared.core.events.values import is_id
from shared.edge.http import problem
from shared.edge.http.approving import Key
from shared.edge.http.auth import Seen
from shared.edge.http.problem import Invalid
from shared.edge.http.wording import refusal

_CONFLICTS = problem.KINDS["declined"]
router = APIRouter(
    prefix="/v1",
    tags=["alerts"],
    responses={_CONFLICTS.status: {"description": _CONFLICTS.title, "content": problem.CONTENT}},
)


@router.post("/alerts", status_code=201, summary="Report something")
async def make(who: Reporter, seen: Seen, wired: Wired, reached: Reached, body: Reported, key: Key) -> answers.Alert:
    """Open an alert: a report, an urgent development, an asset at risk, a finding. It has the life that every alert has; you
    answer for what it says, and it is amended only by another report of yours."""
    by = person(who)
    kind, clause = _kind(wired.rules.kinds, body)
    if (who.roles | reached.known.roles).isdisjoint(clause.by):
        raise Forbidden(f"{kind.kind} is reported by who holds the role {', '.join(clause.by)}")
    if found := list(_flaws(kind, clause, body)):
        raise Invalid(found)
    stream = await _case(wired, reached, kind, body)
    told = Report(
        kind=kind.kind, by=by, key=key, text=body.text, reference=body.reference, figures=body.figures, labels=body.labels,
        of=body.of or "", owner=body.owner or "", due_on=body.due_on,
        plan=tuple(Step(what=one.what, owner=one.owner, due_on=one.due_on) for one in body.plan),
    )  # fmt: skip
    opened = ""

    def act(saying: Saying, at: datetime) -> None:
        nonlocal opened
        opened = report(saying, at, kind, told, reached)

    await wired.command.about(wired.database(), stream, act)
    # who reported it is told of it, whatever rows it lies in
    own = msgspec.structs.replace(reached, companies=None, regions=None, managers=None)
    made = await wired.lists.alert(wired.database(), opened, own)
    if made is None:
        raise NotFound(UNKNOWN)
    return answers.Alert.model_validate(msgspec.structs.asdict(made))


def _kind(kinds: Kinds, body: Reported) -> tuple[Kind, Clause]:
    kind = kinds.of(body.kind)
    clause = None if kind is None else kind.reported
    if kind is None or clause is None:
        names = ", ".join(one.kind for one in kinds.kinds if one.reported)
        raise Invalid([refusal("/kind", "kind", "choice", choices=names)])
    return kind, clause


def _flaws(kind: Kind, clause: Clause, body: Reported) -> Iterator[dict[str, Any]]:
    """What is wrong with the body as the kind asks for it."""
    takes = {*kind.same, *kind.figures}
    for name in body.figures:
        if name not in takes or name in OWN_FIELDS:
            yield refusal(f"/figures/{name}", name, "unknown-field")
    own = {"of": body.of, "owner": body.owner, "due_on": body.due_on and body.due_on.isoformat()}
    fields = body.figures | {name: text for name, text in own.items() if text}
    for test in clause.when:
        if not test.holds(fields):
            yield _asked(test, "" if test.field in own else "/figures")
    for name, takes_it in (
        ("of", "of" in takes), ("owner", "owner" in takes), ("due_on", kind.due == "due_on"), ("plan", bool(kind.plan)),
    ):  # fmt: skip
        if getattr(body, name) and not takes_it:
            yield refusal(f"/{name}", name, "unknown-field")
    if body.labels is not None and body.subject is not None and body.subject.startswith("g:"):
        yield refusal("/labels", "labels", "unknown-field")
    if kind.house and body.subject is not None:
        yield refusal("/subject", "subject", "unknown-field")
    elif not kind.house and (body.subject is None) == (body.of is None):
        yield refusal("/subject", "subject", "one-of", fields="subject, of")
    elif body.subject is not None and (body.subject.startswith("~") or not is_id(body.subject)):
        yield refusal("/subject", "subject", "customer-id")


def _asked(test: Test, place: str) -> dict[str, Any]:
    pointer, choices = f"{place}/{test.field}", [one for one in test.values if one]
    if test.op == "in" and choices:
        return refusal(pointer, test.field, "choice", choices=", ".join(choices))
    return refusal(pointer, test.field, "missing" if test.op == "not in" and not choices else "other")


async def _case(wired: Ports, reached: Reach, kind: Kind, body: Reported) -> str:
    """The stream that it is told to. Raises NotFound for an alert that the caller may not see."""
    if body.of is not None:
        if await wired.lists.alert(wired.database(), body.of, reached) is None:
            raise NotFound(UNKNOWN)
        return case_of(body.of)
    return HOUSE if kind.house else unicodedata.normalize("NFC", body.subject or "")

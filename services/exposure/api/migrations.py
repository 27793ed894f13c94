"""Limits that another system granted, taken over: rows of a file, each answered for itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.exposure.api import telling
from services.exposure.api.asking import Importer, Wired, money, named
from services.exposure.core.migrating import Became, Migrated, Why
from services.exposure.core.records import placed
from services.exposure.handlers import migrating
from shared.core import limits
from shared.core.breach import Breach
from shared.core.errors import Malformed, NotFound
from shared.core.money import parse_share
from shared.edge.http.approving import Answer, Body, Line, actor
from shared.edge.http.auth import Seen
from shared.edge.http.wording import in_chinese, refusal

router = APIRouter(prefix="/v1", tags=["limits"])
ROWS = 200
KINDS = ("policy", "management", "temporary", "insured", "guaranteed")
PLACES = ("company", "segment", "product_group", "salesperson", "region")
Cell = Annotated[str, Field(max_length=limits.TEXT_CHARACTERS)]


class LimitRow(BaseModel):
    """One row as the file has it. Every cell is text, so that what is wrong is said of the row and its column."""

    model_config = ConfigDict(extra="forbid")

    customer_id: Cell
    kind: Cell
    amount: Cell
    currency: Cell
    valid_from: Cell
    valid_to: Cell = ""
    share: Cell = ""
    company: Cell = ""
    segment: Cell = ""
    product_group: Cell = ""
    salesperson: Cell = ""
    region: Cell = ""


class LimitsTakenOver(Body):
    """Rows to take over. The same row again is the same act."""

    rows: list[LimitRow] = Field(min_length=1, max_length=ROWS)
    evidence: Line = Field(description="where they were approved, for example minutes of the committee; it is kept")
    dry_run: bool = Field(False, description="say what would become of each row, and write nothing")


class CellRefused(Answer):
    """What is wrong with one cell."""

    column: str
    rule: str
    en: str
    zh: str


class RowTaken(Answer):
    """What became of one row, or would."""

    row: int = Field(description="its place among the rows that were posted; 0 is the first")
    state: Literal["granted", "unchanged", "ended", "refused"] = Field(
        description="ended: taken over before and ended since; it does not come back"
    )
    limit_id: str | None
    errors: list[CellRefused]


class RowsTaken(Answer):
    """Every row, in the order in which they were posted."""

    results: list[RowTaken]


@router.post("/limits/migrations", summary="Take over limits that another system granted")
async def migrate(who: Importer, seen: Seen, wired: Wired, body: LimitsTakenOver) -> RowsTaken:
    """Take over limits. Each row is decided for itself and holds at once; a row that is refused changes nothing."""
    by = actor(who, body, None)
    results: list[RowTaken] = []
    for at, row in enumerate(body.rows):
        wanted, errors = read(row)
        if wanted is not None:
            try:
                customer = await named(wired, wanted.customer_id, seen, pointer="/customer_id")
                wanted = msgspec.structs.replace(wanted, customer_id=customer)
            except NotFound:
                errors.append(_code("customer_id", Why.STRANGER))
            except Malformed as wrong:
                errors.append(_error("customer_id", wrong))
        if wanted is None or errors:
            results.append(RowTaken(row=at, state="refused", limit_id=None, errors=errors))
            continue
        became = await migrating.migrate(wired, wanted, by.person, body.evidence, dry_run=body.dry_run)
        if isinstance(became, Became):
            results.append(RowTaken(row=at, state=became.value, limit_id=wanted.limit_id, errors=[]))
            continue
        column = "customer_id" if became is Why.STRANGER else "valid_to"
        results.append(RowTaken(row=at, state="refused", limit_id=None, errors=[_code(column, became)]))
    return RowsTaken(results=results)


def read(row: LimitRow) -> tuple[Migrated | None, list[CellRefused]]:
    """What *row* says, or everything that is wrong with it."""
    found: dict[str, Any] = {}
    errors: list[CellRefused] = []
    for name, value in _cells(row):
        if isinstance(value, Malformed):
            errors.append(_error(name, value))
        elif isinstance(value, Mapping):
            errors.append(_sentence(name, value))
        else:
            found[name] = value
    if errors:
        return None, errors
    place = placed({name: text for name in PLACES if (text := getattr(row, name).strip())})
    return Migrated(**found, place=place), errors


def _cells(row: LimitRow) -> Iterator[tuple[str, Any]]:
    """(column, value), or (column, what is wrong)."""
    customer, kind, currency = row.customer_id.strip(), row.kind.strip(), row.currency.strip()
    yield "customer_id", customer or refusal("/customer_id", "customer_id", "missing")
    yield "kind", kind if kind in KINDS else refusal("/kind", "kind", "choice", choices=", ".join(KINDS))
    try:
        yield "amount", money(row.amount.strip(), currency)
        yield "currency", currency
    except Malformed as wrong:
        yield wrong.pointer.removeprefix("/"), wrong
    yield "valid_from", _day("valid_from", row.valid_from)
    yield "valid_to", _day("valid_to", row.valid_to) if row.valid_to.strip() else None
    yield "share", _share(row.share.strip()) if row.share.strip() else None


def _day(name: str, text: str) -> date | Mapping[str, Any]:
    try:
        day = date.fromisoformat(text.strip()) if len(text.strip()) == 10 else None
    except ValueError:
        day = None
    is_near = day is not None and limits.EARLIEST_DATE <= day <= limits.LATEST_DATE
    return day if day is not None and is_near else refusal(f"/{name}", name, "date")


def _share(text: str) -> Decimal | Malformed:
    try:
        return parse_share(text)
    except Breach as breach:
        return Malformed(breach.message, pointer="/share", rule=breach.rule)


def _error(column: str, wrong: Malformed) -> CellRefused:
    return _sentence(column, {"rule": wrong.rule, "message": wrong.message})


def _sentence(column: str, said: Mapping[str, Any]) -> CellRefused:
    return CellRefused(column=column, rule=said["rule"], en=said["message"], zh=in_chinese(said))


def _code(column: str, code: Why) -> CellRefused:
    words = telling.words(code)
    return CellRefused(column=column, rule=code, en=words["en"], zh=words["zh"])

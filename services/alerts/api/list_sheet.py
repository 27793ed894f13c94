"""A list as a table, in one language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

import msgspec
import yaml

from services.alerts.adapters import wording
from services.alerts.core.lists import Of
from shared.edge.codes import Words
from shared.edge.sheets import Column, Kind, Sheet

COLUMNS: dict[Of, dict[str, Kind]] = {
    "alerts": {
        "customer": "text", "at_stake": "money", "currency": "text", "overdue_amount": "money", "overdue_days": "count",
        "stage": "text", "why": "text", "since": "date", "owner": "text",
    },
    "approvals": {
        "customer": "text", "approval_id": "text", "kind": "text", "requested_by": "text", "requested_on": "date",
        "state": "text", "by": "text", "ended_on": "date", "hours": "count", "steps": "count", "role": "text",
    },
}  # fmt: skip
_CODES = frozenset({"why", "kind", "state"})


def _read() -> dict[str, Words]:
    text = files("services.alerts.api").joinpath("list_words.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), dict[str, Words])


WORDS = _read()


def say(code: str, *, chinese: bool) -> str:
    """The words of a code; one without words stands for itself."""
    found = WORDS.get(code)
    return code if found is None else found.zh if chinese else found.en


def about(person: str, first: date | str, last: date | str, *, chinese: bool) -> list[tuple[str, str]]:
    """Whose list it is, and which days it covers."""
    return [(say("person", chinese=chinese), person), (say("days", chinese=chinese), f"{first} – {last}")]


def sheet(
    title: str, of: Of, rows: Sequence[Mapping[str, str]], about: Sequence[tuple[str, str]], *, chinese: bool,
    more: Mapping[str, Kind] | None = None,
) -> Sheet:  # fmt: skip
    """*rows* of figures, in their order; of alerts with what is at stake in each currency. *more* columns stand last."""
    kinds = COLUMNS[of] | dict(more or {})
    columns = [Column(name, say(name, chinese=chinese), kind) for name, kind in kinds.items()]
    table = [[_cell(row.get(name, ""), name, kind, chinese=chinese) for name, kind in kinds.items()] for row in rows]
    at_stake: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in rows:
        if "at_stake" in row:
            for place, name in enumerate(("at_stake", "overdue_amount")):
                at_stake[row["currency"]][place] += Decimal(row[name])
    totals = [
        [say("total", chinese=chinese), loss, currency, owed, *[None] * (len(columns) - 4)]
        for currency, (loss, owed) in sorted(at_stake.items())
    ]
    return Sheet(title, columns, table, totals, about)


def _cell(text: str, name: str, kind: Kind, *, chinese: bool) -> Any:
    if not text:
        return None
    if kind == "money":
        return Decimal(text)
    if kind == "count":
        return int(text)
    if kind == "date":
        return date.fromisoformat(text)
    if name not in _CODES:
        return text
    return ("；" if chinese else "; ").join(said(one, chinese=chinese) for one in text.split(","))


def said(code: str, *, chinese: bool) -> str:
    """What a code that stands as a figure means, in the words of messages."""
    return wording.words()["zh" if chinese else "en"].codes.get(code, code)

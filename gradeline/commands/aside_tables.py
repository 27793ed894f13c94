"""How what was set aside is shown: as rows of JSON, and as tables in both languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.edge.codes import Words, meaning
from shared.edge.store.aside import Parked, Quarantined
from shared.edge.store.dead import Letter

COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "letters": (
        ("place", "place 位置"),
        ("rule", "rule 规则"),
        ("pointer", "pointer 字段"),
        ("key", "key 键"),
        ("recorded_at", "recorded 记录时间"),
        ("state", "state 状态"),
        ("reason", "reason 原因"),
    ),
    "parked": (
        ("customer_id", "customer 客户"),
        ("since", "parked since 搁置时间"),
        ("version", "version 版本"),
        ("reason", "reason 原因"),
    ),
    "quarantined": (
        ("customer_id", "customer 客户"),
        ("source", "source 来源"),
        ("id", "id 编号"),
        ("type", "type 类型"),
        ("recorded_at", "recorded 记录时间"),
        ("other", "other customer 另一客户"),
        ("reason", "reason 原因"),
    ),
}
UNBROKEN = {"rule", "customer_id"}
"""What is copied into other commands or looked up: never cut in two."""


def letter_row(letter: Letter) -> dict[str, Any]:
    """One dead letter without its bytes."""
    return {
        "place": str(letter.place),
        "reason": letter.reason,
        "rule": letter.rule,
        "pointer": letter.pointer,
        "key": letter.key,
        "recorded_at": letter.recorded_at.isoformat(),
        "state": letter.state,
        "about": _both(meaning(letter.rule)),
    }


def parked_row(parked: Parked) -> dict[str, Any]:
    """One parked customer."""
    about = meaning("RETRY" if parked.retry else "PARKED")
    return {**parked._asdict(), "since": parked.since.isoformat(), "about": _both(about)}


def quarantined_row(fact: Quarantined) -> dict[str, Any]:
    """One fact whose identity was used before."""
    row = fact._asdict() | {"recorded_at": fact.recorded_at.isoformat(), "about": _both(meaning(fact.reason))}
    del row["place"]
    return row


ROWS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "letters": letter_row,
    "parked": parked_row,
    "quarantined": quarantined_row,
}


def show(kind: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print *rows* as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(show_lines=True)
    for name, title in COLUMNS[kind]:
        table.add_column(title, no_wrap=name in UNBROKEN)
    for row in rows:
        cells = {name: "" if row[name] is None else str(row[name]) for name, _ in COLUMNS[kind]}
        cells["reason"] += f"\n{Words(**row['about'])}"
        table.add_row(*cells.values())
    Console().print(table)


def _both(words: Words) -> dict[str, str]:
    return {"en": words.en, "zh": words.zh}

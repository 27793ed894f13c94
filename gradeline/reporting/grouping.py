"""What a report is by: customers, salespeople, regions, our companies; and what no fact says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple

from gradeline.language import say
from services.exposure.core.reporting import Entry, Item
from shared.edge.sheets import Column

By = Literal["customer", "salesperson", "region", "company"]
_OF_ITEM: dict[str, Callable[[Item], str]] = {
    "salesperson": lambda item: item.salesperson,
    "region": lambda item: item.region,
    "company": lambda item: item.company,
}
_OF_ENTRY: dict[str, Callable[[Entry], tuple[str, ...]]] = {
    "salesperson": lambda entry: entry.salespeople,
    "region": lambda entry: entry.regions,
    "company": lambda entry: entry.companies,
}


class Row(NamedTuple):
    """One item and the customer whose it is."""

    entry: Entry
    item: Item


def grouped(entries: Iterable[Entry], by: By, wanted: Callable[[Item], bool]) -> dict[tuple[str, str], list[Row]]:
    """(value, currency) → the items of *entries* that are *wanted*; the value is empty where no fact says it."""
    found: dict[tuple[str, str], list[Row]] = {}
    for entry in entries:
        for item in entry.items:
            if wanted(item):
                value = entry.customer if by == "customer" else _OF_ITEM[by](item)
                found.setdefault((value, item.currency), []).append(Row(entry, item))
    return dict(sorted(found.items(), key=lambda one: (not one[0][0], one[0])))


def values(entry: Entry, by: By) -> tuple[str, ...]:
    """Where *entry* itself stands: in each value that its documents name, or in none that is known."""
    return (entry.customer,) if by == "customer" else _OF_ENTRY[by](entry) or ("",)


def head(by: By) -> Column:
    """The first column."""
    said = {
        "customer": say("customer"),
        "salesperson": say("salesperson"),
        "region": say("region"),
        "company": say("company"),
    }
    return Column(by, said[by])


def named(value: str) -> str:
    """*value*, or that no fact says it."""
    return value or say("(not told)")


def untold(by: By, groups: Iterable[tuple[tuple[str, str], Any]]) -> Iterator[tuple[str, str]]:
    """What must be known where the dimension is not told for some; nothing where it is told for all."""
    found = sum(len(rows) for (value, _), rows in groups if not value)
    if found:
        yield (
            say("not told"),
            say(
                "{count:,} of the items name no {by}: they stand in the row (not told)", count=found, by=head(by).title
            ),
        )

"""What customers are written to: who wants to be written, what of theirs falls due or is overdue, and the messages about it."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from gradeline.database import pool_of
from gradeline.importing.encoding import detected
from services.alerts.adapters import delivery_rules, reminders, wiring
from services.alerts.adapters.channels.mail import is_mail_address
from services.alerts.core.reminding import Contact, Owed, Step, written
from services.alerts.core.worktime import Span
from services.exposure.adapters.reporting import Entries
from services.exposure.core.holding import NOT_DUE, OVERDUE
from shared.core.errors import Malformed
from shared.core.limits import ID_CHARACTERS
from shared.edge.settings import Settings

COLUMNS = {
    "customer": "customer",
    "客户": "customer",
    "email": "email",
    "邮箱": "email",
    "language": "language",
    "语言": "language",
}
DUE = frozenset({NOT_DUE, OVERDUE})
LANGUAGES: dict[str, Literal["en", "zh"]] = {"": "zh", "zh": "zh", "中文": "zh", "en": "en", "英文": "en"}
EVERY = "*"


class Done(NamedTuple):
    """What a run came to."""

    messages: int
    customers: int
    documents: int
    unreachable: tuple[str, ...]
    """Customers of whom something is at a step, and nobody knows to whom to write."""


def read(path: Path) -> tuple[frozenset[str], list[Contact]]:
    """The customers that the CSV *path* names, and their contact points. Raises Malformed with row and column, OSError."""
    with path.open(encoding=detected(path).name, newline="") as file:
        rows = csv.DictReader(file)
        names = {name: COLUMNS.get((name or "").strip().lower()) for name in rows.fieldnames or ()}
        if not {"customer", "email"} <= set(names.values()):
            raise Malformed(f"{path.name}: the header must name customer and email", pointer="/1", rule="header")
        customers, found = set[str](), dict[tuple[str, str], Contact]()
        for number, row in enumerate(rows, start=2):
            cells = {known: (row[name] or "").strip() for name, known in names.items() if known}
            customer, address = cells["customer"], cells["email"]
            language = LANGUAGES.get(cells.get("language", "").lower())
            if not customer or len(customer) > ID_CHARACTERS:
                raise _wrong(path, number, "customer", "write the id of a customer")
            if address and not is_mail_address(address):
                raise _wrong(
                    path, number, "email", "write one mail address, or nothing to write to this customer no more"
                )
            if language is None:
                raise _wrong(path, number, "language", "write zh or en")
            customers.add(customer)
            if address:
                found[customer, address] = Contact(customer, address, language)
    return frozenset(customers), list(found.values())


def _wrong(path: Path, row: int, column: str, remedy: str) -> Malformed:
    return Malformed(f"{path.name}, row {row}, {column}: {remedy}", pointer=f"/{row}/{column}", rule="cell")


def at_a_step(found: Entries, today: date, companies: frozenset[str]) -> list[Step]:
    """The documents of *companies* that are at a step today; what is in dispute is left out."""
    steps = delivery_rules.steps()
    due: dict[tuple[str, str, date, str], Owed] = {}
    for entry in found.of:
        for item in entry.items:
            wanted = EVERY in companies or item.company in companies
            if item.due is None or item.amount <= 0 or item.category not in DUE or item.is_disputed or not wanted:
                continue
            key = (entry.customer, item.document, item.due, item.currency)
            held = due.get(key)
            amount = item.amount + (held.amount if held else 0)
            due[key] = Owed(entry.customer, item.document, item.due, amount, item.currency)
    return [Step(one, step) for one in due.values() if (step := steps.reached(one.due_on, today)) is not None]


async def remind(known: Settings, steps: Iterable[Step], today: date, now: datetime, *, keep: bool) -> Done:
    """Write to customers about *steps* that nothing was written of, in working time; only say so where not *keep*."""
    async with pool_of(known, schema="alerts") as pool, pool.acquire() as connection, connection.transaction():
        contacts = await reminders.contacts(connection)
        fresh = await reminders.fresh(connection, list(steps))
        by_customer: dict[str, list[Step]] = defaultdict(list)
        for one in fresh:
            by_customer[one.owed.customer].append(one)
        reached = {name: held for name, held in by_customer.items() if name in contacts}
        messages = [
            message
            for name, held in sorted(reached.items())
            for contact in contacts[name]
            for message in written(contact, held, today, now)
        ]
        told = [one for held in reached.values() for one in held]
        if keep:
            at = wiring.brain(known).hours.after(now, Span(0, True))
            await reminders.write(connection, told, messages, today=today, at=at)
    return Done(len(messages), len(reached), len(told), tuple(sorted(by_customer.keys() - reached.keys())))


async def keep_contacts(
    known: Settings, customers: frozenset[str], found: list[Contact], by: str, now: datetime
) -> None:
    """From now on *customers* are written to at *found*."""
    async with pool_of(known, schema="alerts") as pool, pool.acquire() as connection, connection.transaction():
        await reminders.put(connection, customers, found, by=by, now=now)

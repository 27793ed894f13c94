"""The receivables ledger with an order in front of each invoice, through a whole instance: limits, checks, holds, releases.

The order of the ledger's dates is kept; everything happens today, for a check is asked today. Every second customer, and of the
two years what is settled or ordered by UNTIL: the first year, some 600 checks, within a minute.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from shared.edge.embedded.process import wait_until
from tests.support import plain_orders, told
from tests.support import spreadsheet as plain
from tests.support.covers import covers
from tests.support.instance import APPLIED_SECONDS, PARTITIONS, RunningInstance
from tests.support.plain_orders import APPROVED, TOO_LARGE, Paper
from tests.support.spreadsheet import Row

covers("LT-03", "AP-11")

pytestmark = [
    pytest.mark.parts,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(plain.LEDGER is None, reason="the receivables ledger is not beside this repository"),
]

UNTIL = date(2012, 12, 31)
FACTOR = Decimal("2.5")
"""A limit is so many times the customer's middle amount: about half of the orders wait for people or for money."""
CURRENCY = "USD"
AT_ONCE = 8
FACTS = """
select stream, count(*) as facts from exposure.events
where kind = 0 and stream = any($1::text[]) and type not like 'credit.grade.%' group by stream
"""
DAYS = "select day, count(*) as partitions from exposure.partitions group by day"
HOLDS = "select customer_id, order_id from exposure.holds where customer_id = any($1::text[])"
ACCOUNTS = "select customer_id, exposure, reserved, held, credit_limit from exposure.accounts where customer_id = any($1::text[])"


class Buyer:
    """One customer: what it still does, and what came of what it did."""

    def __init__(self, name: str, lines: list[Row], day: date) -> None:
        self.name, self.day = name, day
        self.rows = {row.invoice: row for row in lines}
        self.script = plain_orders.script(lines, UNTIL)
        self.answers: dict[str, str] = {}
        self.to_invoice: list[str] = []
        self.waiting: list[str] = []
        self.let_go: list[str] = []
        self.early: set[str] = set()
        self.due: list[str] = []

    @property
    def is_done(self) -> bool:
        return not (self.script or self.due or self.to_invoice)

    def asks(self, desk: Desk) -> None:
        """Ask for the orders that come before the next payment; people let go what is only too large."""
        while not self.due and self.script and self.script[0][0] == "asks":
            row = self.script.pop(0)[1]
            reasons = desk.checks(self.name, row)
            self.answers[row.invoice] = reasons[0] if reasons else APPROVED
            if reasons and TOO_LARGE not in reasons:
                self.waiting.append(row.invoice)
                continue
            if reasons:
                desk.lets_go(self.name, row)
            self.to_invoice.append(row.invoice)

    def facts(self) -> list[dict[str, Any]]:
        """The order and the invoice of what was let go, then the next payment."""
        found = [fact for order in self.to_invoice for fact in self._bought(self.rows[order])]
        self.to_invoice = []
        while self.script and self.script[0][0] == "pays" and not self.due:
            row = self.script.pop(0)[1]
            if row.invoice in self.waiting:
                self.early.add(row.invoice)
            else:
                self.due.append(row.invoice)
        if self.due:
            row = self.rows[self.due.pop(0)]
            fact = told.payment(self.name, row.invoice, self.day, f"{row.amount}")
            fact["data"]["currency"] = CURRENCY
            found.append(fact)
        return found

    def hears(self, held: set[str]) -> None:
        """What does not wait any more is invoiced, and paid where that was due."""
        gone = [order for order in self.waiting if order not in held]
        self.waiting = [order for order in self.waiting if order in held]
        self.let_go += gone
        self.to_invoice += gone
        self.due += [order for order in gone if order in self.early]

    def _bought(self, row: Row) -> Iterable[dict[str, Any]]:
        amount = f"{row.amount}"
        order = {
            "transaction_id": f"O-{row.invoice}",
            "kind": "order",
            "amount": amount,
            "currency": CURRENCY,
            "booked_on": f"{self.day}",
        }
        yield told.fact(self.name, "transaction.recorded", f"order-{row.invoice}", self.day, order)
        due = self.day + max(timedelta(0), row.due - row.invoiced)
        consumes = [{"transaction_id": order["transaction_id"], "amount": amount}]
        invoice = {**order, "transaction_id": row.invoice, "kind": "invoice", "due_on": f"{due}", "consumes": consumes}
        yield told.fact(self.name, "transaction.recorded", f"book-{row.invoice}", self.day, invoice)


class Desk:
    """The exposure API, as an order system and people use it."""

    def __init__(self, instance: RunningInstance) -> None:
        self._tokens = {role: instance.token(role) for role in ("sales", "general_manager")}
        self._http = httpx2.Client(base_url=f"{instance.exposure}/v1/", timeout=60, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def checks(self, customer: str, row: Row) -> list[str]:
        """Why the order waits; nothing: it does not."""
        order = {
            "customer_id": customer,
            "order_id": f"O-{row.invoice}",
            "amount": f"{row.amount}",
            "currency": CURRENCY,
        }
        answer = self._posts("sales", "credit-checks", order)
        found = [step["reason"]["code"] for step in answer["steps"] if step["verdict"] in {"hold", "refuse"}]
        assert (answer["decision"] == "approved") == (not found), answer
        return found

    def lets_go(self, customer: str, row: Row) -> None:
        """The general manager lets the order go."""
        from services.exposure.api.telling import hold_id

        name = hold_id(customer, f"O-{row.invoice}")
        self._posts("general_manager", f"holds/{name}/release", {"note": "agreed"})

    def _posts(self, role: str, path: str, body: dict[str, Any]) -> Any:
        answer = self._http.post(path, json=body, headers={"authorization": f"Bearer {self._tokens[role]}"})
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()


@contextmanager
def open_desk(instance: RunningInstance) -> Iterator[Desk]:
    """The desk, closed again."""
    desk = Desk(instance)
    try:
        yield desk
    finally:
        desk.close()


def everybody(work: Callable[[Any], None], of: Sequence[Any]) -> None:
    """Do *work* for all, several at once."""
    with ThreadPoolExecutor(AT_ONCE) as several:
        for _ in several.map(work, of):
            pass


def test_every_order_of_the_ledger_is_decided_as_on_paper_and_what_waits_goes_when_money_comes(
    instance: RunningInstance, tmp_path: Path
) -> None:
    assert plain.LEDGER is not None
    rows = plain.rows(plain.LEDGER)
    ledger = {f"ORD-{name}": plain.of(rows, name) for name in plain.customers(rows)[::2]}
    limits = {name: middle(lines) for name, lines in ledger.items()}
    papers = {name: plain_orders.played(lines, UNTIL, limits[name]) for name, lines in ledger.items()}
    day = instance.day()
    buyers = [Buyer(name, lines, day) for name, lines in ledger.items()]
    facts = dict.fromkeys(ledger, 1)
    instance.post([registered(name, day) for name in ledger])
    until_there(instance, facts)
    assert wait_until(
        lambda: instance.rows(DAYS) == [{"day": day, "partitions": PARTITIONS}], APPLIED_SECONDS, pause=0.1
    )
    takes_over(instance, tmp_path / "limits.csv", limits, day)
    with open_desk(instance) as desk:
        while active := [buyer for buyer in buyers if not buyer.is_done]:
            everybody(lambda buyer: buyer.asks(desk), active)
            news = [fact for buyer in active for fact in buyer.facts()]
            for fact in news:
                facts[fact["subject"]] += 1
            instance.post(news)
            until_there(instance, facts)
            held = {
                (row["customer_id"], row["order_id"].removeprefix("O-")) for row in instance.rows(HOLDS, list(ledger))
            }
            for buyer in active:
                buyer.hears({order for name, order in held if name == buyer.name})

    assert {one.name: one.answers for one in buyers} == {name: paper.answers for name, paper in papers.items()}
    assert {one.name: one.let_go for one in buyers} == {name: paper.let_go for name, paper in papers.items()}
    counts = Counter(answer for one in buyers for answer in one.answers.values())
    assert counts == Counter(answer for paper in papers.values() for answer in paper.answers.values())
    assert min(counts.values()) > 50, "each way was gone often"
    found = {row["customer_id"]: row for row in instance.rows(ACCOUNTS, list(ledger))}
    assert {name: row["exposure"] for name, row in found.items()} == {
        name: sum(paper.owed.values()) for name, paper in papers.items()
    }
    assert {name: row["held"] for name, row in found.items()} == {
        name: len(paper.waiting) for name, paper in papers.items()
    }
    assert {row["reserved"] for row in found.values()} == {0}, (
        "what was let go was invoiced, and nothing is kept for it"
    )
    assert [name for name, paper in papers.items() if not waits_rightly(paper, found[name])] == []


def takes_over(instance: RunningInstance, file: Path, limits: dict[str, Decimal], day: date) -> None:
    """The limits come from a file; the file of what was taken over changes nothing, and a wrong one neither."""
    text = "".join(f"{name},management,{amount},{CURRENCY},{day},\n" for name, amount in limits.items())
    head = "customer_id,kind,amount,currency,valid_from,valid_to\n"
    file.write_text(f"{head}{text}NOBODY,management,1.234,{CURRENCY},{day},\n")
    wrong = imported(instance, file, status=3)
    assert {(one["row"], one["column"], one["rule"]) for one in wrong["refused"]} == {
        (len(limits) + 2, "amount", "scale")
    }
    file.write_text(head + text)
    assert imported(instance, file, "--dry-run")["states"] == {"granted": len(limits)}
    assert imported(instance, file)["states"] == {"granted": len(limits)}
    assert imported(instance, file)["states"] == {"unchanged": len(limits)}
    written = instance.command("limits", "export", str(file))
    assert written.returncode == 0, written.stderr
    assert set(imported(instance, file)["states"]) == {"unchanged"}


def imported(instance: RunningInstance, file: Path, *words: str, status: int = 0) -> dict[str, Any]:
    """What `gradeline limits import` says. It must end with *status*."""
    done = instance.command("limits", "import", str(file), "--evidence", "file 1", "--json", *words)
    assert done.returncode == status, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def waits_rightly(paper: Paper, row: dict[str, Any]) -> bool:
    """Whether everything that waits really has no room."""
    return all(row["exposure"] + amount > row["credit_limit"] for amount in paper.waiting.values())


def registered(name: str, day: date) -> dict[str, Any]:
    data = {"name": f"{name} Trading", "kind": "company", "opened_on": f"{day}", "currency": CURRENCY}
    return told.fact(name, "customer.registered", "registered", day, data)


def middle(lines: list[Row]) -> Decimal:
    """The limit: FACTOR times the middle amount."""
    return (sorted(row.amount for row in lines)[len(lines) // 2] * FACTOR).quantize(Decimal("0.01"))


def until_there(instance: RunningInstance, expected: dict[str, int]) -> None:
    """Wait until exposure has exactly so many facts of everybody."""

    def there() -> bool:
        found = {row["stream"]: row["facts"] for row in instance.rows(FACTS, list(expected))}
        assert all(found.get(one, 0) <= count for one, count in expected.items())
        return found == expected

    assert wait_until(there, APPLIED_SECONDS, pause=0.05), f"not applied\n{instance.logs()}"

"""What a customer is written to: each document once a step, documents and amounts and nothing else, in its language."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from gradeline import reminding
from services.alerts.adapters import delivery_rules, wording
from services.alerts.adapters.channels.sending import linked
from services.alerts.core import rendering
from services.alerts.core.composing import compose
from services.alerts.core.message import Message
from services.alerts.core.reminding import Contact, Owed, Step, written
from services.exposure.adapters.reporting import Entries
from services.exposure.core.reporting import Entry, Item
from shared.core.errors import Malformed
from tests.support.covers import covers
from tests.support.receivers import CONSOLE

covers("AL-07", "AL-14", "DN-02", "DN-03")

DUE = date(2026, 3, 10)
NOW = datetime(2026, 3, 11, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("today", "step"),
    [
        ("2026-03-02", None), ("2026-03-03", -7), ("2026-03-06", -7), ("2026-03-07", None), ("2026-03-10", 0),
        ("2026-03-11", 1), ("2026-03-14", 1), ("2026-03-15", None), ("2026-03-20", 10), ("2026-04-09", 30),
        ("2026-04-12", 30), ("2026-04-13", None),
    ],
)  # fmt: skip
def test_a_document_is_at_a_step_on_its_day_and_a_little_longer(today: str, step: int | None) -> None:
    assert delivery_rules.steps().reached(DUE, date.fromisoformat(today)) == step


def steps() -> list[Step]:
    return [
        Step(Owed("C-1", "INV-2", date(2026, 3, 1), Decimal("20.00"), "CNY"), 10),
        Step(Owed("C-1", "INV-1", date(2026, 3, 10), Decimal("1000.50"), "CNY"), 1),
        Step(Owed("C-1", "INV-3", date(2026, 3, 18), Decimal("7.00"), "CNY"), -7),
    ]


def said(message: Message) -> str:
    told = compose([message], wording.words()[message.language], link=linked(CONSOLE))
    return f"{told.subject}\n{rendering.text(told)}\n{rendering.html(told)}"


def test_what_falls_due_and_what_is_overdue_are_a_message_each_with_documents_and_amounts_alone() -> None:
    due, overdue = written(Contact("C-1", "pay@c1.example", "en"), steps(), date(2026, 3, 11), NOW)
    assert (due.notices[0].kind, overdue.notices[0].kind) == ("customer_due", "customer_overdue")
    assert (overdue.person, overdue.address, overdue.form) == ("customer:C-1", "pay@c1.example", "customer")
    told = compose([overdue], wording.words()["en"], link=linked(CONSOLE))
    assert told.subject == "Overdue payment"
    (entry,) = told.entries
    assert entry.rows == ("INV-2; due 1 Mar 2026; CNY 20.00", "INV-1; due 10 Mar 2026; CNY 1,000.50")
    assert "CNY 1,020.50 in all" in entry.text
    for message in (due, overdue):
        for word in ("Gradeline", CONSOLE, "grade", "limit", "redit available", "For information"):
            assert word not in said(message), word


def test_it_is_written_in_the_language_of_the_customer() -> None:
    _, overdue = written(Contact("C-1", "pay@c1.example", "zh"), steps(), date(2026, 3, 11), NOW)
    assert "逾期付款通知" in said(overdue)
    assert "1,000.50 元" in said(overdue)
    for word in ("信用", "等级", "额度", "可否赊销", "供参考"):
        assert word not in said(overdue), word


def test_the_same_again_is_the_same_message() -> None:
    contact = Contact("C-1", "pay@c1.example", "en")
    first, again = (written(contact, held, date(2026, 3, 11), NOW)[0] for held in (steps(), list(reversed(steps()))))
    assert first == again


def test_only_documents_of_companies_that_are_named_and_none_in_dispute() -> None:
    def item(
        document: str, company: str, *, category: str = "overdue", disputed: bool = False, amount: str = "5.00"
    ) -> Item:
        money = Decimal(amount)
        return Item(document, category, money, money, "CNY", DUE, company, "", "", disputed)

    items = (item("A", "1"), item("B", "2"), item("C", ""), item("D", "1", disputed=True), item("E", "1", category="bills"),
             item("F", "1", amount="-5.00"))  # fmt: skip
    nothing = Decimal(0)
    entry = Entry("C-1", "CNY", None, nothing, nothing, {}, None, (), items, (), (), ())

    def found(*companies: str) -> list[str]:
        made = reminding.at_a_step(Entries([entry], []), date(2026, 3, 11), frozenset(companies))
        return [one.owed.document for one in made]

    assert (found("1"), found("2"), found("*"), found("3")) == (["A"], ["B"], ["A", "B", "C"], [])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("customer,phone\nC-1,1\n", "must name customer and email"),
        ("customer,email\nC-1,nobody\n", "row 2, email"),
        ("customer,email\n,a@b.example\n", "row 2, customer"),
        ("客户,邮箱,语言\nC-1,a@b.example,fr\n", "row 2, language"),
    ],
)
def test_a_file_of_contacts_is_refused_by_row_and_column(tmp_path: Path, text: str, wrong: str) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(Malformed) as refused:
        reminding.read(file)
    assert wrong in refused.value.message

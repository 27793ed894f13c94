"""Believable and unbelievable histories of one customer, for property tests: every kind of fact, in business order."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from shared.core.envelope import Event
from shared.core.events import BY_TYPE
from shared.core.events.base import Data
from shared.edge import codec

START = date(2024, 1, 8)
ZONE = timezone(timedelta(hours=8))


class Story:
    """Writes facts about one customer, each with an id of its own."""

    def __init__(self, seed: int, subject: str = "C1", currencies: tuple[str, ...] = ("CNY",)) -> None:
        self.random = Random(seed)
        self.detail = Random(~seed)
        """For what no other choice depends on."""
        self.subject = subject
        self.currencies = currencies
        self.events: list[Event] = []

    def tell(self, fact: str, on: date, /, **data: Any) -> Event:
        """Add the fact `credit.<fact>.v1` of day *on*."""
        event_type = f"credit.{fact}.v1"
        raw = msgspec.json.encode({key.rstrip("_"): value for key, value in data.items() if value is not None})
        content: Data = codec.decode_data(event_type, raw)
        assert type(content) is BY_TYPE[event_type]
        minute = len(self.events)
        time = datetime(on.year, on.month, on.day, 8, tzinfo=ZONE) + timedelta(seconds=minute % 30000)
        event = Event(
            id=f"e{len(self.events)}", source="/erp", type=event_type, subject=self.subject, time=time, data=content
        )
        self.events.append(event)
        return event


def money(random: Random, low: int = 1, high: int = 90000) -> str:
    """A random amount with cents."""
    return str(Decimal(random.randint(low * 100, high * 100)).scaleb(-2))


def _paper(story: Story, amount: str) -> dict[str, Any]:
    """What may stand on an invoice beside its amount: lines, of which one may say no amount, and a cash discount."""
    random, more = story.detail, dict[str, Any]()
    if random.random() < 0.5:
        half = (Decimal(amount) / 2).quantize(Decimal("0.01"))
        lines = [{"product_class": random.choice("ABC"), "quantity": str(random.randint(1, 40)), "amount": str(half)},
                 {"product_class": random.choice("AB"), "unit": random.choice(["case", "box"]), "quantity": "2.5"}]  # fmt: skip
        more["lines"] = lines[: random.randint(1, 2)]
    if random.random() < 0.3:
        more["discount"] = {"until": START + timedelta(days=900), "rate": "0.02"}
    return more


def _payer(story: Story) -> dict[str, Any]:
    return {"payer": "乙公司"} if story.detail.random() < 0.2 else {}


def history(seed: int, documents: int = 12, days: int = 420, currencies: tuple[str, ...] = ("CNY",)) -> list[Event]:
    """A random history: documents with everything that can happen to them, over *days* days."""
    story = Story(seed, currencies=currencies)
    random = story.random
    if random.random() < 0.3:
        return _plain(story, documents, days)
    if random.random() < 0.7:
        opened = START - timedelta(days=random.randint(0, 900))
        story.tell("customer.registered", START, name="甲公司", kind="company", region="CN-31",
                   opened_on=opened if random.random() < 0.3 else None)  # fmt: skip
    for number in range(documents):
        _sale(story, number, START + timedelta(days=random.randint(0, days)))
    if random.random() < 0.4:
        _reissues(story, documents, days)
    if random.random() < 0.4:
        _credits(story, documents, days)
    for number in range(random.randint(0, 4)):
        _side(story, number, START + timedelta(days=random.randint(0, days)))
    for number in range(story.detail.randint(0, 8)):
        _detail(story, number, START + timedelta(days=story.detail.randint(0, days)))
    return story.events


def _plain(story: Story, documents: int, days: int) -> list[Event]:
    """What most customers are: invoices paid in full, in two parts of one size, on the due date or by the same habit."""
    random, tell = story.random, story.tell
    habit = random.choice([[0], [0, 0, 3, 21], [-12, -5, 0], [-5, 0, 0, 2, 40, 100]])
    for number in range(documents * 2):
        on = START + timedelta(days=random.randint(0, days))
        term, amount = random.choice([10, 30, 45]), money(random, 100)
        due = on + timedelta(days=term)
        tell("transaction.recorded", on, transaction_id=f"I{number}", kind="invoice", amount=amount, currency="CNY",
             booked_on=on, due_on=due, **_paper(story, amount))  # fmt: skip
        paid = max(on, due + timedelta(days=random.choice(habit)))
        whole = Decimal(amount)
        half = (whole / 2).quantize(Decimal("0.01"), "ROUND_DOWN")
        parts = [whole] if random.random() < 0.7 else [half, whole - half]
        for at, part in enumerate(parts):
            tell("payment.recorded", paid, payment_id=f"P{number}.{at}", amount=str(part), currency="CNY", paid_on=paid,
                 **_payer(story),
                 allocations=[{"transaction_id": f"I{number}", "amount": str(part)}])  # fmt: skip
            if random.random() < 0.08:
                back = paid + timedelta(days=random.randint(0, 9))
                tell("payment.reversed", back, payment_id=f"P{number}.{at}", reversed_on=back, reason="error")
    for number in range(random.randint(0, 3)):
        _side(story, number, START + timedelta(days=random.randint(0, days)))
    return story.events


def _reissues(story: Story, number: int, days: int) -> None:
    """Order, delivery, invoice and credit note, some of them issued again, with or without saying what they consume."""
    random, tell = story.random, story.tell
    on = START + timedelta(days=random.randint(0, days))
    names = {"order": "", "delivery": "order", "invoice": "delivery", "credit_note": "invoice"}
    amounts = {"order": "100.00", "delivery": "40.00", "invoice": "25.00", "credit_note": "5.00"}
    for kind, of in names.items():
        on += timedelta(days=random.randint(0, 5))
        consumes = [{"transaction_id": f"{of}{number}", "amount": amounts[kind]}] if of else None
        tell("transaction.recorded", on, transaction_id=f"{kind}{number}", kind=kind, amount=amounts[kind],
             currency="CNY", booked_on=on, consumes=consumes)  # fmt: skip
        again = on + timedelta(days=random.randint(0, 20))
        for time in range(random.choice([0, 0, 1, 2])):
            tell("transaction.recorded", again, transaction_id=f"{kind}{number}" + "b" * (time + 1), kind=kind,
                 amount=amounts[kind], currency="CNY", booked_on=again, replaces=f"{kind}{number}" + "b" * time,
                 consumes=consumes if random.random() < 0.5 else None)  # fmt: skip
    if random.random() < 0.5:
        tell("payment.recorded", on, payment_id=f"PR{number}", amount="20.00", currency="CNY", paid_on=on,
             allocations=[{"transaction_id": f"invoice{number}", "amount": "20.00"}])  # fmt: skip


def _credits(story: Story, number: int, days: int) -> None:
    """A credit note that is amended, and used for several documents by settlements of which some are undone."""
    random, tell = story.random, story.tell
    on = START + timedelta(days=random.randint(0, days))
    note, held = f"N{number}", random.choice(["credit_note", "credit_note", "deposit"])
    if held == "credit_note":
        tell("transaction.recorded", on, transaction_id=note, kind="credit_note", amount="80.00", currency="CNY",
             booked_on=on)  # fmt: skip
    for at in range(random.randint(1, 3)):
        later = on + timedelta(days=random.randint(0, 40))
        tell("settlement.applied", later, settlement_id=f"SN{number}.{at}", from_={"kind": held, "id": note},
             to=[{"transaction_id": f"I{random.randint(0, 3)}", "amount": "60.00"}], applied_on=later)  # fmt: skip
        for _ in range(random.choice([0, 1, 2])):
            undone = later + timedelta(days=random.randint(0, 20))
            tell("settlement.undone", undone, settlement_id=f"SN{number}.{at}", undone_on=undone)
    if random.random() < 0.5:
        later = on + timedelta(days=random.randint(0, 40))
        tell("transaction.amended", later, transaction_id=note, amount=random.choice(["50.00", "90.00"]))
    if random.random() < 0.3:
        tell("refund.paid", on, refund_id=f"FN{number}", amount="10.00", currency="CNY", paid_on=on, of=note)


def _sale(story: Story, number: int, on: date) -> None:
    random, tell = story.random, story.tell
    currency = random.choice(story.currencies)
    amount = money(random)
    invoice = f"I{number}"
    consumes = None
    due: dict[str, Any] = {"due_on": on + timedelta(days=random.choice([0, 15, 30, 60]))}
    shape = random.random()
    if shape < 0.25:
        order, delivery = f"O{number}", f"D{number}"
        whole = str(Decimal(amount) * 2)
        tell("transaction.recorded", on - timedelta(days=6), transaction_id=order, kind="order", amount=whole,
             currency=currency, booked_on=on - timedelta(days=6))  # fmt: skip
        tell("transaction.recorded", on - timedelta(days=3), transaction_id=delivery, kind="delivery", amount=amount,
             currency=currency, booked_on=on - timedelta(days=3),
             consumes=[{"transaction_id": order, "amount": amount}])  # fmt: skip
        consumes = [{"transaction_id": delivery, "amount": amount}]
        if random.random() < 0.4:
            due = {
                "terms": {
                    "days": 30,
                    "starts": random.choice(["delivery", "acceptance", "month_end"]),
                    "cut_off_day": 25,
                }
            }
        if random.random() < 0.5:
            accepted = on + timedelta(days=random.randint(-2, 9))
            tell("transaction.accepted", accepted, transaction_id=delivery, accepted_on=accepted)
        if random.random() < 0.15:
            tell("transaction.cancelled", on, transaction_id=delivery, cancelled_on=on)
    elif shape < 0.4:
        half = str((Decimal(amount) / 2).quantize(Decimal("0.01")))
        rest = str(Decimal(amount) - Decimal(half))
        due = {"schedule": [
            {"seq": 1, "kind": "instalment", "amount": half, "due_on": on + timedelta(days=20)},
            {"seq": 2, "kind": "retention", "amount": rest, "due_on": on + timedelta(days=80)},
        ]}  # fmt: skip
    elif shape < 0.45:
        due = {}
    tell("transaction.recorded", on, transaction_id=invoice, kind=random.choice(["invoice", "invoice", "debit_note"]),
         amount=amount, currency=currency, booked_on=on, consumes=consumes, **due, **_paper(story, amount))  # fmt: skip
    _changes(story, number, invoice, amount, on, currency)
    _money(story, number, invoice, amount, on, currency)


def _changes(story: Story, number: int, invoice: str, amount: str, on: date, currency: str) -> None:
    random, tell = story.random, story.tell
    later = on + timedelta(days=random.randint(-4, 50))
    chance = random.random()
    part = str((Decimal(amount) / 4).quantize(Decimal("0.01")) + Decimal("0.01"))
    if chance < 0.12:
        tell("transaction.recorded", later, transaction_id=f"CN{number}",
             kind=random.choice(["credit_note", "rebate", "quality_claim", "return"]), amount=part, currency=currency,
             booked_on=later, consumes=[{"transaction_id": invoice, "amount": part}])  # fmt: skip
    elif chance < 0.2:
        tell("transaction.amended", later, transaction_id=invoice, amount=money(random))
    elif chance < 0.28:
        tell("transaction.cancelled", later, transaction_id=invoice, cancelled_on=later,
             amount=part if random.random() < 0.5 else None)  # fmt: skip
    elif chance < 0.36:
        tell("transaction.terms-changed", later, transaction_id=invoice, due_on=later + timedelta(days=30))
    elif chance < 0.5:
        tell("dispute.opened", later, dispute_id=f"X{number}", transaction_id=invoice,
             amount=amount if random.random() < 0.6 else part, currency=currency, opened_on=later)  # fmt: skip
        if random.random() < 0.7:
            closed = later + timedelta(days=random.randint(0, 90))
            tell("dispute.closed", closed, dispute_id=f"X{number}", closed_on=closed)
    elif chance < 0.58:
        tell("transaction.recorded", later, transaction_id=f"R{number}", kind="invoice", amount=amount,
             currency=currency, booked_on=later, due_on=later + timedelta(days=10), replaces=invoice)  # fmt: skip
    elif chance < 0.63:
        tell("overdue.reported", later, transaction_id=invoice, amount=amount, currency=currency, days_past_due=3,
             reported_on=later)  # fmt: skip


def _money(story: Story, number: int, invoice: str, amount: str, on: date, currency: str) -> None:
    random, tell = story.random, story.tell
    chance = random.random()
    if chance < 0.12:
        return
    paid = on + timedelta(days=max(-10, int(random.gauss(32, 18))))
    portion = (
        amount if chance < 0.6 else str((Decimal(amount) * Decimal("0.6")).quantize(Decimal("0.01")) + Decimal("0.01"))
    )
    over = str(Decimal(portion) + 7) if random.random() < 0.15 else portion
    later = paid + timedelta(days=random.randint(0, 30))
    payment = f"P{number}"
    bill = random.random() < 0.1
    direct = random.random() < 0.75
    tell("payment.recorded", paid, payment_id=payment, amount=over, currency=currency, paid_on=paid, **_payer(story),
         instrument="bill" if bill else None, matures_on=paid + timedelta(days=90) if bill else None,
         purpose="prepayment" if random.random() < 0.1 else None,
         allocations=[{"transaction_id": invoice, "amount": over}] if direct else None)  # fmt: skip
    if not direct:
        kind = random.choice(["payment", "prepayment"])
        tell("settlement.applied", later, settlement_id=f"S{number}", from_={"kind": kind, "id": payment},
             to=[{"transaction_id": invoice, "amount": portion}], applied_on=later)  # fmt: skip
        if random.random() < 0.3:
            undone = later + timedelta(days=random.randint(0, 20))
            tell("settlement.undone", undone, settlement_id=f"S{number}", undone_on=undone)
    if random.random() < 0.15:
        back = later + timedelta(days=random.randint(0, 10))
        tell("payment.reversed", back, payment_id=payment, reversed_on=back,
             amount=portion if random.random() < 0.5 else None,
             reason=random.choice(["error", "bounced"]))  # fmt: skip
    if over != portion and random.random() < 0.5:
        tell("refund.paid", later, refund_id=f"F{number}", amount="7.00", currency=currency, paid_on=later, of=payment)
    if random.random() < 0.08:
        tell("transaction.recorded", later, transaction_id=f"CR{number}", kind="credit_note", amount="50.00",
             currency=currency, booked_on=later)  # fmt: skip
        tell("settlement.applied", later, settlement_id=f"SC{number}", from_={"kind": "credit_note", "id": f"CR{number}"},
             to=[{"transaction_id": invoice, "amount": "50.00"}], applied_on=later)  # fmt: skip


def _side(story: Story, number: int, on: date) -> None:
    random, tell = story.random, story.tell
    ended = on + timedelta(days=random.randint(0, 120))
    kind = random.randrange(6)
    if kind == 0:
        tell("promise.made", on, promise_id=f"PR{number}", made_on=on, due_on=ended, amount="100.00", currency="CNY")
        tell("promise.broken", ended, promise_id=f"PR{number}", broken_on=ended)
    elif kind == 1:
        tell("signal.reported", on, signal_id=f"SG{number}", kind=random.choice(["lawsuit", "enforcement", "dishonest_debtor"]),
             on=on, amount="9000.00", currency="CNY")  # fmt: skip
        tell("signal.lifted", ended, signal_id=f"SG{number}", lifted_on=ended)
    elif kind == 2:
        tell("measure.reported", on, name="register_check", value="1", period_end=on)
    elif kind == 3:
        tell("financials.reported", on, statement_id=f"FS{number}", period_end=on - timedelta(days=60), months=12,
             currency="CNY", basis="audited", received_on=on,
             lines={"total_assets": "900.00", "total_liabilities": "400.00", "current_assets": "500.00",
                    "current_liabilities": "250.00", "revenue": "2000.00", "net_profit": "90.00",
                    "operating_cash_flow": "60.00"},
             ratios={"icov": "4.5", "alr": "0.9"})  # fmt: skip
    elif kind == 4:
        tell("review.completed", on, review_id=f"RV{number}", completed_on=on, outcome="approved")
    else:
        tell("dunning.sent", on, dunning_id=f"DN{number}", sent_on=on, level=1)


def _detail(story: Story, number: int, on: date) -> None:
    """What the measures of conduct, experts, series and collateral read."""
    random, tell = story.detail, story.tell
    kind = random.randrange(7)
    if kind == 0:
        for assessor in "ABC":
            tell("assessment.recorded", on, assessment_id=f"AS{number}.{assessor}", method="rm-23", assessed_on=on,
                 round=random.randint(1, 3), assessor=assessor, scores={"outlook": str(random.randint(1, 5))})  # fmt: skip
    elif kind == 1:
        tell("conduct.reported", on, conduct_id=f"CD{number}", found_on=on, severity=random.choice(["minor", "serious"]),
             kind=random.choice(["violation", "complaint", "breach", "fraud"]))  # fmt: skip
        if random.random() < 0.6:
            closed = on + timedelta(days=random.randint(0, 60))
            tell("conduct.closed", closed, conduct_id=f"CD{number}", closed_on=closed,
                 outcome=random.choice(["proven", "unfounded"]))  # fmt: skip
    elif kind == 2:
        for month in range(random.randint(3, 20)):
            end = on + timedelta(days=30 * month)
            tell("measure.reported", end, name="consumption", period_end=end,
                 value=str(random.choice([100, 104, 97, 110, 20])))  # fmt: skip
    elif kind == 3:
        name = random.choice(["votes_satisfied", "votes_dissatisfied", "pledged_deposits", "value_margin"])
        tell("measure.reported", on, name=name, period_end=on, value=str(random.randint(0, 90)))
    elif kind == 4:
        tell("dunning.sent", on, dunning_id=f"DL{number}", sent_on=on, level=random.randint(1, 3))
    elif kind == 5:
        tell("promise.made", on, promise_id=f"PL{number}", made_on=on, due_on=on + timedelta(days=random.randint(0, 40)),
             amount=money(random, 1, 900), currency="CNY")  # fmt: skip
        if random.random() < 0.4:
            broken = on + timedelta(days=random.randint(0, 60))
            tell("promise.broken", broken, promise_id=f"PL{number}", broken_on=broken)
    else:
        tell("financials.reported", on, statement_id=f"FL{number}", period_end=on, months=random.choice([6, 12]),
             currency="CNY", lines={"total_assets": "900.00", "total_liabilities": str(random.randint(100, 999)) + ".00",
                                    "current_assets": "500.00", "current_liabilities": "250.00", "inventories": "90.00",
                                    "revenue": money(random), "net_profit": "90.00", "trade_receivables": "60.00",
                                    "cost_of_sales": "700.00", "ebit": "40.00", "interest_expense": "0.00"})  # fmt: skip

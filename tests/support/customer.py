"""A customer in a few sentences: tell what happened, then look at any day, in any arrival order, or live through it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from services.rating.core import view
from services.rating.core.brain import RatingBrain
from services.rating.core.context import Context
from services.rating.core.evolve import evolve
from services.rating.core.measures.catalogue import compile_reading
from services.rating.core.measures.reading import Reader
from services.rating.core.path import at
from services.rating.core.show import show
from services.rating.core.standing import Standing
from services.rating.core.state import State
from services.rating.core.told import Told
from shared.core.brain import Decided
from shared.core.customer.state import Setting
from shared.core.envelope import Event
from shared.core.policy.measure import Reading
from shared.edge.policy_files import load_rules
from tests.support.histories import ZONE, Story

RULES = load_rules(Path(__file__).parents[2] / "services/rating/policies")
BRAIN = RatingBrain(RULES, Setting())
SETTING = BRAIN.setting
GRADING: dict[str, Any] = {"exclude_disputed": 60, "due_roll": True, "grace_days": 0}
"""How the shipped methods read lateness (G-07 to G-09)."""

Day = date | str


def day(text: Day) -> date:
    """The date that *text* says, or the date itself."""
    return date.fromisoformat(text) if isinstance(text, str) else text


class Seen:
    """The measures of one customer on one day."""

    def __init__(self, state: State, on: Day, context: Context) -> None:
        state.ledger.move_to(day(on).toordinal())
        self.state = state
        self.reader = Reader(state, SETTING, context)

    def __getitem__(self, name: str) -> Any:
        """The measure *name* (with its window), raw."""
        return self.read(name)

    def read(self, name: str, **params: Any) -> Any:
        """The measure *name*, read with *params*."""
        return compile_reading(Reading(name, params), SETTING.lenses)(self.reader)


class Customer(Story):
    """Facts about one customer, by name. Amounts are in CNY unless said, days are dates or `YYYY-MM-DD`."""

    def __init__(self, subject: str = "C1") -> None:
        super().__init__(0, subject)
        self.context = Context()

    # --- facts

    def registered(self, on: Day, **profile: Any) -> Event:
        return self.tell("customer.registered", day(on), name="甲公司", **profile)

    def books(self, kind: str, id: str, amount: str, on: Day, *, due: Day | None = None,
              takes: Mapping[str, str] | None = None, currency: str = "CNY", **more: Any) -> Event:  # fmt: skip
        """A document of *kind* is booked; *takes* says what it consumes."""
        return self.tell("transaction.recorded", day(on), transaction_id=id, kind=kind, amount=amount,
                         currency=currency, booked_on=day(on), due_on=day(due) if due else None,
                         consumes=_portions(takes), **more)  # fmt: skip

    def invoice(self, id: str, amount: str, on: Day, **more: Any) -> Event:
        return self.books("invoice", id, amount, on, **more)

    def amends(self, id: str, amount: str, on: Day) -> Event:
        return self.tell("transaction.amended", day(on), transaction_id=id, amount=amount)

    def accepts(self, id: str, on: Day) -> Event:
        return self.tell("transaction.accepted", day(on), transaction_id=id, accepted_on=day(on))

    def cancels(self, id: str, on: Day, amount: str | None = None) -> Event:
        return self.tell("transaction.cancelled", day(on), transaction_id=id, cancelled_on=day(on), amount=amount)

    def pays(self, id: str, amount: str, on: Day, *, for_: Mapping[str, str] | None = None, discount: str | None = None,
             currency: str = "CNY", **more: Any) -> Event:  # fmt: skip
        """Money comes in, for the documents *for_*; *discount* is taken on the first of them."""
        portions = _portions(for_)
        if portions and discount:
            portions[0]["discount"] = discount
        return self.tell("payment.recorded", day(on), payment_id=id, amount=amount, currency=currency,
                         paid_on=day(on), allocations=portions, **more)  # fmt: skip

    def reverses(self, id: str, on: Day, amount: str | None = None, reason: str = "error") -> Event:
        return self.tell("payment.reversed", day(on), payment_id=id, reversed_on=day(on), amount=amount, reason=reason)

    def settles(self, id: str, on: Day, from_: tuple[str, str], to: Mapping[str, str]) -> Event:
        kind, holder = from_
        return self.tell("settlement.applied", day(on), settlement_id=id, from_={"kind": kind, "id": holder},
                         to=_portions(to), applied_on=day(on))  # fmt: skip

    def undoes(self, id: str, on: Day) -> Event:
        return self.tell("settlement.undone", day(on), settlement_id=id, undone_on=day(on))

    def refunds(self, id: str, amount: str, on: Day, of: str | None = None) -> Event:
        return self.tell("refund.paid", day(on), refund_id=id, amount=amount, currency="CNY", paid_on=day(on), of=of)

    def disputes(self, id: str, document: str, amount: str, on: Day) -> Event:
        return self.tell("dispute.opened", day(on), dispute_id=id, transaction_id=document, amount=amount,
                         currency="CNY", opened_on=day(on))  # fmt: skip

    def agrees(self, id: str, on: Day) -> Event:
        """The dispute *id* is closed."""
        return self.tell("dispute.closed", day(on), dispute_id=id, closed_on=day(on))

    def signals(self, id: str, kind: str, on: Day, **more: Any) -> Event:
        return self.tell("signal.reported", day(on), signal_id=id, kind=kind, on=day(on), **more)

    def reports(self, name: str, value: str, on: Day) -> Event:
        """Another system reports the measure *name*."""
        return self.tell("measure.reported", day(on), name=name, value=value, period_end=day(on))

    def visited(self, on: Day, goods: str = "ours_only") -> None:
        """Somebody looked at the goods of a dealer and at the company register."""
        self.reports("rival_goods", goods, on)
        self.reports("register_check", "1", on)

    def reviewed(self, id: str, on: Day, outcome: str = "approved") -> Event:
        return self.tell("review.completed", day(on), review_id=id, completed_on=day(on), outcome=outcome)

    def rates(self, on: Day, **values: str) -> None:
        """Exchange rates are published for everybody."""
        fact = Story(0, "~reference").tell("reference.published", day(on), series="exchange_rate", as_of=day(on),
                                           values=values)  # fmt: skip
        self.context.refer(fact)

    def months(self, first: Day, count: int, amount: str = "10000.00", *, late: int = 0, start: int = 1) -> None:
        """*count* invoices, one every 30 days from *first* on, due in 30 days, each paid *late* days after that."""
        for number in range(count):
            on = day(first) + timedelta(days=30 * number)
            name = f"M{start + number}"
            due = on + timedelta(days=30)
            self.invoice(name, amount, on, due=due)
            self.pays(f"Q{name}", amount, due + timedelta(days=late), for_={name: amount})

    # --- looking

    def folded(self, events: Iterable[Event] | None = None) -> State:
        """The state after *events*, else after everything in the order in which it was told."""
        state = State(self.subject, SETTING)
        for event in self.events if events is None else events:
            evolve(state, event)
        return state

    def at(self, on: Day, events: Iterable[Event] | None = None) -> Seen:
        """What is seen of the customer at the end of *on*."""
        return Seen(self.folded(events), on, self.context)

    def view(self, on: Day, events: Iterable[Event] | None = None) -> view.View:
        """What the API shows of the customer at the end of *on*."""
        told = Told()
        for event in self.events if events is None else events:
            told.hear(event)
        return show(self.folded(events), day(on).toordinal(), 0, BRAIN.engine(self.context), told)


class Desk:
    """Lives through the days with the rating brain as the machine does: facts in, a decision a day, decisions folded."""

    def __init__(self, customer: Customer, *, opened: Day | None = None, brain: RatingBrain | None = None) -> None:
        """Facts of *customer* told before the day *opened* are imported at once when that day is decided."""
        self.brain = brain or BRAIN
        self.state = self.brain.initial(customer.subject)
        self.customer = customer
        self.heard = 0
        self.log: list[tuple[str, Decided]] = []
        self.told = Told()
        """What the log says to who shows the customer."""
        self.today: date | None = None
        if opened is not None:
            self.decides(opened)

    def decides(self, on: Day, cause: str = "fact") -> list[Decided]:
        """Fold what was told since, decide the day *on*, keep the decisions and return them."""
        for event in self.customer.events[self.heard :]:
            self.brain.evolve(self.state, event)
            self.told.hear(event)
        self.heard = len(self.customer.events)
        self.today = day(on)
        made = self.brain.decide(self.state, self.today, self.customer.context, cause=cause).decisions
        for decided in made:
            self.log.append((self._keep(decided), decided))
        return made

    def _keep(self, decided: Decided) -> str:
        assert self.today is not None
        name = f"{self.customer.subject}/{len(self.log) + self.heard + 1}"
        time = datetime(self.today.year, self.today.month, self.today.day, 1, tzinfo=ZONE)
        event = Event(id=name, source="/gradeline/test/rating", type=decided.data.TYPE, subject=self.customer.subject,
                      time=time, data=decided.data)  # fmt: skip
        self.brain.evolve(self.state, event)
        self.told.hear(event)
        return name

    def lives(self, until: Day) -> list[Decided]:
        """Decide every day after today up to *until*, hearing each fact on its own business date."""
        assert self.today is not None
        waiting = sorted(self.customer.events[self.heard :], key=lambda event: event.order)
        self.customer.events[self.heard :] = []
        made: list[Decided] = []
        while self.today < day(until):
            tomorrow = self.today + timedelta(days=1)
            while waiting and waiting[0].business_date <= tomorrow:
                self.customer.events.append(waiting.pop(0))
            made += self.decides(tomorrow, "day")
        self.customer.events += waiting
        return made

    def standing(self, on: Day) -> Standing:
        """What holds on *on*, as the path is seen now."""
        found = at(self.state.path, day(on).toordinal())
        assert found is not None
        return found

    def said(self, of: type, *, published: bool | None = None) -> list[Any]:
        """Every decision of the class *of* so far."""
        return [d.data for _, d in self.log if isinstance(d.data, of) and published in {None, d.publish}]


def _portions(parts: Mapping[str, str] | None) -> list[dict[str, str]] | None:
    return [{"transaction_id": id, "amount": amount} for id, amount in parts.items()] if parts else None

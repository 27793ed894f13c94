"""What is known of a customer beside its documents: master data, statements, reported measures, signals, conduct."""

from __future__ import annotations

from datetime import date
from random import Random

from gradeline.simulator import paying
from gradeline.simulator.agenda import Agenda, Event, money
from gradeline.simulator.profile import Behaviour, Profile

RIVALS = ("ours_only", "ours_main", "equal", "rivals_main")
STATEMENT_MONTH, STATEMENT_MONTHS_LATER = 12, 4
"""Yearly statements end in December and reach us in April."""


class Standing:
    """Books what happens once a month, a quarter or a year into the agenda."""

    __slots__ = ("_agenda", "_iso", "_p", "_rival", "_rng")

    def __init__(self, profile: Profile, agenda: Agenda, rng: Random) -> None:
        """Everything random comes from *rng*."""
        self._p, self._agenda, self._rng = profile, agenda, rng
        self._iso = agenda.calendar.iso
        self._rival = rng.choices((0, 1, 2, 3), weights=(40, 40, 15, 5))[0]

    def register(self, day: int) -> None:
        """The customer's master data reach us on *day*."""
        p = self._p
        data = {
            "name": p.name,
            "kind": "company",
            "opened_on": self._iso(p.opened),
            "status": "active",
            "industry": p.industry,
            "region": p.region,
            "segment": p.segment,
            "manager": p.manager,
            "legal_representative": p.representative,
            "controller": p.controller,
            "paid_in_capital": money(p.capital),
            "currency": p.currency,
            "head_count": p.head_count,
        }
        self._agenda.put(day, "customer.registered", "register", data, "crm")
        self._check_register(day + 1)
        if p.segment == "dealer":
            self._report("rival_goods", RIVALS[self._rival], day + 1)
        if p.files_statements:
            on = date.fromordinal(day)
            self._statement(on.year - (1 if on.month >= STATEMENT_MONTHS_LATER else 2), day + 2)

    def month(self, first: int) -> None:
        """What the month that begins on *first* brings."""
        p, rng, on = self._p, self._rng, date.fromordinal(first)
        if on.month % 3 == 1:
            self._check_register(first + int(rng.random() * 20))
            if p.segment == "dealer":
                self._rival = min(3, max(0, self._rival + rng.choices((-1, 0, 1), weights=(10, 78, 12))[0]))
                self._report("rival_goods", RIVALS[self._rival], first + int(rng.random() * 20))
        if p.files_statements and on.month == STATEMENT_MONTHS_LATER:
            self._statement(on.year - 1, first + int(rng.random() * 25))
        if rng.random() < 0.004:
            self._conduct(first + int(rng.random() * 25))
        if rng.random() < 0.004:
            self._passing_lawsuit(first + int(rng.random() * 25))
        if rng.random() < 0.006:
            changed = {"manager": f"m{rng.randint(1, 12):02d}"}
            self._agenda.put(first + 5, "customer.updated", f"update:{first}", changed, "crm")
        since = paying.crisis(p, first)
        if since is not None:
            self._crisis(first, since)

    def _check_register(self, day: int) -> None:
        self._report("register_check", "clean", day)

    def _report(self, name: str, value: str, day: int) -> None:
        data = {"name": name, "value": value, "period_end": self._iso(day)}
        self._agenda.put(day, "measure.reported", f"{name}:{day}", data, "crm")

    def _statement(self, year: int, day: int) -> None:
        """The statement of *year*: a customer that pays badly has a weak one."""
        p, rng = self._p, self._rng
        strained = p.behaviour in (Behaviour.DETERIORATING, Behaviour.DEFAULTING)
        assets = p.capital * rng.randint(2, 6)
        debt = int(assets * (rng.uniform(0.65, 0.95) if strained else rng.uniform(0.3, 0.65)))
        current_assets, current_debt = int(assets * rng.uniform(0.4, 0.7)), int(debt * rng.uniform(0.6, 0.9))
        revenue = int(assets * rng.uniform(0.8, 2.0))
        profit = int(revenue * (rng.uniform(-0.08, 0.01) if strained else rng.uniform(0.0, 0.1)))
        lines = {
            "total_assets": assets,
            "total_liabilities": debt,
            "net_assets": assets - debt,
            "current_assets": current_assets,
            "current_liabilities": current_debt,
            "inventory": int(current_assets * rng.uniform(0.15, 0.4)),
            "revenue": revenue,
            "net_profit": profit,
            "operating_cash_flow": int(profit * rng.uniform(0.5, 1.4)),
        }
        data = {
            "statement_id": f"FS-{year}",
            "period_end": f"{year}-{STATEMENT_MONTH}-31",
            "months": 12,
            "currency": p.currency,
            "lines": {name: signed(minor) for name, minor in lines.items()},
            "basis": "audited" if rng.random() < 0.6 else "unaudited",
            "received_on": self._iso(day),
        }
        self._agenda.put(day, "financials.reported", f"statement:{year}", data, "filings")

    def _conduct(self, day: int) -> None:
        kind = "cross_region_sale" if self._p.segment == "dealer" else "complaint"
        data = {"conduct_id": f"CON-{day}", "kind": kind, "found_on": self._iso(day), "severity": "minor"}
        self._agenda.put(day, "conduct.reported", f"conduct:{day}", data, "crm")
        closed = {"conduct_id": f"CON-{day}", "closed_on": self._iso(day + 30), "outcome": "warned"}
        self._agenda.put(day + 30, "conduct.closed", f"conduct-end:{day}", closed, "crm")

    def _passing_lawsuit(self, day: int) -> None:
        signal = self._signal("lawsuit", day, "info", self._p.capital // 50)
        lifted = {"signal_id": signal, "lifted_on": self._iso(day + 90)}
        self._agenda.put(day + 90, "signal.lifted", f"lift:{signal}", lifted, "registry")

    def _crisis(self, first: int, since: int) -> None:
        """In a crisis the outside world speaks up, month by month; when it is over the entries are lifted."""
        day = first + 3 + int(self._rng.random() * 20)
        kind = ("press", "lawsuit", "enforcement", "dishonest_debtor")[min(3, since // 31)]
        if since // 31 > 4:
            return
        signal = self._signal(kind, day, "warning" if since < 62 else "critical", self._p.capital // 10)
        over = first - since + paying.CRISIS_DAYS
        lifted = {"signal_id": signal, "lifted_on": self._iso(over)}
        self._agenda.put(over, "signal.lifted", f"lift:{signal}", lifted, "registry")

    def _signal(self, kind: str, day: int, severity: str, minor: int) -> str:
        signal = f"SIG-{kind}-{day}"
        data: Event = {"signal_id": signal, "kind": kind, "on": self._iso(day), "severity": severity}
        if kind != "press":
            data |= {"amount": money(minor), "currency": self._p.currency}
        self._agenda.put(day, "signal.reported", f"signal:{signal}", data, "registry")
        return signal


def signed(minor: int) -> str:
    """Minor units that may be negative."""
    return f"-{money(-minor)}" if minor < 0 else money(minor)

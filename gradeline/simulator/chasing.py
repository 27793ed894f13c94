"""What we and billing do about a late invoice: overdue notices, reminders, promises that are kept or broken."""

from __future__ import annotations

from random import Random

from gradeline.simulator.agenda import Agenda, money
from gradeline.simulator.profile import Profile


class Chasing:
    """Books overdue notices, dunning and promises into the agenda."""

    __slots__ = ("_agenda", "_iso", "_p", "_rng")

    def __init__(self, profile: Profile, agenda: Agenda, rng: Random) -> None:
        """Everything random comes from *rng*."""
        self._p, self._agenda, self._rng = profile, agenda, rng
        self._iso = agenda.calendar.iso

    def chase(self, document: str, minor: int, due: int, paid: int | None) -> None:
        """*minor* of *document* is open past *due* until *paid*; None: for ever."""
        open_until = paid if paid is not None else due + 10_000
        self._notice(document, minor, due, paid)
        for level, after in ((1, 7), (2, 21), (3, 45)):
            if due + after < open_until:
                self._remind(document, minor, due + after, level)
        if open_until > due + 14 and self._rng.random() < 0.5:
            self._promise(document, minor, due + 10, open_until)

    def _notice(self, document: str, minor: int, due: int, paid: int | None) -> None:
        if self._rng.random() > 0.3:
            return
        day = due + 4
        data = {
            "transaction_id": document,
            "amount": money(minor),
            "currency": self._p.currency,
            "days_past_due": 4,
            "reported_on": self._iso(day),
        }
        self._agenda.put(day, "overdue.reported", f"overdue:{document}", data, "billing")
        if paid is not None:
            cured = {"transaction_id": document, "cured_on": self._iso(paid + 1)}
            self._agenda.put(paid + 1, "overdue.cured", f"cured:{document}", cured, "billing")

    def _remind(self, document: str, minor: int, day: int, level: int) -> None:
        dunning = f"DUN-{document}-{level}"
        data = {
            "dunning_id": dunning,
            "sent_on": self._iso(day),
            "level": level,
            "channel": ("mail", "phone", "letter")[level - 1],
            "items": [{"transaction_id": document, "amount": money(minor)}],
        }
        self._agenda.put(day, "dunning.sent", f"dun:{dunning}", data)

    def _promise(self, document: str, minor: int, day: int, open_until: int) -> None:
        promise, due = f"PRM-{document}", day + 7 + int(self._rng.random() * 14)
        data = {
            "promise_id": promise,
            "made_on": self._iso(day),
            "due_on": self._iso(due),
            "amount": money(minor),
            "currency": self._p.currency,
            "transaction_ids": [document],
        }
        self._agenda.put(day, "promise.made", f"promise:{document}", data)
        if open_until > due:
            broken = {"promise_id": promise, "broken_on": self._iso(due + 1)}
            self._agenda.put(due + 1, "promise.broken", f"broken:{document}", broken)

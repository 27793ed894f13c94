"""What a history leaves open: enough to let the same customers go on."""

from __future__ import annotations

from typing import NamedTuple

from gradeline.simulator.agenda import Event


class Open(NamedTuple):
    """An unpaid document."""

    document: str
    minor: int


class Book:
    """Notes facts as they pass; knows every customer, its currency and its unpaid documents."""

    def __init__(self) -> None:
        """Empty."""
        self.subjects: list[str] = []
        self._currency: dict[str, str] = {}
        self._open: dict[str, dict[str, int]] = {}
        self._paid: dict[tuple[str, str], list[tuple[str, int]]] = {}

    def note(self, event: Event) -> None:
        """Take note of one fact of the simulator."""
        subject, data = event["subject"], event["data"]
        match event["type"]:
            case "credit.customer.registered.v1":
                self.subjects.append(subject)
                self._currency[subject], self._open[subject] = data["currency"], {}
            case "credit.transaction.recorded.v1" if data["kind"] in ("invoice", "opening_balance"):
                self._open[subject][data["transaction_id"]] = minor_of(data["amount"])
            case "credit.transaction.recorded.v1" if data["kind"] in ("credit_note", "return"):
                self._take(subject, [(part["transaction_id"], minor_of(part["amount"])) for part in data["consumes"]])
            case "credit.payment.recorded.v1":
                parts = [(part["transaction_id"], minor_of(part["amount"])) for part in data.get("allocations", ())]
                self._paid[subject, data["payment_id"]] = parts
                self._take(subject, parts)
            case "credit.settlement.applied.v1":
                self._take(subject, [(part["transaction_id"], minor_of(part["amount"])) for part in data["to"]])
            case "credit.payment.reversed.v1":
                self._take(subject, [(to, -minor) for to, minor in self._paid.get((subject, data["payment_id"]), ())])

    def currency(self, subject: str) -> str:
        """The currency of the customer."""
        return self._currency[subject]

    def oldest_open(self, subject: str) -> Open | None:
        """The unpaid document of the customer that was booked first."""
        for document, minor in self._open[subject].items():
            return Open(document, minor)
        return None

    def _take(self, subject: str, parts: list[tuple[str, int]]) -> None:
        documents = self._open[subject]
        for document, minor in parts:
            left = documents.get(document, 0) - minor
            if left > 0:
                documents[document] = left
            else:
                documents.pop(document, None)


def minor_of(amount: str) -> int:
    """`12.50` → 1250."""
    whole, _, part = amount.partition(".")
    return int(whole) * 100 + int(part)

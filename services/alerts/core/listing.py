"""What lists of alerts ask for and hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from services.alerts.core.knowing import Knowledge


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; None: whatever it is."""

    state: str | None = None
    severity: str | None = None
    kind: str | None = None
    subject: str | None = None
    owner: str | None = None
    mine: bool = False
    """Owned by the caller, or about a customer whom the caller manages."""
    label: tuple[str, str] | None = None
    recorded: bool = False
    """Also what is older than the go-live and was told to nobody."""


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller may be shown."""

    person: str
    companies: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    managers: tuple[str, ...] | None
    compliance: bool
    known: Knowledge
    """Whose customers' grades (AL-14.01)."""

    def covers(self, labels: Mapping[str, str]) -> bool:
        """Whether a customer with *labels* is one of those whom the caller may see."""
        bounds = {"company": self.companies, "region": self.regions, "manager": self.managers}
        return all(held is None or labels.get(name) in held for name, held in bounds.items())

    def sees(self, owner: str | None, assigned: str | None, manager: str) -> bool:
        """Whether grades are shown: of an alert of *owner*, about a customer *assigned* to somebody, else of *manager*."""
        if self.known.knows or (owner is not None and owner == self.person):
            return True
        return assigned in self.known.whose if assigned else manager in self.known.names


class AlertListed(msgspec.Struct, frozen=True, kw_only=True):
    """One alert, as the caller may see it."""

    alert_id: str
    subject: str
    kind: str
    severity: str
    state: str
    about: str
    labels: dict[str, str]
    figures: dict[str, str]
    route: str
    opened_at: datetime
    changed_at: datetime
    owner: str | None
    step: int
    times: int
    acknowledge_by: datetime | None
    resolve_by: datetime | None
    due_on: date | None
    wakes_at: datetime | None
    snoozed_until: datetime | None
    clearing: bool
    """Its cause ended; it is resolved once that has held."""
    recorded_only: bool
    caused_by: str


def shown(row: dict[str, Any], reach: Reach) -> AlertListed:
    """*row* of the table as *reach* may see it: who has no need to know hears of credit, yes or no, and of no grade (AL-14)."""
    detail = row.pop("detail")
    sees = reach.sees(row["owner"], row["assigned"], row["labels"].get("manager", ""))
    if detail["shows_grade"] and not sees:
        row["figures"] = {"credit_available": "yes" if detail["has_credit"] else "no"}
        row["about"] = row["kind"]
    return AlertListed(
        **{name: value for name, value in row.items() if name in AlertListed.__struct_fields__},
        snoozed_until=datetime.fromisoformat(detail["until"]) if detail["until"] else None,
        clearing=detail["clearing"],
        recorded_only=not row["delivered"],
        caused_by=detail["caused_by"],
    )

"""What is on a list: customers by what is at stake, the largest loss first (DN-08); requests by when they were asked for. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

import msgspec

from services.alerts.core.lists import Entry, Listing, Listings
from services.alerts.core.requests import Request
from services.alerts.core.rules import RANK, hold
from shared.core.events.values import Severity
from shared.core.money import QUANTA

NOTHING = Decimal(0)
HOUR_SECONDS = 3600


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that stands."""

    subject: str
    kind: str
    severity: Severity
    labels: dict[str, str]
    figures: dict[str, str]
    opened_on: date
    figures_on: date
    owner: str = ""


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: who or what it is about, by which labels it finds its reader, and its figures as text."""

    subject: str
    labels: dict[str, str]
    figures: dict[str, str]


class Ranked(NamedTuple):
    """A line and its place: the least first."""

    place: tuple[Any, ...]
    row: Row


def customers(
    listing: Listing, listings: Listings, alerts: Iterable[Standing], *, today: date, currency: str, grades: bool
) -> list[Ranked]:
    """The customers of *listing*, the largest expected loss first; of equal ones the gravest, then the oldest.

    Amounts of other currencies than *currency*, that of the installation, come after it, for no rate is known here. *grades*:
    also what only those may know who may know grades.
    """
    found: dict[str, list[tuple[Standing, Entry | None]]] = defaultdict(list)
    for alert in alerts:
        now = _today(alert, today)
        found[now.subject].append((now, _entry(listing, now, grades=grades)))
    ranked = [
        _ranked(subject, held, listings, currency)
        for subject, held in found.items()
        if any(entry is not None for _, entry in held)
    ]
    return sorted(ranked, key=lambda one: one.place)


def _entry(listing: Listing, alert: Standing, *, grades: bool) -> Entry | None:
    fields = alert.figures | {"kind": alert.kind, "severity": alert.severity}
    return next((one for one in listing.entries if (grades or not one.grades) and hold(one.when, fields)), None)


def _ranked(subject: str, held: Sequence[tuple[Standing, Entry | None]], listings: Listings, currency: str) -> Ranked:
    figures = _owed([alert for alert, _ in held])
    listed = [(alert, entry) for alert, entry in held if entry is not None]
    days, code = int(figures.get("overdue_days", "0")), figures.get("currency", currency)
    share = max([_share(listings, days), *(entry.share for _, entry in listed)])
    loss = (Decimal(figures["overdue_amount"]) if "overdue_amount" in figures else NOTHING) * share
    gravest = max((alert for alert, _ in listed), key=lambda one: RANK[one.severity])
    said = {
        **figures,
        "customer": subject,
        "why": ",".join(dict.fromkeys(entry.why for _, entry in listed)),
        "why_open": ",".join(dict.fromkeys(entry.why for _, entry in listed if not entry.grades)),
        "severity": gravest.severity,
        "since": min(alert.opened_on for alert, _ in listed).isoformat(),
        "owner": next((alert.owner for alert, _ in listed if alert.owner), ""),
    }
    if "overdue_amount" in figures:
        said["at_stake"] = format(loss.quantize(QUANTA[code], ROUND_HALF_EVEN), "f")
    row = Row(subject, gravest.labels, {name: text for name, text in said.items() if text})
    return Ranked((code != currency, code, -loss, -RANK[gravest.severity], -days, subject), row)


def _today(alert: Standing, today: date) -> Standing:
    """*alert* with the days past due of *today*: they go on from the day whose figures they are."""
    days = alert.figures.get("overdue_days", "")
    if not days.isdigit():
        return alert
    figures = alert.figures | {"overdue_days": str(int(days) + max(0, (today - alert.figures_on).days))}
    return msgspec.structs.replace(alert, figures=figures)


def _owed(alerts: Iterable[Standing]) -> dict[str, str]:
    """What alerts know of what the customer owes, of the newest that says it."""
    said: dict[str, str] = {}
    for one in sorted(alerts, key=lambda alert: alert.figures_on):
        if one.kind == "collection_stage":
            said["stage"] = one.figures.get("to", "")
        if one.figures.get("currency") in QUANTA and "overdue_amount" in one.figures:
            names = ("overdue_amount", "overdue_days", "currency")
            said |= {name: one.figures[name] for name in names if name in one.figures}
    return said


def _share(listings: Listings, days: int) -> Decimal:
    return next((share for least, share in reversed(listings.loss) if days >= least), NOTHING)


def requests(found: Iterable[tuple[str, Request]], zone: tzinfo) -> list[Ranked]:
    """Requests as the ledger has them: (subject, request), in their order. Reasons stay with the request: they may speak of a
    grade (AL-14)."""
    return [
        Ranked((place,), Row(subject, one.labels, _of(subject, one, zone)))
        for place, (subject, one) in enumerate(found)
    ]


def _of(subject: str, one: Request, zone: tzinfo) -> dict[str, str]:
    last = next((act for act in reversed(one.acts) if act.did not in ("for", "against")), None)
    said = {
        "customer": subject,
        "approval_id": one.approval_id,
        "kind": one.kind,
        "requested_by": one.by,
        "requested_on": _day(one.at, zone),
        "state": one.state,
        "by": last.by if last else "",
        "steps": str(sum(act.did == "granted" for act in one.acts)),
    }
    if one.is_over:
        said |= {"ended_on": _day(one.changed_at, zone), "hours": str(took(one))}
    else:
        said["role"] = one.role(1 + max((act.step for act in one.acts if act.did == "granted"), default=0))
    return {name: text for name, text in said.items() if text}


def took(one: Request) -> int:
    """How many hours a request took, those begun counted; of one that waits: until it last moved."""
    return -int(-(one.changed_at - one.at).total_seconds() // HOUR_SECONDS)


def _day(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).date().isoformat()


def summary(rows: Sequence[Row]) -> dict[str, str]:
    """The figures of a whole list: how many; what is at stake, where that is in one currency; how many requests ended how."""
    said = {"count": str(len(rows))}
    currencies = {one.figures["currency"] for one in rows if "at_stake" in one.figures}
    if len(currencies) == 1:
        at_stake = (Decimal(one.figures["at_stake"]) for one in rows if "at_stake" in one.figures)
        said |= {"at_stake": format(sum(at_stake, NOTHING), "f"), "currency": min(currencies)}
    states = Counter(one.figures["state"] for one in rows if "state" in one.figures)
    said |= {f"count_{state}": str(count) for state, count in states.items()}
    hours = [int(one.figures["hours"]) for one in rows if "hours" in one.figures]
    return said | ({"hours": str(-(-sum(hours) // len(hours)))} if hours else {})

"""A house with people in it, for tests of who is told what, when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from services.alerts.adapters import staff_policy
from services.alerts.core.notice import Notice
from services.alerts.core.organisation import Organisation
from services.alerts.core.people import Absence, Contact, Person, Post, Record, Unit
from services.alerts.core.resolving import Hearer, Setting, resolve

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
"""Wednesday, 4 March 2026, 12:00 in Shanghai."""
HOUSE: tuple[Record, ...] = (
    Unit(unit="hq", name_en="Head office", name_zh="总部", level="head_office", leader="gm"),
    Unit(unit="east", name_en="East", name_zh="华东", level="branch", parent="hq", leader="east.head", regions=("CN-JS",)),
    Unit(unit="sh", name_en="Shanghai", name_zh="上海", level="team", parent="east", leader="sh.lead", regions=("CN-SH",)),
    *(
        Person(person=name, name_en=name, name_zh=name, unit=unit, codes=codes)
        for name, unit, codes in (
            ("gm", "hq", ()), ("east.head", "east", ()), ("sh.lead", "sh", ()), ("li.na", "sh", ("m01",)),
            ("wang.wei", "sh", ("m02",)), ("zhao.min", "hq", ()), ("sun.li", "east", ()), ("qian", "hq", ()),
        )
    ),
    Post(person="gm", role="general_manager"),
    Post(person="li.na", role="sales"),
    Post(person="wang.wei", role="sales"),
    Post(person="zhao.min", role="credit_manager"),
    Post(person="sun.li", role="credit_manager", scope="unit", of="east"),
    Post(person="qian", role="collector"),
    Post(person="zhao.min", role="fallback_owner"),
    *(
        Contact(person=name, channel=channel, address=f"{name}@{channel}", rank=rank)
        for name in ("gm", "east.head", "sh.lead", "li.na", "wang.wei", "zhao.min", "sun.li", "qian")
        for rank, channel in ((1, "email"), (2, "dingtalk"))
    ),
)  # fmt: skip


def away(person: str, first: str, last: str, deputy: str = "") -> Absence:
    return Absence(person=person, first=date.fromisoformat(first), last=date.fromisoformat(last), deputy=deputy)


def changed(records: Iterable[Record], person: str, **to: Any) -> tuple[Record, ...]:
    """*records* with the person changed."""
    return tuple(
        msgspec.structs.replace(one, **to) if isinstance(one, Person) and one.person == person else one
        for one in records
    )


def setting(*more: Record, house: Iterable[Record] = HOUSE) -> Setting:
    return staff_policy.setting(Organisation((*house, *more)), "Asia/Shanghai")


def notice(number: int = 1, *, at: datetime = NOON, alert: str = "A-1", **more: Any) -> Notice:
    told: dict[str, Any] = {
        "what": "opened", "kind": "grade_fell", "severity": "warning", "labels": {"region": "CN-SH", "manager": "m01"},
        "to": ("owner",), "route": "grades", "group": f"{alert}", "subject": "C-1",
    }  # fmt: skip
    return Notice(notice_id=f"{alert}/{number}", alert_id=alert, at=at, **(told | more))


def hearers(
    one: Notice, stage: Setting, *, now: datetime = NOON, told: Mapping[str, bool] | None = None
) -> dict[str, Hearer]:
    return {found.person: found for found in resolve(one, stage, now=now, told=told or {})}


def codes(hearer: Hearer) -> list[str]:
    return [reason.code for reason in hearer.reasons]


def later(**by: float) -> datetime:
    return NOON + timedelta(**by)

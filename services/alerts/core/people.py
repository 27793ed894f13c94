"""Who works here: people, the posts they hold, units, absences, customers given to them, and how they are reached.

Each is a record that is changed as a whole, with who changed it and why. Days are included at both ends.
"""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from shared.core.events.values import Severity

Level = Literal["head_office", "branch", "central_sub_branch", "second_sub_branch", "team", "customer_desk"]
"""The six levels of DP-05; the last is the desk of one customer manager."""
Calendar = Literal["china", "weekends", "every_day"]
"""Statutory rest days with adjusted work days; Saturday and Sunday rest; no day rests."""


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who may hold posts and hear of alerts."""

    person: str
    """As the token names them."""
    name_en: str
    name_zh: str
    language: Literal["en", "zh"] = "zh"
    unit: str = ""
    leader: str = ""
    """Who leads them; none: who leads their unit, or the next one above that has another leader."""
    codes: tuple[str, ...] = ()
    """What the ERP calls them as the manager of a customer: the label `manager` of a decision."""
    zone: str = "Asia/Shanghai"
    calendar: Calendar = "china"
    quiet_from: time | None = None
    """None: as the policy says. The same as `quiet_to`: no hour is quiet."""
    quiet_to: time | None = None
    mutes: tuple[str, ...] = ()
    """Kinds of alerts that they do not want to hear of; kept only where the severity allows it."""
    gone: bool = False


class Post(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A role that a person holds, everywhere or for one region, company of ours or unit."""

    person: str
    role: str
    scope: Literal["", "region", "company", "unit"] = ""
    of: str = ""


class Unit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of the organisation."""

    unit: str
    name_en: str
    name_zh: str
    level: Level
    parent: str = ""
    leader: str = ""
    regions: tuple[str, ...] = ()
    """The labels `region` that are its own; those of the units below belong to it too."""


class Absence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Days on which a person is away, and who stands in."""

    person: str
    first: date
    last: date
    deputy: str = ""
    """None: who leads them."""
    reason: str = ""


class Assignment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer that is a person's, whatever the label `manager` says."""

    customer: str
    person: str
    first: date
    last: date | None = None


class Contact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way to reach a person."""

    person: str
    channel: str
    address: str
    rank: int = 1
    """The smallest is tried first."""
    verified: bool = True
    """Nothing goes to an address that nobody has verified, or that is gone."""


Record: TypeAlias = Person | Post | Unit | Absence | Assignment | Contact


class Storm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When single messages are too many for a person, and how often digests come then (AL-01.07)."""

    messages: int
    minutes: int
    urgent_seconds: int
    """From one digest to the next where something urgent waits: a critical alert is sent within a minute (AL-01.01)."""
    part: int
    """The most notices of one message."""


class Title(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role in words, with the rule of the sources that it comes from."""

    en: str
    zh: str
    source: str


class Apart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Roles that nobody may hold together: one of `one` with one of `other` (AP-08)."""

    one: tuple[str, ...]
    other: tuple[str, ...]
    source: str


class Confined(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What only some may hear of, whoever is away or leads whom."""

    labels: dict[str, str]
    roles: tuple[str, ...]
    source: str


class Workload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most customers of one customer manager (AP-14.01)."""

    active: int
    """That owe something."""
    large: int
    """With a limit above `large_above`."""
    large_above: Decimal
    currency: str


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for everybody."""

    posts: dict[str, Title]
    apart: tuple[Apart, ...]
    need_to_know: tuple[str, ...]
    """Who sees grades besides the owner of a customer and his line (AL-14.01)."""
    confined: tuple[Confined, ...]
    fallback: tuple[str, ...]
    """Receivers, in order, where nobody else is to be found."""
    quiet_from: time
    quiet_to: time
    digest_at: time
    first_at_once: tuple[Severity, ...]
    """The severities whose first notice of a group waits for no others."""
    storm: Storm
    workload: Workload
    may_mute: tuple[Severity, ...]
    """The severities of which a person may choose not to hear."""

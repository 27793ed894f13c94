"""Reads `policies/people.yaml` and the words of reasons, and puts together what resolving and planning stand on."""

from __future__ import annotations

from datetime import tzinfo
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec
import yaml

from services.alerts.core.organisation import Organisation
from services.alerts.core.people import Policy
from services.alerts.core.resolving import Setting
from services.alerts.core.staffing import Flaw
from shared.core.errors import Misconfigured
from shared.core.ledger.days import FAR, WEEKENDS, WorkCalendar
from shared.edge import workdays
from shared.edge.codes import Words

EVERY_DAY = WorkCalendar(version="every_day", first=1, last=FAR, rest=frozenset())


@cache
def policy() -> Policy:
    """What holds for everybody. Raises Misconfigured."""
    text = files("services.alerts").joinpath("policies/people.yaml").read_text("utf-8")
    try:
        # BaseLoader: every scalar is text, nothing turns into a number of minutes or a boolean
        return msgspec.convert(yaml.load(text, yaml.BaseLoader), Policy, strict=False)  # noqa: S506 - BaseLoader builds text only
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise Misconfigured(f"people.yaml: {error}") from error


@cache
def words(file: str = "reasons") -> dict[str, Words]:
    """Code → its sentence in both languages, of `reasons.yaml` or `staff_flaws.yaml`."""
    text = files("services.alerts.adapters").joinpath(f"{file}.yaml").read_text("utf-8")
    return msgspec.convert(yaml.load(text, yaml.BaseLoader), dict[str, Words])  # noqa: S506 - BaseLoader builds text only


def sentence(flaw: Flaw) -> Words:
    """What is wrong, in both languages, with what to write instead."""
    said = words("staff_flaws")[flaw.rule]
    return Words(said.en.format(**flaw.about), said.zh.format(**flaw.about))


@cache
def zones() -> frozenset[str]:
    """The names of all time zones."""
    return frozenset(available_timezones())


@cache
def calendars() -> dict[str, WorkCalendar]:
    """The working calendars that people may have."""
    return {"china": workdays.china(), "weekends": WEEKENDS, "every_day": EVERY_DAY}


@cache
def zone_of(name: str) -> tzinfo:
    """The zone *name*. Raises Misconfigured where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Misconfigured(f"{name!r} is no time zone; write for example Asia/Shanghai") from error


def setting(organisation: Organisation, zone: str) -> Setting:
    """What resolving and planning stand on; *zone* is that of the installation."""
    names = {person.zone for person in organisation.people.values()}
    return Setting(organisation, policy(), zone_of(zone), {name: zone_of(name) for name in names}, calendars())

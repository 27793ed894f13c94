"""What every process of the service is made of: the rules, the brain, and what carries commands out with it."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from services.alerts.adapters import list_files, rule_files
from services.alerts.adapters.bounds import BOUNDS, SCHEMA
from services.alerts.adapters.projecting import AlertProjector
from services.alerts.adapters.publishing import Publisher
from services.alerts.core.brain import AlertsBrain
from services.alerts.core.case import Case
from services.alerts.core.rules import Rules
from services.alerts.core.worktime import Hours
from shared.edge.commanding.commands import Commands
from shared.edge.settings import Settings
from shared.edge.workdays import china
from shared.edge.worker.assembly import told_by


def hours(rules: Rules, zone: str) -> Hours:
    """Working time in *zone*, by China's work calendar."""
    return Hours(china(), ZoneInfo(zone), rules.routes.begins, rules.routes.ends)


def brain(settings: Settings) -> AlertsBrain:
    """The brain of this release with the rules that settings name, else the shipped ones. Raises Misconfigured."""
    rules = rule_files.load(settings.alert_rules or rule_files.FOLDER)
    return AlertsBrain(rules, hours(rules, settings.zone), settings.go_live or date.min)


def commands(settings: Settings, made: AlertsBrain | None = None) -> Commands[Case, None]:
    """What decides commands as the worker would. Raises Misconfigured."""
    made = made or brain(settings)
    told = told_by(settings, service=SCHEMA, **BOUNDS)
    carried: Commands[Case, None] = Commands(made, AlertProjector(made.rules.routes), told, strangers=True)
    return carried


def publisher(settings: Settings, made: AlertsBrain | None = None) -> Publisher:
    """What makes lists, by those that settings name, else the shipped ones. Raises Misconfigured."""
    made = made or brain(settings)
    listings = list_files.load(made.rules, settings.alert_rules)
    return Publisher(listings, made.hours, zone=settings.zone, currency=settings.currency)

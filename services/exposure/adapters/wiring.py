"""What every process of the service is made of: the brain, and what carries commands out with it."""

from __future__ import annotations

from collections.abc import Sequence

from services.exposure.adapters import rule_files
from services.exposure.adapters.bounds import BOUNDS, SCHEMA
from services.exposure.adapters.deciding import Deciding
from services.exposure.core.brain import ExposureBrain
from services.exposure.core.instants import instant
from services.exposure.core.state import Account
from services.exposure.core.telling import expired
from shared.core.brain import Decided
from shared.core.customer.state import Setting
from shared.core.references import References
from shared.edge.commanding.command import Found
from shared.edge.settings import Settings
from shared.edge.workdays import china
from shared.edge.worker.assembly import told_by


def brain(currency: str) -> ExposureBrain:
    """The brain of this release, the shipped rules, China's work calendar. Raises Misconfigured."""
    rules = rule_files.load()
    setting = Setting(calendar=china(), bill_rules=rules.limits.bills, currency=currency)
    return ExposureBrain(rules, setting)


def deciding(settings: Settings) -> Deciding:
    """What decides commands on customers and groups. Raises Misconfigured."""
    return Deciding(brain(settings.currency), told_by(settings, service=SCHEMA, **BOUNDS))


def over(found: Found[Account, References]) -> Sequence[Decided]:
    """The reservations of a customer that are over by the instant of the command."""
    return expired(found.state, found.day.toordinal(), instant(found.now))

"""Why a person hears, why it waits, why nobody hears: in words, with the names of people and posts filled in."""

from __future__ import annotations

from services.alerts.adapters import staff_policy
from services.alerts.adapters.hearings import reasons
from services.alerts.core.organisation import Organisation
from services.alerts.core.resolving import LINE, PERSON, ROLE, UNIT, Reason
from shared.edge.codes import Words

RECEIVERS = {
    "owner": Words("the customer manager", "客户经理"),
    "line": Words("who leads the customer manager", "客户经理的上级"),
}
UNITS = {
    "lead": Words("the unit that leads the group by", "集团主办行，负责"),
    "assisting": Words("the unit that assists by", "集团协办行，负责"),
}
HAPPENED = {
    "withdrawn": Words("withdrawn", "撤销"),
    "resolved": Words("resolved", "解决"),
    "acknowledged": Words("acknowledged", "确认"),
}


_NOBODY = Organisation(())


def worded(reason: Reason, organisation: Organisation) -> Words:
    """What *reason* says, in both languages; a code that a newer release wrote stands for itself."""
    sentence = staff_policy.words().get(reason.code)
    if sentence is None:
        return Words(reason.code, reason.code)
    about = {name: _named(name, value, organisation) for name, value in reason.about}
    en, zh = ({name: getattr(words, one) for name, words in about.items()} for one in ("en", "zh"))
    return Words(sentence.en.format(**en), sentence.zh.format(**zh))


def spoken(kept: str) -> str:
    """Reasons as `hearings.said` keeps them, in both languages, people as the token names them."""
    return "; ".join(str(worded(reason, _NOBODY)) for reason in reasons(kept))


def waits(code: str) -> Words | None:
    """Why something waits; None: it does not."""
    return staff_policy.words().get(code) if code else None


def role_named(role: str) -> Words:
    """What the post *role* is called."""
    title = staff_policy.policy().posts.get(role)
    return Words(role, role) if title is None else Words(title.en, title.zh)


def person_named(person: str, organisation: Organisation) -> Words:
    """What *person* is called, with what the token calls them where that is another word."""
    known = organisation.people.get(person)
    if known is None:
        return Words(person, person)
    return Words(*(name if name == person else f"{name} ({person})" for name in (known.name_en, known.name_zh)))


def _named(name: str, value: str, organisation: Organisation) -> Words:
    if name == "person":
        return person_named(value, organisation)
    if name == "role":
        return role_named(value)
    if name == "what":
        return HAPPENED.get(value, Words(value, value))
    if name == "of":
        return _unit_named(value, organisation)
    if name == "receiver":
        return _receiver(value, organisation)
    return Words(value, value)


def _receiver(value: str, organisation: Organisation) -> Words:
    if value.startswith(ROLE):
        return role_named(value.removeprefix(ROLE))
    if value.startswith(PERSON):
        return person_named(value.removeprefix(PERSON), organisation)
    if value.startswith(LINE):
        led = person_named(value.removeprefix(LINE), organisation)
        return Words(f"who leads {led.en}", f"{led.zh} 的上级")
    if value.startswith(UNIT):
        unit = _unit_named(value.removeprefix(UNIT), organisation)
        return Words(f"who leads {unit.en}", f"{unit.zh} 的负责人")
    part, _, customer = value.partition(":")
    if part in UNITS and customer:
        return Words(f"{UNITS[part].en} {customer}", f"{UNITS[part].zh} {customer}")
    return RECEIVERS.get(value, Words(value, value))


def _unit_named(value: str, organisation: Organisation) -> Words:
    unit = organisation.units.get(value)
    return Words(value, value) if unit is None else Words(unit.name_en, unit.name_zh)

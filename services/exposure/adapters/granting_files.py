"""Reads by what credit is granted: `sectors.yaml`, `credit_policies.yaml`, `granting.yaml`."""

from __future__ import annotations

from collections.abc import Collection as Known
from collections.abc import Mapping

import msgspec

from services.exposure.adapters.rule_values import closed, money, one_of, share
from services.exposure.core.granting_rules import (
    CONTROL,
    EVERY,
    REDUCE,
    SUPPORT,
    CashDiscount,
    Ceiling,
    Collection,
    CreditPolicy,
    Dossier,
    GrantingRules,
    SectorRules,
    TermRules,
)
from shared.core.approval.payload import sealed
from shared.edge.policy_yaml import Section, read_date, read_text, read_whole

KINDS = ("policy", "management", "temporary", "insured", "guaranteed")
STANCES = ("strict", "moderate", "generous")
DAYS = ("due_date", "month_end")


def granting(sectors: Section, policies: Section, rest: Section, grades: Known[str]) -> GrantingRules:
    """The rules of the three files; *grades*: those that have terms. Raises Misconfigured."""
    term, papers, dossiers = (
        _term(rest.section("term"), grades),
        _papers(rest.section("papers")),
        rest.sections("dossiers"),
    )
    made = GrantingRules(
        sectors=_sectors(sectors),
        policies=_policies(policies, grades),
        term=term,
        papers=papers,
        dossiers=tuple(_dossier(one, papers) for one in dossiers),
        insured_share=one_of(rest, "mitigation", "insured_share", share),
    )
    if not made.insured_share:
        rest.wrong("an insurer covers something; write for example 0.90", "mitigation")
    return closed(rest, made)


def _sectors(section: Section) -> SectorRules:
    industries = section.section("industries")
    industries.maybe("reference", read_text)
    said = {name: industries.choice(name, (SUPPORT, CONTROL, REDUCE)) for name in list(industries.names())}
    industries.close()
    ceilings = tuple(
        closed(
            one,
            Ceiling(
                one.take("segment", read_text),
                one.take("amount", money),
                one.maybe("total_assets", money),
                one.maybe("revenue", money),
            ),
        )
        for one in section.sections("ceilings")
    )
    if len({one.segment for one in ceilings}) < len(ceilings):
        section.wrong("a segment stands twice; keep one", "ceilings")
    return closed(section, SectorRules(said, ceilings))


def _policies(section: Section, grades: Known[str]) -> tuple[CreditPolicy, ...]:
    found = [_policy(one, grades) for one in section.sections("policies")]
    if EVERY not in {one.segment for one in found}:
        section.wrong(f'no policy is for every segment; write one with segment: "{EVERY}"', "policies")
    for what in ("effective", "version"):
        if len({(one.segment, getattr(one, what)) for one in found}) < len(found):
            section.wrong(f"two versions of a segment have the same {what}; give each its own", "policies")
    return tuple(closed(section, sorted(found, key=lambda one: one.effective)))


def _policy(one: Section, grades: Known[str]) -> CreditPolicy:
    standards, period = one.section("standards"), one.section("period")
    discount, collection = one.section("cash_discount"), one.section("collection")
    accepted = standards.texts("grades")
    if unknown := [grade for grade in accepted if grade not in grades]:
        standards.wrong(f"{unknown[0]!r} has no terms; choose among {', '.join(grades)}", "grades")
    letters = tuple(_day(collection, text) for text in collection.texts("letters"))
    made = CreditPolicy(
        segment=one.take("segment", read_text),
        version=one.take("version", read_text),
        effective=one.take("effective", read_date),
        stance=standards.choice("stance", STANCES),
        grades=accepted,
        period_days=period.take("days", read_whole),
        pays_on=period.choice("pays_on", DAYS),
        cash_discount=CashDiscount(discount.take("share", share), discount.take("days", read_whole)),
        collection=Collection(
            collection.take("remind_before", read_whole), letters, collection.take("hand_over", read_whole)
        ),
        reference=one.take("reference", read_text),
    )
    for inner in (standards, period, discount, collection):
        closed(inner, None)
    offered = made.cash_discount
    if offered.share == 1 or (offered.share and not offered.days < made.period_days):
        one.wrong(
            "a discount is for who pays before the period ends; write for example share 0.02, days 10", "cash_discount"
        )
    if list(letters) != sorted(set(letters)) or (letters and letters[-1] > made.collection.hand_over):
        one.wrong(
            "letters follow one another, and come before handing over; write for example [1, 15, 30]", "collection"
        )
    return closed(one, msgspec.structs.replace(made, sha256=sealed(msgspec.to_builtins(made))[1]))


def _day(section: Section, text: str) -> int:
    try:
        return read_whole(text)
    except ValueError as error:
        section.wrong(str(error), "letters")


def _term(section: Section, grades: Known[str]) -> TermRules:
    chances = section.section("default_chance")
    chances.maybe("reference", read_text)
    held = chances.scalars(share)
    if missing := [grade for grade in grades if grade not in held]:
        section.wrong(f"the grade {missing[0]!r} has no chance of default; add it", "default_chance")
    made = TermRules(
        spread=one_of(section, "capital", "spread", share),
        handling=one_of(section, "handling", "share", share),
        default_chance=held,
        loss_given_default=one_of(section, "loss_given_default", "share", share),
    )
    return closed(section, made)


def _papers(section: Section) -> dict[str, tuple[str, str]]:
    found = {}
    for name in list(section.names()):
        inner = section.section(name)
        found[name] = closed(inner, (inner.take("en", read_text), inner.take("zh", read_text)))
    section.close()
    return found


def _dossier(one: Section, papers: Mapping[str, tuple[str, str]]) -> Dossier:
    made = Dossier(one.texts("kinds"), one.take("above", money), one.texts("papers"))
    for key, named, known in (("kinds", made.kinds, KINDS), ("papers", made.papers, tuple(papers))):
        if unknown := [name for name in named if name not in known]:
            one.wrong(f"{unknown[0]!r} is not known here; choose among {', '.join(known)}", key)
    return closed(one, made)

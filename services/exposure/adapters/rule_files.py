"""Reads the rules of exposure from YAML, strictly: an error names the file, the line and what to write instead."""

from __future__ import annotations

import itertools
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path

from services.exposure.adapters import authority_files, granting_files
from services.exposure.adapters.rule_values import closed, factor, money, one_of, share, two_of, whole
from services.exposure.core.portfolio_rules import PortfolioRules, Share
from services.exposure.core.records import CONTROL_POINTS
from services.exposure.core.rulebook import (
    CheckRules,
    Cut,
    LimitRules,
    Lower,
    Mark,
    PreApproved,
    Rulebook,
    StepRule,
    Terms,
)
from services.exposure.core.spreading import DIMENSIONS
from services.exposure.core.steps import STEPS
from shared.core.errors import Misconfigured
from shared.core.ledger.bills import BillRules
from shared.edge import approval_chains
from shared.edge.policy_yaml import Section, read_text, read_whole

FOLDER = Path(__file__).parents[1] / "policies"
CHAINS = Path(__file__).parents[1] / "approvals.yaml"
FILES = (
    "terms.yaml", "checks.yaml", "authority.yaml", "advances.yaml", "portfolio.yaml",
    "sectors.yaml", "credit_policies.yaml", "granting.yaml",
)  # fmt: skip
STRENGTHS = ("off", "warn", "hold", "refuse")
EXCLUSIONS = ("lowers_exposure", "prepaid", "released")


def load(folder: Path = FOLDER, chains: Path = CHAINS) -> Rulebook:
    """The rules in *folder*. Raises Misconfigured naming file, line and remedy."""
    texts = {name: _read(folder / name) for name in FILES}
    read = (whole(texts[name], str(folder / name)) for name in FILES)
    terms, checks, authority, advances, portfolio, sectors, policies, rest = read
    versions = approval_chains.load(chains)
    prints = blake2b("\0".join(texts.values()).encode(), digest_size=8).hexdigest()
    limits = _limits(terms)
    return Rulebook(
        limits=limits,
        checks=_checks(checks),
        authority=authority_files.authority(authority, versions),
        advances=authority_files.advances(advances, versions),
        portfolio=_portfolio(portfolio),
        granting=granting_files.granting(sectors, policies, rest, [one.grade for one in limits.terms]),
        chains=versions,
        fingerprint=prints,
    )


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{file}: cannot be read ({error}); restore it from the package") from error


def _limits(section: Section) -> LimitRules:
    terms = tuple(_terms(one) for one in section.sections("grades"))
    if not terms:
        section.wrong("no grade is written; write one line of terms for each, the best first")
    if len({one.grade for one in terms}) < len(terms):
        section.wrong("a grade stands twice; keep one", "grades")
    _falling(section, terms)
    need = section.section("need")
    order_days, peak = closed(need, (need.take("order_days", read_whole), need.take("season_peak", factor)))
    new = section.section("new_customer")
    cap, months = closed(new, (new.take("cap", money), new.take("months", read_whole)))
    rise = section.section("rise")
    risen, days = closed(rise, (rise.take("share", factor), rise.take("days", read_whole)))
    cut = section.section("cut")
    cuts = closed(cut, Cut(cut.take("use", share), cut.take("months", read_whole), cut.take("factor", factor)))
    if not cuts.months:
        section.wrong("a limit is looked at over at least 1 month; write 6", "cut")
    fall = section.section("fall")
    lasting = closed(fall, fall.texts("lasting"))
    rules = LimitRules(
        terms=terms,
        ungraded_stop_days=one_of(section, "ungraded", "stop_days", read_whole),
        new_customer_cap=cap,
        new_customer_months=months,
        order_days=order_days,
        season_peak=peak,
        digits=one_of(section, "rounding", "digits", read_whole),
        rise_share=risen,
        rise_days=days,
        usable_months=one_of(section, "statements", "usable_months", read_whole),
        guarantee_uplift=one_of(section, "guarantee", "uplift", share),
        marks=_marks(section),
        cut=cuts,
        lower=_lower(section.section("lower")),
        preapproved=_preapproved(section.section("preapproved"), terms),
        bills=BillRules(*two_of(section, "bills", "presented_days", "longest_months", read_whole)),
        ability_share=one_of(section, "ability", "share", share),
        deposit_share=one_of(section, "deposit", "share", share),
        lasting=lasting,
    )
    if not rules.digits:
        section.wrong("limits need at least 1 digit; write 2", "rounding")
    return closed(section, rules)


def _lower(section: Section) -> Lower:
    days, cuts = (
        section.take("late_days", read_whole),
        [section.take(name, share) for name in ("late_cut", "finances_cut")],
    )
    return closed(section, Lower(days, section.take("large", share), *cuts))


def _preapproved(section: Section, terms: tuple[Terms, ...]) -> PreApproved:
    grades = section.texts("grades")
    if unknown := [name for name in grades if name not in {one.grade for one in terms if one.valid_months}]:
        section.wrong(f"{unknown[0]!r} is no grade that is given credit; choose among those above", "grades")
    months, good, late = (section.take(name, read_whole) for name in ("months", "good_months", "late_days"))
    return closed(
        section, PreApproved(months, grades, good, late, section.take("share", share), section.take("cap", money))
    )


def _falling(section: Section, terms: tuple[Terms, ...]) -> None:
    """A better grade has no worse terms (LT-44). Raises Misconfigured."""
    for better, worse in itertools.pairwise(terms):
        for name in ("term_days", "need_factor", "net_assets_share", "budget_share", "stop_days", "bills_share"):
            if getattr(worse, name) > getattr(better, name):
                section.wrong(
                    f"{worse.grade} has a better {name} than {better.grade}; write no more than there", "grades"
                )
        if worse.down_payment < better.down_payment:
            section.wrong(f"{worse.grade} pays less down than {better.grade}; write no less than there", "grades")


def _terms(one: Section) -> Terms:
    made = Terms(
        grade=one.take("grade", read_text),
        term_days=one.take("term_days", read_whole),
        need_factor=one.take("need_factor", factor),
        net_assets_share=one.take("net_assets_share", share),
        cap_without_statements=one.take("cap_without_statements", money),
        budget_share=one.take("budget_share", share),
        down_payment=one.take("down_payment", share),
        stop_days=one.take("stop_days", read_whole),
        review_months=one.take("review_months", read_whole),
        valid_months=one.take("valid_months", read_whole),
        bills_share=one.take("bills_share", share),
        unsecured_share=one.maybe("unsecured_share", share),
    )
    return closed(one, made)


def _marks(section: Section) -> tuple[Mark, ...]:
    marks, before = [], Decimal(0)
    for one in section.sections("marks"):
        mark = Mark(one.take("at", factor), one.take("clear", factor))
        if mark.clear >= mark.at or mark.at <= before:
            one.wrong("marks must grow, and each is cleared below itself; write for example at 0.80, clear 0.75")
        before = mark.at
        marks.append(closed(one, mark))
    if not marks:
        section.wrong("no watch mark is written; the last is the breach, write at 1.00, clear 0.98")
    return tuple(marks)


def _checks(section: Section) -> CheckRules:
    hours, days = two_of(section, "reservations", "reserve_hours", "commit_days", read_whole)
    again = section.section("rechecks")
    grown, recheck = closed(again, (again.take("grown", factor), again.take("days", read_whole)))
    exclusions = section.texts("exclusions")
    if unknown := [name for name in exclusions if name not in EXCLUSIONS]:
        section.wrong(f"{unknown[0]!r} is no exclusion; choose among {', '.join(EXCLUSIONS)}", "exclusions")
    observe = section.section("observe")
    observing = closed(observe, frozenset(observe.texts("companies")))
    steps = tuple(_step(one) for one in section.sections("steps"))
    if not hours or not days:
        section.wrong("reservations that end at once keep nothing; write at least 1", "reservations")
    if twice := [one.name for at, one in enumerate(steps) if one.name in {two.name for two in steps[:at]}]:
        section.wrong(f"the step {twice[0]!r} stands twice; keep one", "steps")
    if "limit" not in {one.name for one in steps}:
        section.wrong("the step 'limit' is missing: nothing would bind; switch it off by strength instead", "steps")
    version = section.take("version", read_text)
    return closed(section, CheckRules(version, steps, exclusions, hours, days, grown, recheck, observing))


def _step(one: Section) -> StepRule:
    name = one.choice("step", tuple(STEPS))
    numbers = one.maybe_section("numbers")
    wanted = STEPS[name].numbers
    held = {key: numbers.take(key, factor) for key in wanted} if numbers is not None else {}
    if numbers is not None:
        numbers.close()
    if missing := [key for key in wanted if key not in held]:
        one.wrong(f"the step {name!r} needs the number {missing[0]!r}; write it under numbers")
    strengths = _strengths(one.section("strengths"))
    segments = one.maybe_section("segments")
    own = {key: _strengths(segments.section(key)) for key in segments.names()} if segments is not None else {}
    return closed(one, StepRule(name, strengths, held, own, one.take("reference", read_text)))


def _strengths(section: Section) -> dict[str, str]:
    said = {point: section.choice(point, STRENGTHS, "off") for point in CONTROL_POINTS}
    section.close()
    return said


def _portfolio(section: Section) -> PortfolioRules:
    members = one_of(section, "groups", "members", read_whole)
    if members < 2:
        section.wrong("a group has at least 2 members; write for example 100", "groups")
    top = section.section("top")
    count, held = closed(top, (top.take("customers", read_whole), top.take("share", share)))
    made = PortfolioRules(
        budget=_marked(section, "budget"),
        customer=_marked(section, "customer"),
        group=_marked(section, "group"),
        hhi=_marked(section, "hhi"),
        top_count=count,
        top_share=held,
        region_share=one_of(section, "region", "share", share),
        spread_shares={name: one_of(section, name, "share", share) for name in DIMENSIONS},
        group_members=members,
    )
    return closed(section, made)


def _marked(section: Section, key: str) -> Share:
    watch, breach = two_of(section, key, "watch", "breach", factor)
    if not 0 < watch < breach:
        section.wrong("what is watched lies below what is too much; write for example watch 0.10, breach 0.15", key)
    return Share(watch, breach)

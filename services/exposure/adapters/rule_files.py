"""Reads the rules of exposure from YAML, strictly: an error names the file, the line and what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from services.exposure.core.records import CONTROL_POINTS
from services.exposure.core.rulebook import (
    AdvanceRules,
    AdvanceTerms,
    Authority,
    CheckRules,
    LimitRules,
    Mark,
    PortfolioRules,
    Rulebook,
    Share,
    Special,
    StepRule,
    Terms,
    Tier,
)
from services.exposure.core.steps import STEPS
from shared.core.errors import Misconfigured
from shared.core.ledger.documents import units
from shared.edge import approval_chains
from shared.edge.http.roles import roles
from shared.edge.policy_yaml import Section, read_flag, read_number, read_section, read_text, read_whole

FOLDER = Path(__file__).parents[1] / "policies"
CHAINS = Path(__file__).parents[1] / "approvals.yaml"
FILES = ("terms.yaml", "checks.yaml", "authority.yaml", "advances.yaml", "portfolio.yaml")
STRENGTHS = ("off", "warn", "hold", "refuse")
EXCLUSIONS = ("lowers_exposure", "prepaid", "released")

T = TypeVar("T")


def load(folder: Path = FOLDER, chains: Path = CHAINS) -> Rulebook:
    """The rules in *folder*. Raises Misconfigured naming file, line and remedy."""
    texts = {name: _read(folder / name) for name in FILES}
    terms, checks, authority, advances, portfolio = (_whole(texts[name], str(folder / name)) for name in FILES)
    prints = blake2b("\0".join(texts.values()).encode(), digest_size=8).hexdigest()
    return Rulebook(
        limits=_limits(terms),
        checks=_checks(checks),
        authority=_authority(authority),
        advances=_advances(advances),
        portfolio=_portfolio(portfolio),
        chains=approval_chains.load(chains),
        fingerprint=prints,
    )


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{file}: cannot be read ({error}); restore it from the package") from error


def _whole(text: str, file: str) -> Section:
    section = read_section(text, file)
    section.maybe("assumed", read_flag)
    return section


def _closed(section: Section, made: T) -> T:
    """*made*, once nothing of *section* is left but where it comes from. Raises Misconfigured."""
    section.maybe("reference", read_text)
    section.maybe("assumed", read_flag)
    section.close()
    return made


def _share(text: str) -> Decimal:
    number = read_number(text)
    if not 0 <= number <= 1:
        raise ValueError("write a share between 0 and 1, e.g. 0.30 for 30 %")
    return number


def _factor(text: str) -> Decimal:
    number = read_number(text)
    if number < 0:
        raise ValueError("write a number that is not negative, e.g. 1.2")
    return number


def _money(text: str) -> int:
    return units(_factor(text))


def _one(section: Section, key: str, name: str, read: Callable[[str], T]) -> T:
    """The one value *name* of the section under *key*."""
    inner = section.section(key)
    return _closed(inner, inner.take(name, read))


def _two(section: Section, key: str, first: str, second: str, read: Callable[[str], T]) -> tuple[T, T]:
    inner = section.section(key)
    return _closed(inner, (inner.take(first, read), inner.take(second, read)))


def _limits(section: Section) -> LimitRules:
    terms = tuple(_terms(one) for one in section.sections("grades"))
    if not terms:
        section.wrong("no grade is written; write one line of terms for each, the best first")
    if len({one.grade for one in terms}) < len(terms):
        section.wrong("a grade stands twice; keep one", "grades")
    need = section.section("need")
    order_days, peak = _closed(need, (need.take("order_days", read_whole), need.take("season_peak", _factor)))
    new = section.section("new_customer")
    cap, months = _closed(new, (new.take("cap", _money), new.take("months", read_whole)))
    rise = section.section("rise")
    share, days = _closed(rise, (rise.take("share", _factor), rise.take("days", read_whole)))
    fall = section.section("fall")
    lasting = _closed(fall, fall.texts("lasting"))
    rules = LimitRules(
        terms=terms,
        ungraded_stop_days=_one(section, "ungraded", "stop_days", read_whole),
        new_customer_cap=cap,
        new_customer_months=months,
        order_days=order_days,
        season_peak=peak,
        digits=_one(section, "rounding", "digits", read_whole),
        rise_share=share,
        rise_days=days,
        usable_months=_one(section, "statements", "usable_months", read_whole),
        guarantee_uplift=_one(section, "guarantee", "uplift", _share),
        marks=_marks(section),
        lasting=lasting,
    )
    if not rules.digits:
        section.wrong("limits need at least 1 digit; write 2", "rounding")
    return _closed(section, rules)


def _terms(one: Section) -> Terms:
    made = Terms(
        grade=one.take("grade", read_text),
        term_days=one.take("term_days", read_whole),
        need_factor=one.take("need_factor", _factor),
        net_assets_share=one.take("net_assets_share", _share),
        cap_without_statements=one.take("cap_without_statements", _money),
        budget_share=one.take("budget_share", _share),
        down_payment=one.take("down_payment", _share),
        stop_days=one.take("stop_days", read_whole),
        review_months=one.take("review_months", read_whole),
        valid_months=one.take("valid_months", read_whole),
    )
    return _closed(one, made)


def _marks(section: Section) -> tuple[Mark, ...]:
    marks, before = [], Decimal(0)
    for one in section.sections("marks"):
        mark = Mark(one.take("at", _factor), one.take("clear", _factor))
        if mark.clear >= mark.at or mark.at <= before:
            one.wrong("marks must grow, and each is cleared below itself; write for example at 0.80, clear 0.75")
        before = mark.at
        marks.append(_closed(one, mark))
    if not marks:
        section.wrong("no watch mark is written; the last is the breach, write at 1.00, clear 0.98")
    return tuple(marks)


def _checks(section: Section) -> CheckRules:
    hours, days = _two(section, "reservations", "reserve_hours", "commit_days", read_whole)
    again = section.section("rechecks")
    grown, recheck = _closed(again, (again.take("grown", _factor), again.take("days", read_whole)))
    exclusions = section.texts("exclusions")
    if unknown := [name for name in exclusions if name not in EXCLUSIONS]:
        section.wrong(f"{unknown[0]!r} is no exclusion; choose among {', '.join(EXCLUSIONS)}", "exclusions")
    observe = section.section("observe")
    observing = _closed(observe, frozenset(observe.texts("companies")))
    steps = tuple(_step(one) for one in section.sections("steps"))
    if not hours or not days:
        section.wrong("reservations that end at once keep nothing; write at least 1", "reservations")
    if twice := [one.name for at, one in enumerate(steps) if one.name in {two.name for two in steps[:at]}]:
        section.wrong(f"the step {twice[0]!r} stands twice; keep one", "steps")
    if "limit" not in {one.name for one in steps}:
        section.wrong("the step 'limit' is missing: nothing would bind; switch it off by strength instead", "steps")
    version = section.take("version", read_text)
    return _closed(section, CheckRules(version, steps, exclusions, hours, days, grown, recheck, observing))


def _step(one: Section) -> StepRule:
    name = one.choice("step", tuple(STEPS))
    numbers = one.maybe_section("numbers")
    wanted = STEPS[name].numbers
    held = {key: numbers.take(key, _factor) for key in wanted} if numbers is not None else {}
    if numbers is not None:
        numbers.close()
    if missing := [key for key in wanted if key not in held]:
        one.wrong(f"the step {name!r} needs the number {missing[0]!r}; write it under numbers")
    strengths = _strengths(one.section("strengths"))
    segments = one.maybe_section("segments")
    own = {key: _strengths(segments.section(key)) for key in segments.names()} if segments is not None else {}
    return _closed(one, StepRule(name, strengths, held, own, one.take("reference", read_text)))


def _strengths(section: Section) -> dict[str, str]:
    said = {point: section.choice(point, STRENGTHS, "off") for point in CONTROL_POINTS}
    section.close()
    return said


def _roles(section: Section, key: str = "by") -> tuple[str, ...]:
    named = section.texts(key)
    if not named:
        section.wrong("names nobody; name the roles in their order", key)
    for role in named:
        _role(section, key, role)
    return named


def _role(section: Section, key: str, role: str) -> None:
    if role not in roles():
        section.wrong(f"names the unknown role {role!r}; choose among {', '.join(sorted(roles()))}", key)


def _authority(section: Section) -> Authority:
    tiers = [_closed(one, Tier(one.maybe("up_to", _money), _roles(one))) for one in section.sections("tiers")]
    edges = [one.up_to for one in tiers[:-1]]
    known = [edge for edge in edges if edge is not None]
    if not tiers or tiers[-1].up_to is not None or len(known) < len(edges) or sorted(set(known)) != known:
        section.wrong("tiers must grow by up_to, and only the last has none", "tiers")
    higher = section.section("higher")
    higher.maybe("reference", read_text)
    specials = []
    for one in section.sections("special"):
        special = Special(one.take("role", read_text), one.maybe("share", _factor), one.take("days", read_whole))
        _role(one, "role", special.role)
        specials.append(_closed(one, special))
    if not specials or any(one.share is None for one in specials[:-1]):
        section.wrong("authorities must grow by share, and only the last may have none", "special")
    hard = section.texts("hard")
    return _closed(section, Authority(tuple(tiers), higher.scalars(read_whole), tuple(specials), hard))


def _advances(section: Section) -> AdvanceRules:
    grades = tuple(
        _closed(
            one,
            AdvanceTerms(
                one.take("grade", read_text),
                one.take("amount", _money),
                one.take("months", read_whole),
                one.take("exceptional", read_flag),
                _roles(one),
            ),
        )
        for one in section.sections("grades")
    )
    beyond = section.section("beyond")
    half, whole = _two(section, "run_down", "half_days", "all_days", read_whole)
    if half >= whole:
        section.wrong("half must be gone before all is; write for example 30 and 60", "run_down")
    made = AdvanceRules(
        grades=grades,
        total=_one(section, "total", "amount", _money),
        beyond=_closed(beyond, _roles(beyond)),
        half_days=half,
        all_days=whole,
        lower_share=_one(section, "adjusted", "share", _share),
        contract_months=_one(section, "contract", "months", read_whole),
        quarter_months=_one(section, "check", "months", read_whole),
    )
    return _closed(section, made)


def _portfolio(section: Section) -> PortfolioRules:
    members = _one(section, "groups", "members", read_whole)
    if members < 2:
        section.wrong("a group has at least 2 members; write for example 100", "groups")
    top = section.section("top")
    count, share = _closed(top, (top.take("customers", read_whole), top.take("share", _share)))
    made = PortfolioRules(
        budget=_marked(section, "budget"),
        customer=_marked(section, "customer"),
        group=_marked(section, "group"),
        hhi=_marked(section, "hhi"),
        top_count=count,
        top_share=share,
        region_share=_one(section, "region", "share", _share),
        group_members=members,
    )
    return _closed(section, made)


def _marked(section: Section, key: str) -> Share:
    watch, breach = _two(section, key, "watch", "breach", _factor)
    if not 0 < watch < breach:
        section.wrong("what is watched lies below what is too much; write for example watch 0.10, breach 0.15", key)
    return Share(watch, breach)

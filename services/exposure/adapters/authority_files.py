"""Reads who may decide what: `authority.yaml`, and the chains of `advances.yaml`. Roles, or committees of `approvals.yaml`."""

from __future__ import annotations

from collections.abc import Collection

from services.exposure.adapters.rule_values import closed, factor, money, one_of, share, two_of
from services.exposure.core.granting_rules import CONTROL, REDUCE
from services.exposure.core.rulebook import AdvanceRules, AdvanceTerms, Authority, Delegated, Special, Tier
from shared.edge.approval_chains import Versions
from shared.edge.codes import MEANINGS
from shared.edge.http.roles import granting, roles
from shared.edge.policy_yaml import Section, read_flag, read_text, read_whole

BINDING = (
    "LIMIT_EXCEEDED",
    "SUB_LIMIT_EXCEEDED",
    "NO_LIMIT",
    "LIMIT_EXPIRED",
    "GROUP_LIMIT_EXCEEDED",
    "GROUP_LIMIT_EXPIRED",
)
"""A temporary limit, or the special approval, says by how much."""


def _roles(section: Section, key: str) -> tuple[str, ...]:
    named = section.texts(key)
    if not named:
        section.wrong("names nobody; name the roles", key)
    for role in named:
        _role(section, key, role)
    return named


def _chain(section: Section, chains: Versions) -> tuple[str, ...]:
    """Who grants, one after the other: roles that may, or committees that every version of the chains has."""
    named = section.texts("by")
    if not named:
        section.wrong("names nobody; name the roles in their order", "by")
    committees = set.intersection(*(set(one.committees) for one in chains))
    for name in named:
        if name not in committees:
            _role(section, "by", name, also=committees)
            if name not in granting():
                section.wrong(f"names {name!r}, which may grant nothing; choose among {', '.join(granting())}", "by")
    return named


def _role(section: Section, key: str, role: str, also: Collection[str] = ()) -> None:
    if role not in roles():
        known = ", ".join(sorted({*roles(), *also}))
        section.wrong(f"names the unknown role {role!r}; choose among {known}", key)


def authority(section: Section, chains: Versions) -> Authority:
    """Who approves limits, lets held orders go, and stops supply. Raises Misconfigured."""
    tiers = [closed(one, Tier(one.maybe("up_to", money), _chain(one, chains))) for one in section.sections("tiers")]
    edges = [one.up_to for one in tiers[:-1]]
    known = [edge for edge in edges if edge is not None]
    if not tiers or tiers[-1].up_to is not None or len(known) < len(edges) or sorted(set(known)) != known:
        section.wrong("tiers must grow by up_to, and only the last has none", "tiers")
    higher, industries = (_moves(section, key) for key in ("higher", "higher_industry"))
    if strange := [one for one in industries if one not in (CONTROL, REDUCE)]:
        section.wrong(
            f"{strange[0]!r} is no way to look at an industry; write {CONTROL} or {REDUCE}", "higher_industry"
        )
    lower = section.section("delegated")
    delegated = closed(lower, Delegated(_moves(lower, "grades"), lower.take("months", read_whole)))
    if both := [one for one in delegated.grades if higher.get(one)]:
        section.wrong(f"{both[0]!r} goes up already; leave it out", "delegated")
    specials = []
    for one in section.sections("special"):
        special = Special(one.take("role", read_text), one.maybe("share", factor), one.take("days", read_whole))
        _role(one, "role", special.role)
        specials.append(closed(one, special))
    if not specials or any(one.share is None for one in specials[:-1]):
        section.wrong("authorities must grow by share, and only the last may have none", "special")
    hard = section.texts("hard")
    supply = section.section("supply")
    suspend, resume = closed(supply, (_roles(supply, "suspend"), _roles(supply, "resume")))
    exceptions = section.texts("exceptions")
    if unknown := [one for one in exceptions if one not in MEANINGS]:
        section.wrong(f"{unknown[0]!r} is the code of no rule; see shared/edge/codes.yaml", "exceptions")
    if both := [one for one in exceptions if one in {*hard, *BINDING}]:
        section.wrong(f"{both[0]} binds everybody: it may not be excepted; leave it out", "exceptions")
    made = Authority(tuple(tiers), higher, tuple(specials), hard, suspend, resume, exceptions, industries, delegated)
    return closed(section, made)


def _moves(section: Section, key: str) -> dict[str, int]:
    """What moves limits between tiers, and by how many."""
    moves = section.section(key)
    moves.maybe("reference", read_text)
    return moves.scalars(read_whole)


def advances(section: Section, chains: Versions) -> AdvanceRules:
    """What may be advanced, and who approves it. Raises Misconfigured."""
    grades = tuple(
        closed(
            one,
            AdvanceTerms(
                one.take("grade", read_text),
                one.take("amount", money),
                one.take("months", read_whole),
                one.take("exceptional", read_flag),
                _chain(one, chains),
            ),
        )
        for one in section.sections("grades")
    )
    beyond = section.section("beyond")
    half, all_of_it = two_of(section, "run_down", "half_days", "all_days", read_whole)
    if half >= all_of_it:
        section.wrong("half must be gone before all is; write for example 30 and 60", "run_down")
    total, watched = section.section("total"), section.section("check")
    cap, watch = closed(total, (total.take("amount", money), total.take("watch", share)))
    months, ahead = closed(watched, (watched.take("months", read_whole), watched.take("days_before", read_whole)))
    made = AdvanceRules(
        grades=grades,
        total=cap,
        total_watch=watch,
        beyond=closed(beyond, _chain(beyond, chains)),
        half_days=half,
        all_days=all_of_it,
        lower_share=one_of(section, "adjusted", "share", share),
        contract_months=one_of(section, "contract", "months", read_whole),
        quarter_months=months,
        check_ahead=ahead,
    )
    return closed(section, made)

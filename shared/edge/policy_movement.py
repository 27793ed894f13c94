"""When a grade moves, as a policy file says it."""

from __future__ import annotations

from typing import Any

from shared.core.policy.movement import EVENTS, REVIEWS, Approval, Fall, FromWorst, Lapse, Movement, Rise
from shared.edge.http.roles import granting, roles
from shared.edge.policy_rules import read_assumed
from shared.edge.policy_yaml import Section, read_flag, read_text, read_whole


def read_movement(section: Section, grades: tuple[str, ...]) -> Movement:
    """Return the section `movement`. Raises Misconfigured."""
    falls = None if section.is_scalar("fall") else _fall(section.section("fall"))
    movement = Movement(
        fall=section.choice("fall", ("at_once",)) if falls is None else "at_reviews",  # type: ignore[arg-type] # choice has just checked it
        rise=_rise(section.section("rise"), grades),
        review_months=_by_grade(section, "review_months", grades),
        valid_months=_by_grade(section, "valid_months", grades),
        reference=section.take("reference", read_text),
        falls=falls,
        approvals=tuple(_approval(one, grades) for one in section.sections("approvals")),
        lapse=_lapse(section, grades),
        **read_assumed(section),
    )
    section.close()
    return movement


def _lapse(section: Section, grades: tuple[str, ...]) -> Lapse | None:
    given = section.maybe_section("lapse")
    if given is None:
        return None
    then: Any = given.choice("then", ("no_grade", "cap"))
    lapse = Lapse(then, given.take("after_days", read_whole), given.choice("cap", grades[1:]) if then == "cap" else "")
    given.close()
    return lapse


def _rise(section: Section, grades: tuple[str, ...]) -> Rise:
    from_worst = section.section("from_worst")
    only_at: Any = section.choice("only_at", ("any_day", *REVIEWS))
    never_at: Any = section.choice("never_at", REVIEWS[1:]) if "never_at" in section else ""
    if never_at and only_at in REVIEWS and REVIEWS.index(never_at) <= REVIEWS.index(only_at):
        section.wrong(f"every {only_at} is a {never_at} too or none is left; name a rarer review", "never_at")
    rise = Rise(
        only_at=only_at,
        max_steps=section.take("max_steps", read_whole),
        cooldown_days=section.take("cooldown_days", read_whole),
        from_worst=FromWorst(from_worst.take("approval", read_flag), from_worst.take("clean_months", read_whole)),
        never_at=never_at,
        only_from=_only_from(section, grades),
    )
    from_worst.close()
    section.close()
    return rise


def _only_from(section: Section, grades: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    given = section.maybe_section("only_from")
    found: dict[str, tuple[str, ...]] = {}
    for grade in given.names() if given else ():
        assert given is not None
        if grade not in grades:
            given.wrong(f"{grade!r} is no grade; write one of {', '.join(grades)}", grade)
        found[grade] = given.texts(grade)
        for one in found[grade]:
            if one not in grades or grades.index(one) <= grades.index(grade):
                given.wrong(f"{one!r} does not lie below {grade!r}; name grades from which it can be reached", grade)
    return found


def _fall(section: Section) -> Fall:
    only_at: Any = section.choice("only_at", REVIEWS)
    events = section.texts("at_once_on") if "at_once_on" in section else ()
    for event in events:
        if event not in EVENTS:
            section.wrong(f"{event!r} is no such fact; choose among {', '.join(EVENTS)}", "at_once_on")
    fall = Fall(only_at, section.take("max_steps", read_whole), events)
    if fall.max_steps < 1:
        section.wrong("a grade falls by at least one step", "max_steps")
    section.close()
    return fall


def _approval(section: Section, grades: tuple[str, ...]) -> Approval:
    of: Any = section.choice("of", ("first", "rise", "override", "exception"))
    chain = section.take("chain", read_text) if "chain" in section else ""
    by, to = () if chain else section.texts("by"), section.texts("to") if "to" in section else ()
    for role in by:
        if role not in roles():
            section.wrong(f"{role!r} is no role; choose among {', '.join(roles())}", "by")
    for grade in to:
        if grade not in grades:
            section.wrong(f"{grade!r} is no grade; write one of {', '.join(grades)}", "to")
    if not by and not chain:
        section.wrong("name the roles that approve", "by")
    through: Any = section.choice("through", ("request", "review")) if "through" in section else "request"
    for role in by if through == "request" else ():
        if role not in granting():
            section.wrong(f"{role!r} may grant nothing; choose among {', '.join(granting())}", "by")
    if through == "review" and of != "rise":
        section.wrong("only a rise is approved through a review; leave it out", "through")
    section.close()
    return Approval(of, by, to, through, chain)


def _by_grade(section: Section, key: str, grades: tuple[str, ...]) -> dict[str, int]:
    months = section.section(key).scalars(read_whole)
    if tuple(months) != grades:
        section.wrong(f"write one number for each of {', '.join(grades)}, in this order", key)
    return months

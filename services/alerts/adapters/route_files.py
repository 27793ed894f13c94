"""Reads the tree of routes, strictly: a child inherits what it leaves out, and says what else it does."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

from services.alerts.adapters.rule_values import read_receivers, read_seconds, read_span, read_tests
from services.alerts.core.rules import Inhibition, Kinds, Route, Routes, Step
from shared.edge.http.roles import roles
from shared.edge.policy_yaml import Section, read_flag, read_section, read_text, read_whole

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_LISTS = ("group_by", "channels")


def read_routes(text: str, file: str, kinds: Kinds) -> Routes:
    """The routes that *text* writes. Raises Misconfigured."""
    section = read_section(text, file)
    section.maybe("assumed", read_flag)
    section.maybe("reference", read_text)
    working = section.section("working_time")
    begins, ends = working.take("from", minute), working.take("to", minute)
    if begins >= ends:
        working.wrong("it ends before it begins; swap the two", "to")
    working.close()
    escalations = section.section("escalations")
    chains = {name: tuple(_step(one) for one in escalations.sections(name)) for name in escalations.names()}
    names: set[str] = set()
    root = _route(section.section("route"), None, chains, kinds, names)
    if root.match:
        section.wrong("the root takes what no other route takes, so it has no `match`; leave it out", "route")
    if not root.to:
        section.wrong("the root tells nobody; write `to: [owner]`", "route")
    inhibit = tuple(_inhibition(one) for one in section.sections("inhibit_rules"))
    section.close()
    return Routes(
        root=root, chains=chains, inhibit=inhibit, begins=begins, ends=ends,
        version=blake2b(text.encode(), digest_size=8).hexdigest(),
    )  # fmt: skip


def minute(text: str) -> int:
    """A time of day in minutes. Raises ValueError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError('write a time of day, e.g. "08:30"')
    return int(match[1]) * 60 + int(match[2])


def _step(section: Section) -> Step:
    made = Step(section.take("after", read_span), receivers(section, "to"))
    section.close()
    return made


def receivers(section: Section, key: str) -> tuple[str, ...]:
    """Who is told, of roles that there are. Raises Misconfigured."""
    said = read_receivers(section, key)
    for one in said:
        kind, _, name = one.partition(":")
        if kind == "role" and "{" not in name and name not in roles():
            section.wrong(f"{name!r} is no role; shared/edge/roles.yaml names them", key)
    return said


def _route(section: Section, above: Route | None, chains: dict[str, Any], kinds: Kinds, names: set[str]) -> Route:
    given: dict[str, Any] = {"name": section.take("name", read_text), "line": section.line}
    if given["name"] in names:
        section.wrong(f"the name {given['name']!r} stands twice; routes are told apart by it", "name")
    names.add(given["name"])
    given["match"] = read_tests(section, "match")
    _known_kinds(section, given["match"], kinds)
    given["goes_on"] = "continue" in section and section.take("continue", read_flag) is True
    given["to"] = receivers(section, "to") if "to" in section else _above(above, "to", ())
    given["fallback"] = receivers(section, "fallback") if "fallback" in section else _above(above, "fallback", ())
    for name in _LISTS:
        given[name] = section.texts(name) if name in section else _above(above, name, ())
    given["wait_seconds"] = _maybe(section, "group_wait", read_seconds, above, "wait_seconds", 0)
    given["interval_seconds"] = _maybe(section, "group_interval", read_seconds, above, "interval_seconds", 0)
    given["repeat"] = _maybe(section, "repeat_interval", read_span, above, "repeat", None)
    given["repeats"] = _maybe(section, "repeat_limit", read_whole, above, "repeats", 0)
    given["escalation"] = _maybe(section, "escalation", read_text, above, "escalation", "")
    if given["escalation"] and given["escalation"] not in chains:
        section.wrong(
            f"there is no escalation {given['escalation']!r}; write one of {', '.join(sorted(chains))}", "escalation"
        )
    for name in ("digest", "urgent"):
        given[name] = _maybe(section, name, read_flag, above, name, False)
    if given["repeat"] is not None and not given["repeats"]:
        section.wrong("it repeats without end; write `repeat_limit: 5`", "repeat_interval")
    inner = section.sections("routes")
    section.close()
    node = Route(**given)
    children = tuple(_route(one, node, chains, kinds, names) for one in inner)
    for place, child in enumerate(children):
        if not child.match and not child.goes_on and place + 1 < len(children):
            inner[place].wrong(
                "it matches everything, so no route after it is ever taken; write its `match`, or put it last"
            )
    return Route(**given, routes=children)


def _known_kinds(section: Section, match: Any, kinds: Kinds) -> None:
    known = {one.kind for one in kinds.kinds}
    for test in match:
        if test.field == "kind" and (unknown := sorted(set(test.values) - known)):
            section.wrong(f"{unknown[0]!r} is no kind of alert; alerts.yaml names them", "match")


def _above(above: Route | None, name: str, default: Any) -> Any:
    return default if above is None else getattr(above, name)


def _maybe(section: Section, key: str, read: Any, above: Route | None, name: str, default: Any) -> Any:
    found = section.maybe(key, read)
    return _above(above, name, default) if found is None else found


def _inhibition(section: Section) -> Inhibition:
    made = Inhibition(
        section.take("name", read_text),
        read_tests(section, "source"),
        read_tests(section, "target"),
        section.texts("equal"),
        "of_group" in section and section.take("of_group", read_flag) is True,
    )
    if not made.source or not made.target:
        section.wrong("source and target need a condition each, or everything would silence everything")
    section.close()
    return made

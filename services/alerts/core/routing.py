"""The way of an alert through the tree of routes, and what each of them says to do. Pure: the same for a test as live."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.alerts.core.rules import Route, Routes, Step, hold

_FILLED = re.compile(r"\{([a-z_]+)\}")


class Way(NamedTuple):
    """One route that is taken, and the nodes that led to it."""

    route: Route
    path: tuple[str, ...]


def ways(root: Route, labels: Mapping[str, str]) -> list[Way]:
    """The routes that an alert with *labels* takes: in each node the first child that matches, and those after it where it
    says `continue`; the node itself where no child matches (Alertmanager)."""
    return _below(root, labels, ())


def _below(node: Route, labels: Mapping[str, str], path: tuple[str, ...]) -> list[Way]:
    path = (*path, node.name)
    found: list[Way] = []
    for child in node.routes:
        if hold(child.match, labels):
            found += _below(child, labels, path)
            if not child.goes_on:
                break
    return found or [Way(node, path)]


def chain(routes: Routes, route: Route) -> tuple[Step, ...]:
    """The escalation of *route*."""
    return routes.chains.get(route.escalation, ())


def route_of(routes: Routes, name: str) -> Route:
    """The node of that name; the root where the file names it no more."""
    return next((one for one in routes.root.walk() if one.name == name), routes.root)


def filled(receivers: Iterable[str], figures: Mapping[str, str]) -> tuple[str, ...]:
    """*receivers* with `{role}` and the like put in; one whose figure is not known is left out, and no one stands twice.

    A figure of several with commas between is several receivers, a `person:NAME` among them a person whatever else they are.
    """
    said: dict[str, None] = {}
    for one in receivers:
        names = _FILLED.findall(one)
        if all(figures.get(name) for name in names):
            kind, colon, whole = _FILLED.sub(lambda match: figures[match[1]], one).partition(":")
            for named in whole.split(","):
                said[named if named.startswith("person:") else f"{kind}{colon}{named}"] = None
    return tuple(said)


def group_of(route: Route, subject: str, labels: Mapping[str, str]) -> str:
    """What goes in one message: of one route, with equal labels."""
    values = (subject if name == "subject" else labels.get(name, "") for name in route.group_by)
    return "/".join((route.name, *values))

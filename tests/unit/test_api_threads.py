"""No route hops to a thread and back for each request: what a route depends on is a coroutine, or is given once."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

import services.alerts.main
import services.exposure.main
import services.rating.main


def routes(router: Any) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif (inner := getattr(route, "original_router", None)) is not None:
            yield from routes(inner)


def called(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from called(inner)


@pytest.mark.parametrize(
    "app", [services.rating.main.documented(), services.exposure.main.documented(), services.alerts.main.documented()]
)
def test_what_a_route_depends_on_is_a_coroutine(app: FastAPI) -> None:
    found = list(routes(app))
    assert len(found) > 20
    hops = {
        f"{route.path}: {call.__qualname__}"
        for route in found
        for call in called(route.dependant)
        if not any(
            inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in (call, type(call).__call__)
        )
    }
    assert hops == set()

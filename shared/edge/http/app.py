"""The application every service starts from. A route that names no scope does not get past here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from shared.core import limits
from shared.edge import metrics
from shared.edge.http import auth, frame, health, pages, problem, refusing, roles
from shared.edge.http.auth import Verifier
from shared.edge.release import software_version

PROBLEM_PAGES = f"{problem.DOCS}{{name}}"
HEALTH = {"/healthz", "/readyz", "/metrics"}
OPEN = frozenset({*HEALTH, "/openapi.json", "/docs", "/docs/start.js", PROBLEM_PAGES, pages.ASSETS, *pages.EVENTS})
"""The only paths that answer without a token: health, metrics and documentation."""


REFUSALS: dict[int | str, dict[str, Any]] = {
    problem.KINDS[name].status: {"description": problem.KINDS[name].title, "content": problem.CONTENT}
    for name in ("unauthenticated", "forbidden", "malformed", "unavailable")
}
"""What any guarded route may answer besides."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build(
    *,
    title: str,
    routers: Sequence[APIRouter],
    verifier: Verifier,
    checks: Mapping[str, health.Check] | None = None,
    lifespan: Lifespan | None = None,
    description: str = "",
    unlimited: frozenset[str] = frozenset(),
) -> FastAPI:
    """Return the application of one service.

    *unlimited* are the paths that tell of no customer, so that row rights do not count there.
    *checks* is what /readyz tries; it is read at each request, so the lifespan may fill it. Raises AssertionError
    if a route of *routers* needs no scope, or one that roles.yaml does not know, or asks for no row rights.
    """
    app = FastAPI(
        title=title,
        description=description,
        version=software_version(),
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False},
    )
    app.state.verifier = verifier
    app.state.checks = checks if checks is not None else {}
    metrics.BUILD.info({"version": software_version()})
    refusing.install(app)
    for router in routers:
        # the limit stands here, not on the application: there it would lie outside the frame, which makes 413 a problem
        app.include_router(router, responses=REFUSALS, max_body_size=limits.BATCH_BYTES)
    app.include_router(health.router)
    pages.install(app)
    assert_guarded(app)
    assert_limited(app, unlimited)
    _declare_problem(app)
    app.add_middleware(frame.Frame)
    return app


def assert_guarded(app: FastAPI) -> None:
    """Assert that every route but those of OPEN needs a scope that exists. Deny is the default."""
    for route in iter_route_contexts(app.routes):
        path = route.path_format or route.path or ""
        if path in OPEN or path.removesuffix("/{path}") in OPEN:
            continue
        assert isinstance(route.original_route, APIRoute), f"{path} is no API route, so nothing guards it"
        needed = set(_scopes(route.dependant))
        assert needed, f"{path} names no scope; add Security(principal, scopes=[…])"
        assert needed <= roles.scopes().keys(), f"{path} names a scope that roles.yaml does not know: {needed}"


def assert_limited(app: FastAPI, unlimited: frozenset[str]) -> None:
    """Assert that every guarded route looks at the rows that its caller may see, but for those of *unlimited*."""
    seen = set()
    for route in iter_route_contexts(app.routes):
        path = route.path_format or route.path or ""
        if path in unlimited:
            seen.add(path)
        elif isinstance(route.original_route, APIRoute) and set(_scopes(route.dependant)):
            assert auth.rows in set(_calls(route.dependant)), f"{path} asks for no row rights; depend on auth.rows"
    assert seen == unlimited, f"there is no path {sorted(unlimited - seen)}"


def _calls(dependant: Dependant) -> Iterator[Any]:
    """Everything that the route depends on, however far down."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def _scopes(dependant: Dependant) -> Iterator[str]:
    """The scopes that the guard itself asks for, wherever it stands among the dependencies."""
    for inner in dependant.dependencies:
        if inner.call is auth.principal:
            yield from inner.own_oauth_scopes or ()
        yield from _scopes(inner)


def _declare_problem(app: FastAPI) -> None:
    """Put the schema of problems into the document, and an answer `default` to every operation."""
    plain = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = plain()
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            schema = problem.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas["Problem"] = schema
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]

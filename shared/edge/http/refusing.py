"""Which problem each exception becomes. Nothing leaves a service as plain text or as a stack trace."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.core import errors
from shared.edge.http import problem
from shared.edge.http.wording import of_parameter
from shared.edge.waiting import PASSING

log = structlog.get_logger(__name__)


def install(app: FastAPI) -> None:
    """Answer every exception of *app* with a problem."""
    app.add_exception_handler(errors.GradelineError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    for kind in PASSING:
        if issubclass(kind, Exception):
            app.add_exception_handler(kind, _away)
    app.add_exception_handler(Exception, _bug)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.GradelineError)
    if not isinstance(error, errors.Rejected | errors.Undecodable):
        log.error("request failed", kind=type(error).__name__, reason=error.message)
    return problem.from_error(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # a parameter that two dependencies share is read, and found wrong, by each
    found = {(one["pointer"], one["rule"]): one for one in map(_field, error.errors())}
    return problem.respond(request.scope, "malformed", found=list(found.values()))


def _field(one: dict[str, Any]) -> dict[str, Any]:
    place, *path = [str(step) for step in one["loc"]]
    if not path or one["type"] == "json_invalid":
        return of_parameter("", place, one["type"], one.get("ctx", {}))
    name = "/".join(path)
    pointer = {"query": f"?{name}", "path": f"{{{name}}}", "header": f"{name}:"}.get(place, f"/{name}")
    return of_parameter(pointer, name, one["type"], one.get("ctx", {}))


async def _plain(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    name = problem.BY_STATUS.get(error.status_code, "internal" if error.status_code >= 500 else "rejected")
    detail = error.detail if name in {"too-large", "unsupported-media-type"} else ""
    return problem.respond(request.scope, name, detail, headers=dict(error.headers or {}))


async def _away(request: Request, error: Exception) -> Response:
    log.error("database away", kind=type(error).__name__)
    return problem.respond(request.scope, "unavailable", headers={"Retry-After": "1"})


async def _bug(request: Request, error: Exception) -> Response:
    # the server error middleware raises it again after this answer, so the frame logs it with its trace
    return problem.respond(request.scope, "internal")

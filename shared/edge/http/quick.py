"""A route for the busiest addresses: guarded as every other, without the general machinery that fills parameters."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import SecurityScopes

from shared.edge.http import auth

Fill = Callable[[Request, auth.Principal], Coroutine[Any, Any, Any]]


class QuickRoute(APIRoute):
    """Calls an endpoint that returns a Response. It may ask for the request, for who asks, for whose rows they see, for
    what is made of the request alone, and for a JSON body; a route that asks for more does not start.

    Measured: filling the parameters of a credit check through the dependency machinery costs as much as judging it.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler: guard, then parameters, then endpoint."""
        guards = [inner for inner in self.dependant.dependencies if inner.call is auth.principal]
        (guard,) = guards  # exactly one, or the route does not start
        needed = SecurityScopes(list(guard.own_oauth_scopes or ()))
        fills = [(str(inner.name), _fill(inner)) for inner in self.dependant.dependencies]
        if self.dependant.request_param_name is not None:
            fills.append((self.dependant.request_param_name, _request))
        if self.body_field is not None:
            (asked,) = self.dependant.body_params
            fills.append((asked.name, self._body))
        if _read_of(self.dependant):
            raise AssertionError(f"{self.path} takes more than the request and a body")
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            who = await auth.principal(request, needed, await auth.CREDENTIALS(request))
            answer: Response = await endpoint(**{name: await fill(request, who) for name, fill in fills})
            return answer

        return handle

    async def _body(self, request: Request, _: auth.Principal) -> Any:
        """The body as its model. Raises RequestValidationError."""
        sent: Any = await request.body()
        if not sent:
            raise RequestValidationError([{"type": "missing", "loc": ("body",)}])
        if _is_json(request.headers.get("content-type", "")):
            try:
                sent = json.loads(sent)
            except ValueError as error:
                raise RequestValidationError([{"type": "json_invalid", "loc": ("body",)}]) from error
        assert self.body_field is not None
        body, errors = self.body_field.validate(sent, {}, loc=("body",))
        if errors:
            raise RequestValidationError(errors)
        return body


def _fill(inner: Dependant) -> Fill:
    """How a dependency is filled in."""
    if inner.call is auth.principal:
        return _who
    if inner.call is auth.rows:
        return _rows
    call, name = inner.call, inner.request_param_name
    if call is None or name is None or inner.name is None or inner.dependencies or inner.body_params or _read_of(inner):
        raise AssertionError(f"{inner.name} is made of more than the request")

    async def made(request: Request, _: auth.Principal) -> Any:
        return await call(**{name: request})

    return made


def _read_of(inner: Dependant) -> list[Any]:
    """What it reads of the request by itself, but for a body."""
    return [*inner.path_params, *inner.query_params, *inner.header_params, *inner.cookie_params]


def _is_json(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    return kind.startswith("application/") and (kind == "application/json" or kind.endswith("+json"))


async def _who(_: Request, who: auth.Principal) -> auth.Principal:
    return who


async def _rows(_: Request, who: auth.Principal) -> Any:
    return who.rows


async def _request(request: Request, _: auth.Principal) -> Request:
    return request

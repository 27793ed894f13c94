"""The HTTP API of a service: what one has of its own is said here, the rest is the same for all."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from fastapi import APIRouter, FastAPI

from shared.edge.http import attached, health
from shared.edge.http.app import Lifespan, build
from shared.edge.http.auth import Verifier
from shared.edge.http.keys import FetchedKeys
from shared.edge.settings import Settings


class Reads(Protocol):
    """What computes reads apart, for as long as the API serves."""

    async def ready(self) -> str:
        """A check of /readyz."""

    async def __aenter__(self) -> Self:
        """Begin."""

    async def __aexit__(self, *_: object) -> None:
        """End."""


@dataclass(frozen=True)
class Api:
    """Its database schema, what it is about, its routes with the busiest first, and the paths that tell of no customer."""

    schema: str
    about: str
    routers: Sequence[APIRouter]
    unlimited: frozenset[str] = frozenset()

    def over(
        self, settings: Settings, *, verifier: Verifier, ports: attached.Ports, reads: Reads | None = None
    ) -> FastAPI:
        """Return the API over *ports*; it opens and closes the database, and *reads*, with the process."""
        checks: dict[str, health.Check] = {} if reads is None else {"reads": reads.ready}

        @contextlib.asynccontextmanager
        async def running(_: FastAPI) -> AsyncIterator[None]:
            async with (
                reads or contextlib.nullcontext(),
                attached.attached(settings, ports, checks, schema=self.schema),
            ):
                yield

        app = self._shaped(verifier, checks, running)
        app.state.ports = ports
        return app

    def documented(self) -> FastAPI:
        """Return the API wired to nothing, for its OpenAPI document."""
        return self._shaped(Verifier(keys=FetchedKeys(""), issuer="", audience=""), {}, None)

    def _shaped(self, verifier: Verifier, checks: dict[str, health.Check], lifespan: Lifespan | None) -> FastAPI:
        return build(
            title=f"Gradeline {self.schema}",
            description=self.about,
            routers=self.routers,
            verifier=verifier,
            checks=checks,
            lifespan=lifespan,
            unlimited=self.unlimited,
        )

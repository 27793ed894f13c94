"""Whether the process lives, whether it can serve, and its figures: without a token, naming no customer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from alembic.config import Config
from alembic.script import ScriptDirectory
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

CHECK_SECONDS = 2.0

Check = Callable[[], Awaitable[str]]
"""Returns what it found, in a few words; raises when the service cannot serve."""

log = structlog.get_logger(__name__)
router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "alive"


class Ready(BaseModel):
    """What was checked just now."""

    ready: bool
    checks: dict[str, str] = Field(description="what was checked, and what was found")


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Alive:
    """Answer from the event loop, touching nothing else."""
    return Alive()


@router.get("/readyz", summary="Can it serve?", responses={503: {"model": Ready}})
async def readyz(request: Request, response: Response) -> Ready:
    """Try every part this service needs, now, each for at most two seconds."""
    checks: Mapping[str, Check] = request.app.state.checks
    found = dict(zip(checks, await asyncio.gather(*(_try(check) for check in checks.values())), strict=True))
    ready = all(fine for fine, _ in found.values())
    if not ready:
        response.status_code = 503
        response.headers["Retry-After"] = "2"
    return Ready(ready=ready, checks={name: words for name, (_, words) in found.items()})


async def _try(check: Check) -> tuple[bool, str]:
    try:
        return True, await asyncio.wait_for(check(), CHECK_SECONDS)
    except Exception as error:  # a check may fail in any way; the answer is the same, and it is in the log
        log.warning("not ready", kind=type(error).__name__, reason=str(error))
        return False, f"failed: {type(error).__name__}"


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics() -> Response:
    """Return every metric of `shared.edge.metrics`."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def schema_at_head(pool: object, expected: str) -> str:
    """Check that the database answers and that its schema is at revision *expected*. Raises RuntimeError otherwise."""
    found = await pool.fetchval("select version_num from alembic_version")  # type: ignore[attr-defined]
    if found != expected:
        raise RuntimeError(
            f"the schema is at revision {found}, this software needs {expected}: run `gradeline db upgrade`"
        )
    return f"revision {found}"


def newest_revision(service: str) -> str:
    """Return the revision that this software's migrations of *service* end with."""
    config = Config()
    config.set_main_option("script_location", f"services.{service}.adapters:migrations")
    config.set_main_option("path_separator", "os")
    return str(ScriptDirectory.from_config(config).get_current_head())

"""Wires the exposure service: the one place where its parts meet."""

from __future__ import annotations

from fastapi import FastAPI

from services.exposure.adapters import wiring
from services.exposure.adapters.bounds import SCHEMA
from services.exposure.adapters.lists import Lists
from services.exposure.adapters.portfolio import Totals
from services.exposure.adapters.viewing import Viewer
from services.exposure.api import approvals, exposures, granting, groups, migrations, portfolio
from services.exposure.handlers.ports import Ports
from shared.edge.http import attached, staff_routes, trust
from shared.edge.http.api import Api
from shared.edge.http.auth import Verifier
from shared.edge.settings import Settings

ROUTERS = (
    exposures.checks,
    exposures.router,
    approvals.router,
    groups.router,
    portfolio.router,
    migrations.router,
    granting.router,
)
"""The busiest first: routes are tried in this order."""
UNLIMITED = staff_routes.PATHS | {"/v1/credit-policies"}
"""They tell of no customer."""
ABOUT = "Limits, exposure, credit checks with reservations, and held orders of every customer; groups of them."
API = Api(SCHEMA, ABOUT, ROUTERS, UNLIMITED)


def run(settings: Settings) -> None:
    """Serve the exposure API until SIGTERM. Raises Misconfigured before anything listens."""
    attached.begin(settings, schema=SCHEMA)
    app = application(settings, verifier=trust.verifier(settings), ports=wired(settings))
    attached.serve(app, settings, schema=SCHEMA)


def wired(settings: Settings) -> Ports:
    """Return the real parts. Raises Misconfigured for a rule that cannot be used."""
    brain = wiring.brain(settings.currency)
    return Ports(
        command=wiring.deciding(settings),
        view=Viewer(brain, settings.partitions),
        lists=Lists(),
        totals=Totals(brain),
        policies=brain.rulebook.granting,
    )


def application(settings: Settings, *, verifier: Verifier, ports: Ports) -> FastAPI:
    """Return the exposure API over *ports*; it opens and closes the database with the process."""
    return API.over(settings, verifier=verifier, ports=ports)


def documented() -> FastAPI:
    """Return the API wired to nothing, for its OpenAPI document."""
    return API.documented()

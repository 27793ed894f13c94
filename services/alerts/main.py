"""Wires the alerts service: the one place where its parts meet."""

from __future__ import annotations

from fastapi import FastAPI

from services.alerts.adapters import delivery_wiring, silencing, wiring
from services.alerts.adapters.bounds import SCHEMA
from services.alerts.adapters.deciding import Deciding
from services.alerts.adapters.delivery_log import DeliveryLog
from services.alerts.adapters.endpoints import Named
from services.alerts.adapters.following import Following
from services.alerts.adapters.knowing import Knowing
from services.alerts.adapters.lists import Lists
from services.alerts.adapters.subscriptions import Subscriptions
from services.alerts.adapters.worklists import Worklists
from services.alerts.api import (
    alerts,
    deliveries,
    notices,
    reports,
    silences,
    staff,
    stream,
    subscriptions,
    worklists,
)
from services.alerts.handlers.delivery_ports import DeliveryPorts
from services.alerts.handlers.ports import Ports
from shared.edge.http import attached, trust
from shared.edge.http.api import Api
from shared.edge.http.auth import Verifier
from shared.edge.settings import Settings

ROUTERS = (
    alerts.router,
    stream.router,
    deliveries.router,
    subscriptions.router,
    silences.router,
    notices.router,
    reports.router,
    worklists.router,
    staff.router,
)
"""The busiest first: routes are tried in this order."""
UNLIMITED = staff.PATHS
"""They tell of no customer."""
ABOUT = "Alerts to staff: what stands, who deals with it, what happened to it and why, and the way that an alert takes."
API = Api(SCHEMA, ABOUT, ROUTERS, UNLIMITED)


def run(settings: Settings) -> None:
    """Serve the alerts API until SIGTERM. Raises Misconfigured before anything listens."""
    attached.begin(settings, schema=SCHEMA)
    app = application(settings, verifier=trust.verifier(settings), ports=wired(settings))
    attached.serve(app, settings, schema=SCHEMA)


def wired(settings: Settings) -> Ports:
    """Return the real parts. Raises Misconfigured for a rule that cannot be used."""
    brain = wiring.brain(settings)
    return Ports(
        command=Deciding(brain, wiring.commands(settings, brain)),
        lists=Lists(),
        knowing=Knowing(settings.zone),
        silences=silencing,
        worklists=Worklists(wiring.publisher(settings, brain)),
        delivery=_delivery(settings),
        rules=brain.rules,
        hours=brain.hours,
    )


def _delivery(settings: Settings) -> DeliveryPorts:
    kept = delivery_wiring.known(settings)
    return DeliveryPorts(
        log=DeliveryLog(),
        endpoints=Named(kept),
        subscriptions=Subscriptions(kept),
        following=Following(),
        check_url=delivery_wiring.checked(settings),
    )


def application(settings: Settings, *, verifier: Verifier, ports: Ports) -> FastAPI:
    """Return the alerts API over *ports*; it opens and closes the database with the process."""
    app = API.over(settings, verifier=verifier, ports=ports)
    app.state.endless = (ports.delivery.following.end,)
    return app


def documented() -> FastAPI:
    """Return the API wired to nothing, for its OpenAPI document."""
    return API.documented()

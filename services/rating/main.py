"""Wires the rating service: the one place where its parts meet."""

from __future__ import annotations

from fastapi import FastAPI

from services.rating.adapters import catalogue
from services.rating.adapters.deciding import Deciding
from services.rating.adapters.keeping import Keeper
from services.rating.adapters.lists import Lists
from services.rating.adapters.log import Log, unsealing
from services.rating.adapters.policy_deciding import PolicyDeciding
from services.rating.adapters.projecting import CustomerProjector
from services.rating.adapters.viewers import Viewers
from services.rating.api import approvals, aside, comparing, customers, events, library, overview, policies
from services.rating.core.brain import RatingBrain
from services.rating.handlers.ports import Ports
from services.rating.handlers.posting import Posting
from services.rating.settings import SCHEMA
from shared.core.customer.state import Setting
from shared.core.policy.rulebook import Rulebook
from shared.edge.http import attached, staff_routes, trust
from shared.edge.http.api import Api
from shared.edge.http.auth import Verifier
from shared.edge.settings import Settings
from shared.edge.store import secret
from shared.edge.store.keys import SubjectKeys
from shared.edge.workdays import china
from shared.edge.worker.settings import WorkerSettings

ROUTERS = (
    events.posts, customers.router, events.router, overview.router, policies.router, comparing.router, approvals.router,
    library.router, aside.router,
)  # fmt: skip
"""The busiest first: routes are tried in this order."""
UNLIMITED = frozenset(
    {"/v1/events", "/v1/policies", "/v1/policies/{policy_id}", "/v1/policies/{policy_id}/diff"}
    | staff_routes.PATHS
    | {"/v1/measures", "/v1/policies/{policy_id}/activations"}
)
"""They tell of no customer."""
ABOUT = (
    "Facts in; every customer's grade, measures, warnings and ledger out, as of any date and as known at any instant."
)
API = Api(SCHEMA, ABOUT, ROUTERS, UNLIMITED)


def run(settings: Settings) -> None:
    """Serve the rating API until SIGTERM. Raises Misconfigured before anything listens."""
    attached.begin(settings, schema=SCHEMA)
    reads = Viewers(settings)
    app = application(settings, verifier=trust.verifier(settings), ports=wired(settings, reads), reads=reads)
    attached.serve(app, settings, schema=SCHEMA)


def wired(settings: Settings, reads: Viewers) -> Ports:
    """Return the real parts, with *reads* for what is computed apart. Raises Misconfigured for a secret or a policy."""
    rules = catalogue.in_use(settings.policies)
    keys = secret.read(secrets_folder=settings.secrets, data=settings.data, embedded=settings.embedded)
    return Ports(
        view=reads,
        keep=Keeper(partitions=settings.partitions, sealer=lambda pool: SubjectKeys(pool, keys.wrapping)),
        log=Log(unsealing(keys.wrapping)),
        lists=Lists(),
        decide=deciding(settings, rules, keys.wrapping),
        decide_policy=deciding_policy(settings, rules),
        policies=catalogue.summaries(rules),
        attempt=reads.trial,
        compare=reads.compare,
        rules=rules,
        partitions=settings.partitions,
    )


def deciding(settings: Settings, rules: Rulebook, wrapping: bytes) -> Deciding:
    """Return what decides commands of people, as the worker would. Raises Misconfigured."""
    return Deciding(
        brain=RatingBrain(rules, Setting(calendar=china(), currency=settings.currency), catalogue.chains()),
        projector=CustomerProjector(),
        settings=WorkerSettings(instance=settings.instance, partitions=settings.partitions, zone=settings.zone),
        chains=catalogue.chains(),
        keys=lambda pool: SubjectKeys(pool, wrapping),
    )


def deciding_policy(settings: Settings, rules: Rulebook) -> PolicyDeciding:
    """Return what decides commands about *rules*. Raises Misconfigured."""
    told = WorkerSettings(instance=settings.instance, partitions=settings.partitions, zone=settings.zone)
    return PolicyDeciding(rules, told, catalogue.chains(), china().rests)


def application(settings: Settings, *, verifier: Verifier, ports: Ports, reads: Viewers | None = None) -> FastAPI:
    """Return the rating API over *ports*; it opens and closes the database, and *reads*, with the process."""
    app = API.over(settings, verifier=verifier, ports=ports, reads=reads)
    app.state.posting = Posting(ports)
    return app


def documented() -> FastAPI:
    """Return the API wired to nothing, for its OpenAPI document."""
    return API.documented()

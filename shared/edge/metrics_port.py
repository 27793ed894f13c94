"""The metrics of a process that serves no API: worker and relay show them on a port of their own, as the API does."""

from __future__ import annotations

import structlog
from prometheus_client import start_http_server

from shared.core.errors import Misconfigured
from shared.edge import metrics
from shared.edge.release import software_version
from shared.edge.settings import Settings

log = structlog.get_logger(__name__)


def serve(settings: Settings) -> int:
    """Serve `/metrics` at GRADELINE_HOST until the process ends, on a thread; returns the port. Without a token, as
    on the API: no figure names a customer. Raises Misconfigured where the port is taken."""
    metrics.BUILD.info({"version": software_version()})
    try:
        server, _ = start_http_server(settings.metrics_port, addr=settings.host)
    except OSError as error:
        raise Misconfigured(
            f"GRADELINE_METRICS_PORT: {settings.host}:{settings.metrics_port} cannot be listened on "
            f"({error.strerror or error}); say another port, or 0 for a free one"
        ) from error
    log.info("metrics are served", host=settings.host, port=server.server_port)
    return server.server_port

"""Logs: one JSON object a line on standard output, with the request's id and no personal data."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

PERSONAL = frozenset(
    {"name", "id_no", "contacts", "controller", "legal_representative", "comment", "signed_by", "email", "phone"}
)
SECRET = frozenset({"authorization", "token", "password", "dsn", "postgres", "body", "data", "raw", "value"})
WITHHELD = "[withheld]"


def configure(*, level: str = "info", service: str = "") -> None:
    """Send our own log lines and those of libraries to standard output as JSON, from *level* up."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        withhold,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("kafka", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if service:
        structlog.contextvars.bind_contextvars(service=service)


def withhold(_: Any, __: str, event: EventDict) -> EventDict:
    """Hide every value whose key names a person or a secret: a log line says which request, never who."""
    for key in event.keys() & (PERSONAL | SECRET):
        event[key] = WITHHELD
    return event

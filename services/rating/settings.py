"""The rating service's own settings: everything is in `shared.edge.settings`; here are its schema and its names."""

from __future__ import annotations

from shared.edge.settings import Settings

SCHEMA = "rating"


def source(settings: Settings) -> str:
    """The CloudEvents `source` of this service's decisions."""
    return f"/gradeline/{settings.instance}/rating"

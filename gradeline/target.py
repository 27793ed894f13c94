"""Where something is posted, and with which token: what was said on the command line, else the running instance's."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from gradeline.instance import running
from shared.core.errors import Misconfigured
from shared.edge.http import tokens

TOKEN_VARIABLE = "GRADELINE_TOKEN"  # noqa: S105 - the name of a variable
LIFETIME = timedelta(hours=24)


class Target(NamedTuple):
    """An API and the token for it."""

    url: str
    token: str | None


def target(
    *,
    url: str | None,
    token: str | None,
    data: Path,
    subject: str,
    role: str = "integrator",
    service: Literal["rating", "exposure", "alerts"] = "rating",
) -> Target:
    """Find the API: *url*, else the one that `DIR/instance.json` names. Find the token: *token*, else GRADELINE_TOKEN,
    else one signed as *subject* in *role* with the key of the instance in *data*.

    Raises Misconfigured when nothing says where to post.
    """
    return Target(
        url or _running(data, service), token or os.environ.get(TOKEN_VARIABLE) or _own_token(data, subject, role)
    )


def _running(data: Path, service: str) -> str:
    instance = running(data)
    if instance is None:
        raise Misconfigured(f"no instance runs from {data}; start one with `gradeline up --data {data}` or give --url")
    return {"exposure": instance.exposure, "alerts": instance.alerts}.get(service, instance.rating)


def _own_token(data: Path, subject: str, role: str) -> str | None:
    if not tokens.private_path(data).exists():
        return None
    return tokens.issue(data=data, role=role, subject=subject, ttl=LIFETIME)

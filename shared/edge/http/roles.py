"""Roles and the scopes they carry, read from `shared/edge/roles.yaml`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from shared.core.errors import Misconfigured


@cache
def scopes() -> dict[str, str]:
    """Every scope with the sentence that says what it allows."""
    return dict(_document()["scopes"])


@cache
def roles() -> dict[str, frozenset[str]]:
    """Every role with the scopes it carries. Raises Misconfigured if a role names a scope that does not exist."""
    found = {name: frozenset(held) for name, held in _document()["roles"].items()}
    for name, held in found.items():
        if unknown := sorted(held - scopes().keys()):
            raise Misconfigured(f"roles.yaml: role {name} carries the unknown scope {unknown[0]}")
    return found


@cache
def granting() -> tuple[str, ...]:
    """The roles of persons that may grant what others asked for."""
    return tuple(name for name, held in roles().items() if "approvals:decide" in held and "approvals:relay" not in held)


def _document() -> dict[str, Any]:
    # BaseLoader: every scalar is text, nothing turns into a boolean or a date
    loaded: dict[str, Any] = yaml.load(files("shared.edge").joinpath("roles.yaml").read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - BaseLoader builds text only
    return loaded

"""`gradeline token`: an access token of the embedded instance."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

_TTL = re.compile(r"(\d{1,5})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command()(token)


def token(
    *,
    role: Annotated[str, typer.Option(help="sales, risk_analyst, risk_manager, finance, auditor, integrator …")],
    data: Annotated[Path, typer.Option(envvar="GRADELINE_DATA", help="Folder of the embedded instance.")] = Path(
        ".gradeline"
    ),
    ttl: Annotated[str, typer.Option(help="How long it is valid: 30m, 12h, 7d; at most 31d.")] = "12h",
    subject: Annotated[str | None, typer.Option(help="Whom it names; else the role itself.")] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Bind it to events of this source (a prefix); may be repeated.")
    ] = None,
    company: Annotated[
        list[str] | None, typer.Option(help="Show customers of this company of ours only; may be repeated.")
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option(help="Show customers of this region only; may be repeated.")
    ] = None,
    manager: Annotated[
        list[str] | None, typer.Option(help="Show customers of this manager (code) only; may be repeated.")
    ] = None,
) -> None:
    """Print a bearer token for ROLE, signed with the key of the embedded instance (made on first use).

    Exit status: 0, or 2 when the role or the lifetime is wrong.
    """
    from shared.edge.http import tokens

    limits = {"companies": company or [], "regions": region or [], "managers": manager or []}
    made = tokens.issue(data=data, role=role, subject=subject or role, ttl=lifetime(ttl), sources=source, limits=limits)
    typer.echo(made)


def lifetime(text: str) -> timedelta:
    """Return the duration that `90s`, `30m`, `12h` or `7d` stands for. Raises Misconfigured."""
    from shared.core.errors import Misconfigured

    found = _TTL.fullmatch(text)
    if not found:
        raise Misconfigured(f"--ttl: {text!r} is not a duration; write for example 12h")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})

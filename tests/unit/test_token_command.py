"""`gradeline token` prints a token that the instance's own API accepts, and one sentence where it cannot."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gradeline.commands import token
from shared.core.errors import Misconfigured
from shared.edge import clock
from shared.edge.http import roles, tokens
from shared.edge.http.auth import Principal, Verifier
from shared.edge.http.keys import FixedKeys
from shared.edge.rights import Rows


def command() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    token.register(app)
    return app


async def read(text: str, data: Path) -> Principal:
    keys = FixedKeys(tokens.public_path(data))
    return await Verifier(keys=keys, issuer=tokens.ISSUER, audience=tokens.AUDIENCE).verify(text)


async def test_it_prints_one_token_and_nothing_else(tmp_path: Path) -> None:
    arguments = ["token", "--role", "risk_analyst", "--data", str(tmp_path), "--ttl", "30m", "--subject", "wang"]
    done = CliRunner().invoke(command(), arguments)
    assert done.exit_code == 0, done.output
    (line,) = done.stdout.splitlines()
    who = await read(line, tmp_path)
    assert (who.subject, who.scopes) == ("wang", roles.roles()["risk_analyst"])
    assert abs(who.expires - clock.now().timestamp() - 1800) < 600


async def test_a_token_can_be_bound_to_sources(tmp_path: Path) -> None:
    arguments = ["token", "--role", "integrator", "--data", str(tmp_path), "--source", "/erp/1", "--source", "/erp/2"]
    who = await read(CliRunner().invoke(command(), arguments).stdout.strip(), tmp_path)
    assert who.sources == ("/erp/1", "/erp/2")


async def test_a_token_can_be_limited_to_rows(tmp_path: Path) -> None:
    arguments = [
        "token",
        "--role",
        "sales",
        "--data",
        str(tmp_path),
        "--region",
        "east",
        "--region",
        "west",
        "--manager",
        "S-1",
    ]
    who = await read(CliRunner().invoke(command(), arguments).stdout.strip(), tmp_path)
    assert who.rows == Rows(regions=("east", "west"), managers=("S-1",))
    assert not who.rows.all
    everybody = CliRunner().invoke(command(), ["token", "--role", "sales", "--data", str(tmp_path)]).stdout.strip()
    assert (await read(everybody, tmp_path)).rows.all
    assert (await read(everybody, tmp_path)).person == "sales"


@pytest.mark.parametrize(
    "wrong", [["--role", "emperor"], ["--role", "auditor", "--ttl", "soon"], ["--role", "auditor", "--ttl", "99d"]]
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, wrong: list[str]) -> None:
    done = CliRunner().invoke(command(), ["token", "--data", str(tmp_path), *wrong])
    assert isinstance(done.exception, Misconfigured)
    assert done.exception.message.startswith("--")


@pytest.mark.parametrize(
    ("text", "means"), [("90s", timedelta(seconds=90)), ("12h", timedelta(hours=12)), ("7d", timedelta(days=7))]
)
def test_durations_are_read(text: str, means: timedelta) -> None:
    assert token.lifetime(text) == means

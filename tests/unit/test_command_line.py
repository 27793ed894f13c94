"""What the command line says of itself."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from typer.testing import CliRunner

from gradeline.commands.up import USUAL, announcement
from gradeline.instance import Instance
from gradeline.main import app


def test_the_version_is_printed_and_needs_no_command() -> None:
    done = CliRunner().invoke(app, ["--version"])

    assert (done.exit_code, done.stdout) == (0, f"gradeline {version('gradeline')}\n")


def test_the_token_command_that_is_shown_is_that_of_the_folder(tmp_path: Path) -> None:
    def shown(data: Path) -> str:
        instance = Instance(data=data.resolve(), rating="http://127.0.0.1:1", kafka="127.0.0.1:2", postgres="")
        (line,) = [line for line in announcement(instance, "broker") if "gradeline token" in line]
        return line

    assert "--data" not in shown(USUAL)
    assert f"gradeline token --role ROLE --data '{tmp_path}/a b'" in shown(tmp_path / "a b")

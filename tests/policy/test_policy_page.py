"""What docs/policies.md shows works as printed: its commands are run, its YAML stands in a template that is tested."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gradeline.main import build
from gradeline.shapes import SHAPES

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text("utf-8")
FENCE = re.compile(r"^```(?P<kind>\w+)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FENCES = [(match["kind"], match["name"], match["text"]) for match in FENCE.finditer(PAGE)]
DRAWN = re.compile(r"[\u2500-\u257f]")


def plainly(text: str) -> list[list[str]]:
    """The words of each line, without the lines that tables are drawn with."""
    text = re.sub(r"sha256 [0-9a-f]{12}", "sha256 SHA256", DRAWN.sub(" ", text))
    return [words for line in text.splitlines() if (words := line.split())]


def test_the_page_has_examples_of_each_kind() -> None:
    assert {kind for kind, _, _ in FENCES} == {"console", "csv", "json", "yaml"}
    assert len(FENCES) > 10


def test_the_commands_print_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    ran = 0
    for kind, name, text in FENCES:
        if kind in ("json", "csv"):
            Path(name).write_text(text, "utf-8")
        if kind == "yaml" and name:
            with (tmp_path / "rules" / name).open("a", encoding="utf-8") as file:
                file.write(text)
        for step in text.split("$ ")[1:] if kind == "console" else ():
            command, _, printed = step.partition("\n")
            result = CliRunner().invoke(build(), shlex.split(command)[1:])
            assert plainly(result.stdout) == plainly(printed), command
            ran += 1
    assert ran >= 3


@pytest.mark.parametrize("text", [text for kind, name, text in FENCES if kind == "yaml" and not name])
def test_the_yaml_of_the_page_stands_in_a_template(text: str) -> None:
    assert any(text in (folder / "1.yaml").read_text("utf-8") for folder in SHAPES.values())


def test_every_shape_and_every_key_of_a_version_is_on_the_page() -> None:
    for shape in SHAPES:
        assert f"| {shape.upper()} |" in PAGE
    keys = {
        match
        for folder in SHAPES.values()
        for match in re.findall(r"^(\w+):", (folder / "1.yaml").read_text("utf-8"), re.MULTILINE)
    }
    assert [key for key in sorted(keys) if f"`{key}" not in PAGE] == []

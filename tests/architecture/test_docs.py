"""What the documents say is there: commands and their options, make targets, links, paths, settings, decisions."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from shared.edge.settings import Settings
from shared.edge.worker.settings import WorkerSettings
from tests.architecture import documents, settings_page
from tests.architecture.tree import PRODUCT, ROOT, File, files, python
from tests.bench import readme

GUARDS = (documents.wrong_commands, documents.broken_links, documents.missing_paths)
DECISIONS = ROOT / "docs" / "decisions"
VARIABLE = re.compile(r"GRADELINE_[A-Z][A-Z_]*[A-Z]")
SPOKEN = re.compile(r"`(gradeline [^`]+)`")


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_what_the_documents_name_is_there(guard: Callable[[File], Iterator[str]]) -> None:
    assert [found for file in documents.documents() for found in guard(file)] == []


def test_the_documents_were_looked_at() -> None:
    paths = {file.path for file in documents.documents()}
    assert {"docs/inside.md", "docs/import.md", "docs/glossary.md", "docs/settings.md", "CHANGELOG.md"} <= paths
    seen = [text for file in documents.documents() for _, text in documents.code(file) if "gradeline " in text]
    assert len(seen) > 10


def test_messages_name_only_commands_that_exist() -> None:
    wrong = {
        f"{file.path}: {found}"
        for file in python(*PRODUCT)
        for node in file.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for spoken in SPOKEN.findall(node.value)
        for found in documents.wrong_in(spoken)
    }
    assert wrong == set()


@pytest.mark.parametrize(
    ("guard", "text"),
    [
        (documents.wrong_commands, "Run `gradeline fly` now."),
        (documents.wrong_commands, "Run `gradeline policy invent rm-22`."),
        (documents.wrong_commands, "Run `gradeline dead-letters list|show|burn`."),
        (documents.wrong_commands, "Run `gradeline up --fast`."),
        (documents.wrong_commands, "Run `GRADELINE_PORT=1 gradeline fly`."),
        (documents.wrong_commands, "```bash run\nTOKEN=$(gradeline token --rule auditor)\n```"),
        (documents.wrong_commands, "```sh\n$ gradeline policy evaluate rm-22 --measure f.json\n```"),
        (documents.wrong_commands, "```\ncat x | .venv/bin/gradeline fly  # away\n```"),
        (documents.wrong_commands, "```sh\ngradeline import a.csv \\\n  --maping m.yaml\n```"),
        (documents.wrong_commands, "| a |\n|---|\n| `gradeline fly` |"),
        (documents.wrong_commands, "Run `make money`."),
        (documents.broken_links, "[a](nowhere.md)"),
        (documents.broken_links, "[a](../../nowhere.md)"),
        (documents.broken_links, "[a](inside.md#no-such-heading)"),
        (documents.broken_links, "![a](nowhere.png)"),
        (documents.missing_paths, "See `shared/core/nowhere.py`."),
        (documents.missing_paths, "Kept by `test_nothing_at_all.py`."),
    ],
)
def test_a_planted_claim_is_seen(guard: Callable[[File], Iterator[str]], text: str) -> None:
    assert len(list(guard(File("docs/planted.md", text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "`gradeline` and `gradeline policy …` and `gradeline serve SERVICE` and `gradeline.simulator`",
        "```sh\n$ GRADELINE_PORT=1 gradeline up --demo --data DIR | tee log\nmake demo && make check\n```",
        "```python\nmake = gradeline fly\n```",
        "`gradeline policy evaluate rm-22 --measures - --as-of=2026-01-05 --json`",
        "`gradeline dead-letters list|show|redrive` and `gradeline topics apply --help`",
        "[a](inside.md#one-batch) [b](https://example.com/x) [c](../Makefile) [d](#here)\n\n# Here",
        "`shared/core/money.py`, `services/<name>/core`, `test_tidy.py`",
    ],
)
def test_what_is_there_is_left_alone(text: str) -> None:
    assert [found for guard in GUARDS for found in guard(File("docs/planted.md", text))] == []


def test_the_page_of_settings_is_what_the_classes_say() -> None:
    written = settings_page.PAGE.read_text("utf-8")
    assert written == settings_page.page(), "run: python -m tests.architecture.settings_page"


def test_every_setting_and_every_bound_is_on_the_page() -> None:
    page = settings_page.page()
    for name, field in Settings.model_fields.items():
        assert f"| `GRADELINE_{name.upper()}` |" in page
        assert field.description, name
    for bound in msgspec.structs.fields(WorkerSettings):
        assert f"| `{bound.name}` |" in page


def test_a_setting_that_is_not_on_the_page_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    planted = {**Settings.model_fields, "planted": Settings.model_fields["zone"]}
    monkeypatch.setattr(Settings, "__pydantic_fields__", planted)
    assert settings_page.page() != settings_page.PAGE.read_text("utf-8")
    assert "GRADELINE_PLANTED" in settings_page.declared()


def test_a_bound_without_a_sentence_is_refused() -> None:
    texts = settings_page.docstrings('class A:\n    x: int = 1\n    """One\n    line."""\n    y: int = 2\n', "A")
    assert texts == {"x": "One line."}
    fields = {field.name for field in msgspec.structs.fields(WorkerSettings)}
    assert set(settings_page.WORDS) <= fields


def test_no_file_names_a_variable_that_does_not_exist() -> None:
    undeclared = {
        f"{file.path}: {name}"
        for file in files()
        for name in VARIABLE.findall(file.text)
        if name not in settings_page.declared() and not file.path.endswith(Path(__file__).name)
    }
    assert undeclared == set()
    assert VARIABLE.findall("GRADELINE_… GRADELINE_PLANTED=1") == ["GRADELINE_PLANTED"]


def test_decisions_are_numbered_in_order_and_listed() -> None:
    records = sorted(path for path in DECISIONS.glob("*.md") if path.name[0].isdigit())
    assert [int(path.name[:4]) for path in records] == list(range(len(records)))
    index = (DECISIONS / "README.md").read_text("utf-8")
    for path in records:
        title = path.read_text("utf-8").splitlines()[0]
        number, _, words = title.removeprefix("# ").partition(". ")
        assert int(number) == int(path.name[:4]), path.name
        assert f"[{words}]({path.name})" in index, f"docs/decisions/README.md: add [{words}]({path.name})"
        assert len(path.read_text("utf-8").splitlines()) <= 60, f"{path.name}: one page"


def test_the_figures_of_the_readme_are_those_that_were_measured() -> None:
    whole = msgspec.json.decode((ROOT / "docs/benchmarks.json").read_bytes())
    text = (ROOT / "README.md").read_text("utf-8")
    assert readme.replaced(text, whole) == text, "README.md: run make bench, or tests.bench.readme.write"

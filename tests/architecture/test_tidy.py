"""The style that matters is a test: sizes, docstrings, names, reasons, and what no file may say. Each guard bites."""

from __future__ import annotations

from statistics import median

import pytest

from tests.architecture import tidiness as tidy
from tests.architecture.tree import PRODUCT, ROOT, File, files, python

LONG_FUNCTION = "def f():\n" + "    x = 1\n" * tidy.FUNCTION_LINES
PLANTED = "shared/edge/planted.py"


@pytest.mark.parametrize("guard", tidy.OF_PYTHON, ids=lambda guard: guard.__name__)
def test_every_python_file_is_tidy(guard: tidy.Guard) -> None:
    assert [found for file in python() for found in guard(file)] == []


@pytest.mark.parametrize("guard", tidy.OF_TEXT, ids=lambda guard: guard.__name__)
def test_no_file_says_what_it_must_not(guard: tidy.Guard) -> None:
    assert [found for file in files() for found in guard(file)] == []


def test_the_whole_tree_was_looked_at() -> None:
    assert len(python()) > 250
    paths = {file.path for file in files()}
    assert {"pyproject.toml", ".ci/run", "requirements/dev.txt", "deploy/kafka/pom.xml", "docs/inside.md"} <= paths
    assert not [path for path in paths if path.startswith((".git/", ".venv/", ".hypothesis/"))]
    assert (ROOT / "shared").is_dir()


def test_half_of_the_files_are_small() -> None:
    sizes = [len(file.lines) for file in python(*PRODUCT) if not file.path.endswith("__init__.py")]
    assert median(sizes) <= tidy.MEDIAN_LINES


def test_the_ratchet_holds_only_files_that_are_over_the_budget() -> None:
    sizes = {file.path: len(file.lines) for file in python()}
    assert {path for path in tidy.RATCHET if sizes.get(path, 0) <= tidy.FILE_LINES} == set(), "take the line out"


def test_every_reason_on_the_closed_list_is_needed() -> None:
    text = "\n".join(file.text for file in python())
    assert [directive for directive in tidy.REASONS if f"# {directive}" not in text] == []


@pytest.mark.parametrize(
    ("guard", "text"),
    [
        (tidy.budget, "x = 1\n" * (tidy.FILE_LINES + 1)),
        (tidy.budget, LONG_FUNCTION),
        (tidy.budget, LONG_FUNCTION.replace("def", "async def")),
        (tidy.docstrings, "x = 1\n"),
        (tidy.docstrings, '"""Module."""\ndef f(): ...\n'),
        (tidy.docstrings, '"""Module."""\nasync def f(): ...\n'),
        (tidy.docstrings, '"""Module."""\nclass A:\n    x = 1\n'),
        (tidy.docstrings, '"""Module."""\nclass A:\n    """A."""\n    def f(self): ...\n'),
        (tidy.names, "class PoolManager: ...\n"),
        (tidy.names, "def common_things(): ...\n"),
        (tidy.names, "def _date_utils(): ...\n"),
        (tidy.suppressions, "import os  # noqa\n"),
        (tidy.suppressions, "import os  # noqa: F401\n"),
        (tidy.suppressions, "import os  # noqa: F401 - x\n"),
        (tidy.suppressions, "x = f()  # type: ignore\n"),
        (tidy.suppressions, "x = f()  # type: ignore[name-defined]\n"),
        (tidy.suppressions, "if x:  # pragma: no cover\n    pass\n"),
        *((tidy.hosts, f"see https://{host}.example/\n") for host in tidy.HOSTS),
        (tidy.hosts, f"see {tidy.HOSTS[0].upper()}\n"),
        *((tidy.workshop, f"as the {word} said\n") for word in tidy.WORKSHOP),
        *((tidy.unfinished, f"# {word}: later\n") for word in tidy.UNFINISHED),
    ],
)
def test_a_planted_untidiness_is_seen(guard: tidy.Guard, text: str) -> None:
    assert len(list(guard(File(PLANTED, text)))) == 1


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "manager", "base_service"])
def test_a_planted_file_name_is_seen(name: str) -> None:
    assert len(list(tidy.names(File(f"shared/edge/{name}.py", "")))) == 1
    assert len(list(tidy.names(File(f"shared/{name}/planted.py", "")))) == 1


def test_an_init_with_code_is_seen_but_for_the_registry_of_events() -> None:
    text = '"""A package."""\n\nfrom shared.core import money\n'
    assert len(list(tidy.bare_init(File("shared/planted/__init__.py", text)))) == 1
    assert len(list(tidy.bare_init(File("shared/planted/__init__.py", "")))) == 1
    assert list(tidy.bare_init(File(tidy.WORDY_INIT, text))) == []


def test_a_file_on_the_ratchet_may_not_grow() -> None:
    for path, most in tidy.RATCHET.items():
        assert list(tidy.budget(File(path, "x = 1\n" * most))) == []
        assert len(list(tidy.budget(File(path, "x = 1\n" * (most + 1))))) == 1


def test_tests_may_be_longer_and_need_only_say_what_they_are_about() -> None:
    text = '"""A test."""\n\ndef test_something(): ...\n' + "x = 1\n" * tidy.FILE_LINES
    assert [found for guard in tidy.OF_PYTHON for found in guard(File("tests/unit/test_planted.py", text))] == []
    longer = text + "x = 1\n" * tidy.TEST_FILE_LINES
    assert len(list(tidy.budget(File("tests/unit/test_planted.py", longer)))) == 1


def test_a_reason_in_words_is_enough() -> None:
    text = (
        "x = f()  # noqa: S603 - the caller's own program\n"
        "y = f()  # type: ignore[name-defined] # the stubs leave it out\n"
        "z = '# noqa'\n"
        "if z:  # pragma: no cover - only on another machine\n    pass\n"
    )
    assert list(tidy.suppressions(File(PLANTED, text))) == []

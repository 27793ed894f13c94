"""Running a few tests in a process of their own, with a bug planted or with none, and saying which of them failed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tests.architecture.tree import ROOT
from tests.support.parts import GIVEN_KAFKA, GIVEN_POSTGRES

SITE = ROOT / "tests" / "planted" / "site"
SECONDS = 300.0


PLACE = re.compile(r"^(\S+\.py):\d+: ", re.MULTILINE)


class Ran(NamedTuple):
    """Test → `passed`, `failed`, `skipped` or `error` (not begun, not ended well, or the bug itself does not work); and what
    pytest printed."""

    outcomes: dict[str, str]
    output: str


def run(tests: Sequence[str], *, bug: str | None) -> Ran:
    """Run *tests* with *bug* planted in pytest and in every process that it starts, on servers of their own."""
    with tempfile.TemporaryDirectory(prefix="gradeline-planted-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", f"--junitxml={report}", *tests]
        paths = os.pathsep.join([str(SITE), str(ROOT)])
        told = {"GRADELINE_PLANTED": bug or "", "PYTHONPATH": paths, GIVEN_POSTGRES: "", GIVEN_KAFKA: ""}
        environment = {**os.environ, **told}
        environment.pop("PYTEST_XDIST_WORKER", None)
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        return Ran(outcomes(report) if report.exists() else {}, done.stdout + done.stderr)


def outcomes(report: Path) -> dict[str, str]:
    """What became of each test, by its id."""
    found: dict[str, str] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        path = case.attrib["classname"].replace(".", "/")
        found[f"{path}.py::{case.attrib['name']}"] = _outcome(case)
    return found


def _outcome(case: ElementTree.Element) -> str:
    kinds = {child.tag: child.text or "" for child in case if child.tag in {"failure", "error", "skipped"}}
    if not kinds:
        return "passed"
    raised = PLACE.findall(kinds.get("failure", ""))
    if kinds.keys() == {"failure"} and not (raised and raised[-1].startswith("tests/planted/")):
        return "failed"
    return "skipped" if "skipped" in kinds else "error"

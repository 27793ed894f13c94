"""Running a few tests in a process of their own, with a bug planted or with none, and saying which of them failed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tests.architecture.tree import ROOT
from tests.support.parts import GIVEN_POSTGRES

SITE = ROOT / "tests" / "planted" / "site"
SECONDS = 300.0


class Ran(NamedTuple):
    """Test → `passed`, `failed`, `skipped` or `error` (not even begun, or not ended well); and what pytest printed."""

    outcomes: dict[str, str]
    output: str


def run(tests: Sequence[str], *, bug: str | None, postgres: str = "") -> Ran:
    """Run *tests* with *bug* planted in pytest and in every process that it starts; *postgres* names a server to use."""
    with tempfile.TemporaryDirectory(prefix="gradeline-planted-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", f"--junitxml={report}", *tests]
        paths = os.pathsep.join([str(SITE), str(ROOT)])
        environment = {**os.environ, "GRADELINE_PLANTED": bug or "", "PYTHONPATH": paths, GIVEN_POSTGRES: postgres}
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
        kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
        what = "failed" if kinds == {"failure"} else "passed" if not kinds else (kinds - {"failure"}).pop()
        found[f"{path}.py::{case.attrib['name']}"] = what
    return found

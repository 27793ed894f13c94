"""What is installed from a wheel is whole: it needs nothing of the checkout it was built from."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from shared.edge.http.roles import roles
from shared.edge.installed import TOPICS
from tests.architecture.tree import ROOT

NEEDED = (
    "shared",
    "services",
    "gradeline",
    "deploy",
    "docs",
    "setup.py",
    "pyproject.toml",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
)
ASKED = """
from gradeline.shapes import SHAPES, load_template
from services.rating.adapters.catalogue import shipped
from shared.edge import installed
from shared.edge.kafka.topics import load
from shared.edge.http import roles, wording
print(installed.__file__)
print(*(topic.name for topic in load()))
print(installed.ASYNCAPI.read_text("utf-8").count("\\n"), len(shipped().books), len(roles.roles()))
print(len([load_template(shape) for shape in SHAPES]))
"""


def run(*words: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=150, check=False, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_installed_wheel_has_topics_documents_and_rules(tmp_path: Path) -> None:
    checkout, wheels, site = tmp_path / "checkout", tmp_path / "wheels", tmp_path / "site"
    for name in NEEDED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, (checkout / name) if source.is_dir() else checkout)  # type: ignore[operator]
    build = "from setuptools import build_meta; import sys; print(build_meta.build_wheel(sys.argv[1]))"
    run("-W", "ignore", "-c", build, str(wheels), folder=checkout, PATH="/usr/bin:/bin")
    (wheel,) = wheels.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    shutil.rmtree(checkout)
    said = run("-W", "ignore", "-c", ASKED, folder=tmp_path, PYTHONPATH=str(site), PATH="/usr/bin:/bin").splitlines()
    assert said[0].startswith(str(site))
    assert sorted(said[1].split()) == sorted(path.stem for path in TOPICS.glob("*.yaml"))
    lines = (ROOT / "docs" / "asyncapi.yaml").read_text("utf-8").count("\n")
    assert said[2:] == [f"{lines} 2 {len(roles())}", "16"]

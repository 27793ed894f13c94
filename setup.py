"""Puts into the wheel what stands outside the packages in a checkout; everything else is said in pyproject.toml."""

from __future__ import annotations

from pathlib import Path
from shutil import copyfile

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
INSIDE = Path("shared", "edge", "installed_files")
"""Where `shared.edge.installed` looks for them."""
FILES = {
    **{path: Path("topics", path.name) for path in sorted((ROOT / "deploy" / "topics").glob("*.yaml"))},
    ROOT / "docs" / "asyncapi.yaml": Path("asyncapi.yaml"),
}


class BuildWithFiles(build_py):
    """Copies the files after the packages; an editable installation reads them where they stand."""

    def run(self) -> None:
        """Build."""
        super().run()
        for source, name in () if self.editable_mode else FILES.items():
            target = Path(self.build_lib) / INSIDE / name
            target.parent.mkdir(parents=True, exist_ok=True)
            copyfile(source, target)


setup(cmdclass={"build_py": BuildWithFiles})

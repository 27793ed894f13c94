"""What the guards read: the files of the tree, as text and as syntax. Nothing that `.gitignore` names is read, and no
samples: they are files of other systems, in their own encodings."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("shared", "services", "gradeline")
"""The packages that ship."""
PACKAGES = (*PRODUCT, "tests")
SAMPLES = "samples"


@dataclass(frozen=True)
class File:
    """One text file; `path` is relative to the root, with slashes."""

    path: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return self.text.splitlines()

    @cached_property
    def syntax(self) -> ast.Module:
        """The file as Python."""
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the syntax."""
        return tuple(ast.walk(self.syntax))

    @property
    def package(self) -> str:
        """The first folder of the path."""
        return self.path.partition("/")[0]

    @property
    def is_core(self) -> bool:
        """Whether it belongs to a `core` package, which has to be pure."""
        parts = self.path.split("/")
        return parts[:2] == ["shared", "core"] or (parts[0] == "services" and parts[2:3] == ["core"])


@cache
def files() -> tuple[File, ...]:
    """Every text file of the tree."""
    lines = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    ignored = (".git", *(line.strip("/ ") for line in lines if line.strip() and not line.startswith("#")))
    return tuple(_read(path) for path in sorted(_walk(ROOT, ignored)) if _is_text(path))


@cache
def python(*packages: str) -> tuple[File, ...]:
    """Every Python file of *packages*; of all where none is named."""
    wanted = packages or PACKAGES
    return tuple(file for file in files() if file.path.endswith(".py") and file.package in wanted)


def module_of(file: File) -> str:
    """The dotted name under which *file* is imported."""
    return file.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _walk(folder: Path, ignored: tuple[str, ...]) -> Iterator[Path]:
    for inside, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not any(fnmatch(name, pattern) for pattern in ignored)]
        yield from (Path(inside, name) for name in names if name != ".git")  # a file where the folder is a worktree


def _is_text(path: Path) -> bool:
    return path.parent.name != SAMPLES and b"\0" not in path.read_bytes()[:4096]


def _read(path: Path) -> File:
    return File(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))

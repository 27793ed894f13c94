"""What every version of every kind of rule carries, and the order of versions."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol, TypeVar

from shared.core.errors import Misconfigured
from shared.core.policy.policy import Reference, Title
from shared.edge.policy_yaml import Section, read_date, read_text


class Dated(Protocol):
    """A version that takes effect on a day."""

    @property
    def effective(self) -> date:
        """The first day on which it binds."""


D = TypeVar("D", bound=Dated)


def read_head(top: Section) -> dict[str, Any]:
    """Return version, dates, owner, title and reference."""
    title = top.section("title")
    head = {
        "version": top.take("version", read_text),
        "owner": top.take("owner", read_text),
        "title": Title(title.take("en", read_text), title.take("zh", read_text)),
        **read_dates(top),
    }
    title.close()
    return head


def read_dates(top: Section) -> dict[str, Any]:
    """Return the day a version takes effect, the day it was approved, and its reference."""
    effective, approved = top.take("effective", read_date), top.take("approved", read_date)
    if approved > effective:
        top.wrong(
            "a rule cannot bind before it is approved; approve it earlier or let it take effect later", "approved"
        )
    reference = top.section("reference")
    found = Reference(reference.take("title", read_text), reference.take("href", read_text, ""))
    reference.close()
    return {"effective": effective, "approved": approved, "reference": found}


def in_order(versions: list[tuple[str, D]]) -> tuple[D, ...]:
    """Return the versions, each with its file name, if each takes effect after the one before. Raises Misconfigured."""
    for (earlier, before), (later, after) in pairwise(versions):
        if after.effective <= before.effective:
            raise Misconfigured(
                f"{later}, line 1: versions are out of order: it takes effect on {after.effective}, not after {earlier}"
                f" ({before.effective}); give it a later date or a lower number"
            )
    return tuple(version for _, version in versions)


def version_files(folder: Path) -> list[Path]:
    """Return the files `1.yaml`, `2.yaml` … of *folder* by number. Raises Misconfigured at another name."""
    files = list(folder.glob("*.yaml"))
    for file in files:
        if not file.stem.isdigit():
            raise Misconfigured(f"{folder.name}/{file.name}: a version is named by its number, e.g. 2.yaml")
    return sorted(files, key=lambda file: int(file.stem))


def read_file(file: Path) -> str:
    """Return the text of *file*. Raises Misconfigured where it is missing or not UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Misconfigured(f"{file}: the file is missing; add it") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{file}: the file is not UTF-8; save it as UTF-8") from None

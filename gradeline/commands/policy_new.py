"""gradeline policy new: a complete, commented method of one shape to start from."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from gradeline.shapes import SHAPES
from shared.core.errors import Misconfigured
from shared.edge.policy_head import read_file

_ID = re.compile(r"[a-z][a-z0-9-]{1,39}", re.ASCII)


def write_rules(folder: Path, shipped: Path) -> None:
    """Copy the *shipped* rules to *folder*, to begin with. Never over what is there. Raises Misconfigured."""
    if folder.exists():
        raise Misconfigured(f"{folder} is there already; name a folder that is not")
    for source in sorted(shipped.rglob("*.yaml")):
        write_new(folder / source.relative_to(shipped), read_file(source))


def write_method(folder: Path, method: str, shape: str, effective: date) -> list[Path]:
    """Write the template of *shape* as *method* under *folder*; return what was written. Never over what is there."""
    if shape.lower() not in SHAPES:
        raise Misconfigured(f"there is no shape {shape!r}; choose one of {', '.join(name.upper() for name in SHAPES)}")
    place = new_place(folder, method)
    written = []
    for source in sorted(SHAPES[shape.lower()].rglob("*.yaml")):
        target = place / source.relative_to(SHAPES[shape.lower()])
        write_new(target, _renamed(read_file(source), method, effective))
        written.append(target)
    return written


def write_new(target: Path, text: str) -> None:
    """Write *target* with its folders. Raises Misconfigured where that is not allowed."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Misconfigured(
            f"{target}: it cannot be written ({type(error).__name__}); name a folder of your own with --policies"
        ) from None


def new_place(folder: Path, method: str) -> Path:
    """Return where *method* goes under *folder*. Raises Misconfigured where that is no id, or there is one already."""
    if not _ID.fullmatch(method) or method == "warnings":
        raise Misconfigured(f"{method!r} is no id of a method; write small letters, digits and hyphens, e.g. rm-99")
    if not folder.is_dir():
        raise Misconfigured(f"{folder}: there is no such folder; name one that holds methods")
    place = folder / method
    if place.exists():
        raise Misconfigured(f"{place} is there already; choose another id, or write its next version by hand")
    return place


def _renamed(text: str, method: str, effective: date) -> str:
    """*text* for *method*, approved and in force from *effective* on until its author says otherwise."""
    text = re.sub(r"^method: \S+$", f"method: {method}", text, count=1, flags=re.MULTILINE)
    text = re.sub(r"^effective: \S+", f"effective: {effective}", text, count=1, flags=re.MULTILINE)
    return re.sub(r"^approved: \S+ *", f"approved: {effective}  ", text, count=1, flags=re.MULTILINE)

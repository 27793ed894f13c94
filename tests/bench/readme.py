"""The figures that the README shows: what is promised and what was measured last, out of `docs/benchmarks.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tests.bench.report import shown

BEGIN, END = "<!-- figures: written by make bench -->", "<!-- /figures -->"


def section(whole: dict[str, Any]) -> str:
    """The machine and a table of the promised figures of *whole*, the content of `benchmarks.json`."""
    machine = whole["machine"]
    lines = [
        f"Measured on {machine['date']} with everything on one machine ({machine['CPU']}; {machine['memory']}; "
        f"{machine['system']}; Python {machine['Python']}; PostgreSQL {machine['PostgreSQL']}):",
        "",
        "| what | measured | aim |",
        "|---|---:|---:|",
    ]
    for figure in whole["figures"]:
        if "target" in figure:
            bound, least = next(iter(figure["target"].values())), "at_least" in figure["target"]
            aim = f"{'≥' if least else '≤'} {bound:,} {figure['unit']}"
            lines.append(f"| {figure['what']} | {shown(figure['value'])} {figure['unit']} | {aim} |")
    return "\n".join(lines)


def replaced(readme: str, whole: dict[str, Any]) -> str:
    """*readme* with its figures those of *whole*. Raises ValueError where it has no place for them."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{section(whole)}\n{END}{after}"


def write(readme: Path, figures: Path) -> None:
    """Bring the figures of the file *readme* up to those of *figures*."""
    whole = msgspec.json.decode(figures.read_bytes())
    readme.write_text(replaced(readme.read_text("utf-8"), whole), "utf-8")

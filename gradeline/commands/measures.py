"""gradeline measures: what rules may look at, with formula, unit, parameters and source. Needs no database."""

from __future__ import annotations

import json
import sys
from difflib import get_close_matches
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from services.rating.core.measures.listing import MeasureSummary, library
from shared.core.errors import Misconfigured
from shared.core.measures.library import find
from shared.edge.measure_words import VALUES, chinese_of

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
_WINDOWS = {"none": "-", "any": "<n>d, <n>m", "months": "<n>m"}


def register(app: typer.Typer) -> None:
    """Add `gradeline measures …` to *app*."""
    measures = typer.Typer(no_args_is_help=True, help="The measure library: list, show.")
    measures.command("list")(list_measures)
    measures.command("show")(show_measure)
    app.add_typer(measures, name="measures")


def list_measures(
    family: Annotated[str | None, typer.Option(help="Of this family only.")] = None, as_json: Json = False
) -> None:
    """List every measure: name, unit, windows, titles; what only other systems know comes last."""
    found = list(library())
    if family is not None and family not in {one.family for one in found}:
        families = ", ".join(dict.fromkeys(one.family for one in found))
        raise Misconfigured(f"there is no family {family!r}; choose one of {families}")
    shown = [one for one in found if family in (None, one.family)]
    if as_json:
        _print([_record(one) for one in shown])
        return
    table = Table("family", "measure", "unit", "window", "title")
    for one in shown:
        unit = f"{one.unit} {chinese_of(one.name, one.unit)['unit_zh']}"
        table.add_row(one.family, one.name, unit, _WINDOWS[one.window], f"{one.title} {one.title_zh}")
    Console().print(table)


def show_measure(
    name: Annotated[str, typer.Argument(help="With or without a window: dso, dso_91d.")], as_json: Json = False
) -> None:
    """Show one measure whole, in English and Chinese: formula, unit, windows, parameters, source, what it is unknown."""
    held = {one.name: one for one in library()}
    computed = find(name)
    one = held.get(computed[0].name if computed else name)
    if one is None:
        near = get_close_matches(name, held, n=3)
        said = f"; perhaps {' or '.join(near)}" if near else ""
        raise Misconfigured(f"there is no measure {name!r}, or it takes no such window{said}")
    if as_json:
        _print(_record(one))
    else:
        _print_measure(one)


def _record(one: MeasureSummary) -> dict[str, Any]:
    record: dict[str, Any] = msgspec.to_builtins(one)
    return record | chinese_of(one.name, one.unit)


def _print_measure(one: MeasureSummary) -> None:
    chinese = chinese_of(one.name, one.unit)
    console = Console(soft_wrap=True, highlight=False)
    rows = [
        ("title 名称", f"{one.title} · {one.title_zh}"),
        ("family 类别", f"{one.family}: {one.family_title} · {one.family_title_zh}"),
        ("unit 单位", f"{one.unit} · {chinese['unit_zh']}"),
        ("window 窗口", _WINDOWS[one.window]),
        ("formula", one.formula),
        ("公式", chinese["formula_zh"]),
        ("unknown 未知时", "not known 未知 (null)" if one.unknown is None else one.unknown),
        ("source 出处", one.source),
        ("in rules 可用于规则", "yes 是" if one.in_rules else "no 否"),
    ]
    if one.reported_by:
        rows.append(("reported by 报送系统", one.reported_by))
    console.print(one.name, markup=False)
    for label, text in rows:
        console.print(f"  {label}: {text}", markup=False)
    for parameter in one.parameters:
        usual = parameter.default or "all"
        values = " ".join(filter(None, (parameter.values, VALUES.get(parameter.values))))
        console.print(f"  with 参数 {parameter.name}: {values} ({usual} unless said 未写明时)", markup=False)


def _print(record: Any) -> None:
    sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=False) + "\n")

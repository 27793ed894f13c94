"""What a policy file says beyond cards and rules: derived values, labels, condition lists, grid, templates, quotas."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shared.core.policy.card import Entry
from shared.core.policy.derived import Derived
from shared.core.policy.label import Clause, Label, is_late
from shared.core.policy.measure import ATTRIBUTES, Kind
from shared.core.policy.shape import Grid, Quota, Shape, Templates, Total
from shared.edge.policy_bands import read_bands
from shared.edge.policy_names import Names
from shared.edge.policy_rules import read_assumed, read_condition
from shared.edge.policy_yaml import Section, read_number, read_text, read_whole

_WEIGHTED, _ORDERED = ("mean", "sum"), ("median", "spread", "lowest", "highest")


def read_derived(top: Section, names: Names) -> dict[str, Derived]:
    """Return the derived values of *top*, each reading only what stands before it, and declare them in *names*."""
    section = top.maybe_section("derived")
    found: dict[str, Derived] = {}
    for alias in section.names() if section else ():
        assert section is not None
        names.refuse_taken(section, alias)
        found[alias] = _derived(section.section(alias), names)
        names[alias] = Kind.POINTS
    return found


def _derived(section: Section, names: Names) -> Derived:
    forms = [form for form in (*_WEIGHTED, *_ORDERED) if form in section]
    if len(forms) != 1:
        section.wrong(f"write exactly one of {', '.join((*_WEIGHTED, *_ORDERED))}")
    how: Any = forms[0]
    of = (
        section.section(how).scalars(read_number) if how in _WEIGHTED else dict.fromkeys(section.texts(how), Decimal(1))
    )
    over = section.texts("over") if "over" in section else ()
    for alias in (*of, *over):
        names.refuse_unknown(section, alias, how if alias in of else "over")
        if names[alias] is Kind.CODE:
            section.wrong(f"{alias!r} is a code; it cannot be added up", how)
    if how == "mean" and (sum(of.values()) <= 0 or min(of.values()) < 0):
        section.wrong("the weights of a mean are not negative, and one is above 0", how)
    if over and how != "sum":
        section.wrong("`over` goes with `sum`", "over")
    choices = {"mean": ("unknown", "zero", "rescale"), "sum": ("unknown", "zero")}.get(how, ("unknown", "rescale"))
    derived = Derived(
        how=how,
        of=of,
        over=over,
        missing=section.choice("missing", choices, "unknown"),  # type: ignore[arg-type] # choice has just checked it
        least=section.take("least", read_whole, 1),
        reference=section.take("reference", read_text),
        **read_assumed(section),
    )
    section.close()
    return derived


def read_labels(top: Section, names: Names, parts: tuple[str, ...]) -> dict[str, Label]:
    """Return the labels of *top*, each reading only what stands before it, and declare them in *names*."""
    section = top.maybe_section("labels")
    found: dict[str, Label] = {}
    for name in section.names() if section else ():
        assert section is not None
        names.refuse_taken(section, name)
        found[name] = _label(section.section(name), names.with_scores(parts))
        names.declare_codes(name, found[name].codes)
    return found


def _label(section: Section, names: Names) -> Label:
    first = tuple(
        clause for item in section.sections("first") for clause in _clauses(item, item.take("is", read_text), names)
    )
    of, table = "", {}
    if "of" in section:
        of = section.take("of", read_text)
        names.refuse_unknown(section, of, "of")
        table = _codes(section, names[of])
    elif "bands" in section or "lookup" in section:
        section.wrong("a table needs `of`: the measure, label, `score` or `part.NAME` that it reads")
    label = Label(
        first=first,
        of=of,
        otherwise=section.maybe("otherwise", read_text),
        reference=section.take("reference", read_text),
        **table,
        **read_assumed(section),
    )
    if not first and not of:
        section.wrong("a label needs `first` (condition lists) or `of` with a table")
    if not of and label.otherwise is None:
        section.wrong("where no condition holds there must be a code; add `otherwise`")
    section.close()
    return label


def _codes(section: Section, kind: Kind) -> dict[str, Any]:
    if ("lookup" in section) == kind.is_number or ("bands" in section) != kind.is_number:
        section.wrong(f"a {kind} needs {'bands' if kind.is_number else 'a lookup'}")
    if "bands" in section:
        return {"bands": read_bands(section, lambda item: {"letter": item.take("is", read_text)})}
    entries = []
    for item in section.sections("lookup"):
        entries.append(Entry(item.take("code", read_text), letter=item.take("is", read_text)))
        item.close()
    return {"lookup": tuple(entries)}


def _clauses(item: Section, gives: str, names: Names) -> tuple[Clause, ...]:
    """The conditions of which any is enough for *gives*."""
    clauses = []
    for section in item.sections("any"):
        conditions = tuple(read_condition(one, names) for one in section.sections("when"))
        if not conditions:
            section.wrong("`when` is missing; write at least one condition")
        clause = Clause(
            id=section.take("id", read_text),
            gives=gives,
            when=conditions,
            reason=section.take("reason", read_text, ""),
            reference=section.take("reference", read_text, ""),
            **read_assumed(section),
        )
        section.close()
        clauses.append(clause)
    if not clauses:
        item.wrong("`any` is missing; write at least one list of conditions")
    item.close()
    return tuple(clauses)


def read_shape(
    top: Section, names: Names, grades: tuple[str, ...], parts: tuple[str, ...], labels: dict[str, Label]
) -> Shape | None:
    """Return how the results of the cards combine; None where they are added up or are letters."""
    shape = Shape(
        weakest=top.choice("combine", ("sum", "weakest"), "sum") == "weakest",
        lists=_lists(top, names.with_scores(parts), grades),
        grid=_grid(top, labels, grades),
        labels=labels,
        templates=_templates(top, names, labels),
        total=_total(top),
        quotas=tuple(_quota(section, names, grades, labels) for section in top.sections("quotas")),
    )
    ways = [name for name in ("weakest", "lists", "grid", "total") if getattr(shape, name)]
    if len(ways) > 1:
        top.wrong(f"a grade comes about in one way; {' and '.join(ways)} exclude each other, keep one")
    return None if shape == Shape() else shape


def _lists(top: Section, names: Names, grades: tuple[str, ...]) -> Label | None:
    if "lists" not in top:
        return None
    sections = top.sections("lists")
    clauses = tuple(c for item in sections for c in _clauses(item, item.choice("grade", grades), names))
    ids = [clause.id for clause in clauses]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        top.wrong(f"the condition {twice[0]!r} stands twice; rename one", "lists")
    return Label(first=clauses, otherwise=top.choice("otherwise", grades))


def _grid(top: Section, labels: dict[str, Label], grades: tuple[str, ...]) -> Grid | None:
    section = top.maybe_section("grid")
    if section is None:
        return None
    rows, columns = (section.choice(axis, tuple(labels)) for axis in ("rows", "columns"))
    cells: dict[str, dict[str, str]] = {}
    table = section.section("cells")
    for row in labels[rows].codes:
        line = table.section(row)
        cells[row] = {column: line.choice(column, grades) for column in labels[columns].codes}
        line.close()
    table.close()
    grid = Grid(rows, columns, cells, **read_assumed(section))
    section.close()
    return grid


def _templates(top: Section, names: Names, labels: dict[str, Label]) -> Templates | None:
    section = top.maybe_section("templates")
    if section is None:
        return None
    by = section.take("by", read_text)
    names.refuse_unknown(section, by, "by")
    if names[by] is not Kind.CODE:
        section.wrong(f"{by!r} is no code; a template is chosen by a code or a label", "by")
    if by in labels and any(is_late(alias) for alias in labels[by].reads):
        section.wrong(f"{by!r} is known only after the cards; a template is chosen before them", "by")
    chosen = section.texts("names")
    templates = Templates(by, chosen, section.choice("otherwise", chosen) if "otherwise" in section else None)
    section.close()
    return templates


def _total(top: Section) -> Total | None:
    section = top.maybe_section("total")
    if section is None:
        return None
    total = Total(section.take("start", read_number))
    section.close()
    return total


def _quota(section: Section, names: Names, grades: tuple[str, ...], labels: dict[str, Label]) -> Quota:
    of = section.choice("of", ("grade", *labels))
    by = section.choice("by", (*ATTRIBUTES, *labels))
    shares = section.section("shares").scalars(read_number)
    if "default" not in shares or any(not 0 <= share <= 1 for share in shares.values()):
        section.wrong(f"write a share from 0 to 1 for each {by}, and `default` for every other", "shares")
    if by in labels and by in ATTRIBUTES:
        section.wrong(f"{by!r} is an attribute and a label; give the label another name", "by")
    if by in labels and (surplus := sorted(set(shares) - {"default", *labels[by].codes})):
        section.wrong(
            f"the label {by!r} is never {surplus[0]!r}; choose one of {', '.join(labels[by].codes)}", "shares"
        )
    rank_by = section.texts("rank_by")
    for alias in rank_by:
        if alias != "score" and not (alias in names and names[alias].is_number):
            section.wrong(f"{alias!r} is no number of this method; rank by `score` or by a declared number", "rank_by")
    quota = Quota(
        of=of,
        holds=section.choice("holds", grades if of == "grade" else labels[of].codes),
        by=by,
        shares=shares,
        rank_by=rank_by,
        above=section.choice("above", ("stay", "lower")),  # type: ignore[arg-type] # choice has just checked it
        exceeded=section.choice("exceeded", ("keep", "lower")),  # type: ignore[arg-type] # likewise
        review=section.choice("review", ("monthly", "quarterly", "half_yearly", "yearly")),  # type: ignore[arg-type] # likewise
        reference=section.take("reference", read_text),
        **read_assumed(section),
    )
    section.close()
    return quota

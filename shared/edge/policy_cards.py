"""The cards of a policy file, and the shared tables they name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from shared.core.policy.card import Card, Entry, Marks, Missing
from shared.core.policy.label import is_late
from shared.core.policy.measure import Kind
from shared.edge.policy_bands import read_bands
from shared.edge.policy_names import Names
from shared.edge.policy_rules import read_assumed
from shared.edge.policy_yaml import Section, read_number, read_section, read_text

_THEN = ("refuse", "worst", "neutral", "best", "letter", "leave_out")
_FORMS = ("bands", "lookup", "table", "marks", "line")


class Shared(msgspec.Struct, frozen=True):
    """The shared file: tables by id, ratio marks by sector table and ratio, rules by id."""

    tables: dict[str, Section]
    marks: dict[str, dict[str, Marks]]
    rules: dict[str, Section]
    why: str = ""


def read_shared(text: str, file: str) -> Shared:
    """Return the shared tables of *text*. Raises Misconfigured."""
    top = read_section(text, file)
    tables, marks, rules = top.section("tables"), top.section("marks"), top.section("rules")
    found = Shared(
        {name: tables.section(name) for name in tables.names()},
        read_marks(marks),
        {name: rules.section(name) for name in rules.names()},
        top.take("marks_why", read_text),
    )
    top.close()
    for table in found.tables.values():
        check = table.again()
        _read_table(check, letters=False)
        read_assumed(check)
        check.close()
    return found


def read_marks(section: Section) -> dict[str, dict[str, Marks]]:
    """Return the ratio marks of *section*: sector table → ratio → line. Raises Misconfigured."""
    return {name: _marks_row(section.section(name)) for name in section.names()}


def _marks_row(section: Section) -> dict[str, Marks]:
    return {ratio: _line(section, ratio) for ratio in section.names()}


def _line(section: Section, key: str) -> Marks:
    ends = section.section(key)
    marks = Marks(ends.take("zero", read_number), ends.take("full", read_number))
    ends.close()
    if marks.zero == marks.full:
        ends.wrong("zero and full must differ")
    return marks


NOTHING_SHARED = Shared({}, {}, {})
"""For methods that bring everything themselves."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What the cards of one policy stand in."""

    names: Names
    grades: tuple[str, ...]
    shared: Shared
    late: frozenset[str] = frozenset()
    """Labels that are known only after the cards."""
    sector: str | None = None
    """The alias of the sector code."""
    sectors: dict[str, str] = {}
    """Sector code → id of the ratio marks, with `default`."""
    parts: dict[str, Decimal] = {}
    """Points of each part, where cards state their share of it."""
    templates: tuple[str, ...] = ()
    letters: bool = False
    own_total: bool = False
    """Whether points are not scaled to 100."""


class CardReader:
    """Reads the cards of one policy. Letters and points do not mix."""

    def __init__(self, frame: Frame) -> None:
        """Read for *frame*."""
        self.frame = frame

    def read(self, section: Section) -> Card:
        """Return one card. Raises Misconfigured."""
        frame = self.frame
        card_id = section.take("id", read_text)
        measure = section.take("measure", read_text, card_id)
        if measure not in frame.names:
            section.wrong(f"{measure!r} is not declared under `measures`; declare it", "measure")
        if is_late(measure) or measure in frame.late:
            section.wrong(f"{measure!r} is known only after the cards; a card cannot read it", "measure")
        table, assumed = self._table(section, frame.names[measure])
        part, points, table = (None, None, table) if frame.letters else self._points(section, table)
        own = read_assumed(section)
        counts: Any = section.choice("counts", ("bonus", "deduction"), "") if "counts" in section else ""
        card = Card(
            id=card_id,
            measure=measure,
            reference=section.take("reference", read_text),
            missing=self._missing(section.section("missing"), table),
            part=part,
            points=points,
            sector=frame.sector if len(table.get("marks", ())) > 1 else None,
            reason=section.maybe("reason", read_text),
            assumed=own["assumed"] or assumed["assumed"],
            why=" ".join(text for text in (own["why"], assumed["why"]) if text),
            counts=counts,
            only=self._only(section),
            **table,
        )
        section.close()
        return card

    def _points(self, section: Section, table: dict[str, Any]) -> tuple[str | None, Decimal | None, dict[str, Any]]:
        """Part and points: stated, or a share of the part, or what the best of its bands gives; none where all are caps."""
        items = [*table.get("bands", ()), *table.get("lookup", ())]
        stated = [item.points for item in items if item.points is not None]
        given = len(stated) + sum(item.percent is not None for item in items)
        if items and not given and "points" not in section and "share" not in section:
            if not any(item.cap for item in items):
                section.wrong("the table gives nothing; write percent, points or cap for its bands", "bands")
            return section.maybe("part", read_text), None, table
        if items and (given != len(items) or (stated and len(stated) != len(items))):
            section.wrong("every band of a card gives a percent, or every one gives points; complete it", "bands")
        part = section.take("part", read_text)
        if "share" in section:
            points = self._share(section, part)
        elif stated and "points" not in section:
            points = max(stated)
        else:
            points = section.take("points", read_number)
        if points <= 0 and not self.frame.own_total:
            section.wrong("points must be above 0", "points")
        if stated and max(stated) != points:
            section.wrong(
                f"the best band gives {max(stated):f}, but the card has {points:f} points; make them equal", "points"
            )
        if stated and min(stated) < 0 and not self.frame.own_total:
            section.wrong("points are not negative; a card with `counts: deduction` deducts", "bands")
        return part, points, table

    def _share(self, section: Section, part: str) -> Decimal:
        if part not in self.frame.parts:
            section.wrong(f"`share` is a share of the part; state the points of {part!r} under `parts`", "share")
        return self.frame.parts[part] * section.take("share", read_number) / 100

    def _only(self, section: Section) -> tuple[str, ...]:
        only = section.texts("only") if "only" in section else ()
        for name in only:
            if name not in self.frame.templates:
                known = ", ".join(self.frame.templates) or "none: add the section `templates`"
                section.wrong(f"there is no template {name!r}; choose among {known}", "only")
        return only

    def _table(self, section: Section, kind: Kind) -> tuple[dict[str, Any], dict[str, Any]]:
        frame = self.frame
        forms = [form for form in _FORMS if form in section]
        if len(forms) != 1:
            section.wrong(f"write exactly one of {', '.join(_FORMS)}")
        assumed: dict[str, Any] = {"assumed": False, "why": ""}
        if forms[0] == "marks":
            ratio = section.take("marks", read_text)
            found: dict[str, Any] = {"marks": self._lines(section, ratio)}
            assumed = {"assumed": bool(frame.shared.why), "why": frame.shared.why}
        elif forms[0] == "line":
            found = {"marks": {"default": _line(section, "line")}}
        elif forms[0] == "table":
            name = section.take("table", read_text)
            if name not in frame.shared.tables:
                section.wrong(
                    f"there is no shared table {name!r}; choose one of {', '.join(frame.shared.tables)}", "table"
                )
            source = frame.shared.tables[name].again()
            found = _read_table(source, letters=frame.letters, grades=frame.grades)
            assumed = read_assumed(source)
        else:
            found = _read_table(section, letters=frame.letters, grades=frame.grades)
        if ("lookup" in found) == kind.is_number:
            section.wrong(f"a {kind} needs {'bands' if kind.is_number else 'a lookup'}")
        return found, assumed

    def _lines(self, section: Section, ratio: str) -> dict[str, Marks]:
        frame = self.frame
        if "default" not in frame.sectors:
            section.wrong("ratio marks need the section `sectors` with a default; add it", "marks")
        for name in frame.sectors.values():
            if ratio not in frame.shared.marks.get(name, {}):
                section.wrong(f"the marks {name!r} have no ratio {ratio!r}", "marks")
        return {code: frame.shared.marks[name][ratio] for code, name in frame.sectors.items()}

    def _missing(self, section: Section, table: dict[str, Any]) -> Missing:
        frame = self.frame
        then: Any = section.choice("then", _THEN)
        letter = section.maybe("letter", read_text)
        known = {item.letter for form in ("bands", "lookup") for item in table.get(form, ())}
        if frame.letters and then not in ("refuse", "letter"):
            section.wrong("a card of letters is refused or takes a letter when its measure is not known", "then")
        if (then == "letter") != (letter is not None) or (letter is not None and letter not in known):
            section.wrong("`then: letter` goes with `letter`, one that the card can give", "letter")
        percent, points = section.maybe("percent", read_number), section.maybe("points", read_number)
        if (then == "neutral") != ((percent is None) != (points is None)):
            section.wrong("`then: neutral` goes with `percent`, 0 to 100, or with `points`", "percent")
        if frame.own_total and then not in ("refuse", "neutral"):
            section.wrong("with a total of its own a card is refused or neutral with points", "then")
        missing = Missing(
            then=then,
            percent=percent if percent is None else _percent(section, percent),
            letter=letter,
            cap=section.choice("cap", frame.grades) if "cap" in section else None,
            reason=section.maybe("reason", read_text),
            task=section.maybe("task", read_text),
            points=points,
        )
        section.close()
        return missing


def _read_table(section: Section, *, letters: bool, grades: tuple[str, ...] = ()) -> dict[str, Any]:
    def gives(item: Section) -> dict[str, Any]:
        return _letter(item) if letters else _gives(item, grades)

    if "bands" in section:
        return {"bands": read_bands(section, gives)}
    entries: list[Entry] = []
    for item in section.sections("lookup"):
        code = item.take("is", read_text)
        if any(entry.code == code for entry in entries):
            item.wrong(f"the code {code!r} stands twice; keep one", "is")
        entries.append(Entry(code=code, reason=item.maybe("reason", read_text), **gives(item)))
        item.close()
    if not entries:
        section.wrong("a table needs bands or a lookup")
    return {"lookup": tuple(entries)}


def _letter(item: Section) -> dict[str, Any]:
    letter = item.take("letter", read_text)
    if len(letter) != 1:
        item.wrong("a letter is one character", "letter")
    return {"letter": letter}


def _gives(item: Section, grades: tuple[str, ...]) -> dict[str, Any]:
    """Percent or points, and the best grade that the band allows; the card sees to it that all its bands agree."""
    if not grades:
        return {"percent": _percent(item, item.take("percent", read_number))}
    percent, points = item.maybe("percent", read_number), item.maybe("points", read_number)
    if percent is not None and points is not None:
        item.wrong("write percent or points, not both", "points")
    return {
        "percent": percent if percent is None else _percent(item, percent),
        "points": points,
        "cap": item.choice("cap", grades) if "cap" in item else None,
    }


def _percent(item: Section, percent: Decimal) -> Decimal:
    if not 0 <= percent <= 100:
        item.wrong("a percentage lies between 0 and 100", "percent")
    return percent

"""The cards of a policy file, and the shared tables they name."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from shared.core.policy.card import Band, Card, Entry, Marks, Missing
from shared.core.policy.measure import Kind
from shared.edge.policy_rules import Kinds, read_assumed
from shared.edge.policy_yaml import Section, read_number, read_section, read_text

_THEN = ("refuse", "worst", "neutral", "best", "letter", "leave_out")


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
        {name: _marks_row(marks.section(name)) for name in marks.names()},
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


def _marks_row(section: Section) -> dict[str, Marks]:
    return {ratio: _marks(section, ratio) for ratio in section.names()}


def _marks(section: Section, ratio: str) -> Marks:
    ends = section.section(ratio)
    marks = Marks(ends.take("zero", read_number), ends.take("full", read_number))
    ends.close()
    if marks.zero == marks.full:
        ends.wrong("zero and full must differ")
    return marks


class CardReader:
    """Reads the cards of one policy. Letters and points do not mix."""

    def __init__(
        self, kinds: Kinds, grades: tuple[str, ...], shared: Shared, sectors: Mapping[str, str], letters: bool
    ) -> None:
        """*sectors* is sector code → id of the ratio marks, with `default`."""
        self.kinds, self.grades, self.shared, self.sectors, self.letters = kinds, grades, shared, sectors, letters

    def read(self, section: Section, sector: str | None) -> Card:
        """Return one card; *sector* is the alias of the sector code."""
        card_id = section.take("id", read_text)
        measure = section.take("measure", read_text, card_id)
        if measure not in self.kinds:
            section.wrong(f"{measure!r} is not declared under `measures`; declare it", "measure")
        table, assumed = self._table(section, self.kinds[measure])
        if self.letters:
            points, part = None, None
        else:
            points, part = section.take("points", read_number), section.take("part", read_text)
            if points <= 0:
                section.wrong("points must be above 0", "points")
        own = read_assumed(section)
        card = Card(
            id=card_id,
            measure=measure,
            reference=section.take("reference", read_text),
            missing=self._missing(section.section("missing"), table),
            part=part,
            points=points,
            sector=sector if "marks" in table else None,
            reason=section.maybe("reason", read_text),
            assumed=own["assumed"] or assumed["assumed"],
            why=" ".join(text for text in (own["why"], assumed["why"]) if text),
            **table,
        )
        section.close()
        return card

    def _table(self, section: Section, kind: Kind) -> tuple[dict[str, Any], dict[str, Any]]:
        forms = [form for form in ("bands", "lookup", "table", "marks") if form in section]
        if len(forms) != 1:
            section.wrong("write exactly one of bands, lookup, table, marks")
        assumed: dict[str, Any] = {"assumed": False, "why": ""}
        if forms[0] == "marks":
            ratio = section.take("marks", read_text)
            found: dict[str, Any] = {"marks": self._lines(section, ratio)}
            assumed = {"assumed": True, "why": self.shared.why}
        elif forms[0] == "table":
            name = section.take("table", read_text)
            if name not in self.shared.tables:
                section.wrong(
                    f"there is no shared table {name!r}; choose one of {', '.join(self.shared.tables)}", "table"
                )
            source = self.shared.tables[name].again()
            found = _read_table(source, letters=self.letters)
            assumed = read_assumed(source)
        else:
            found = _read_table(section, letters=self.letters)
        if ("lookup" in found) == kind.is_number:
            section.wrong(f"a {kind} needs {'bands' if kind.is_number else 'a lookup'}")
        return found, assumed

    def _lines(self, section: Section, ratio: str) -> dict[str, Marks]:
        if "default" not in self.sectors:
            section.wrong("ratio marks need the section `sectors` with a default; add it", "marks")
        for name in self.sectors.values():
            if ratio not in self.shared.marks.get(name, {}):
                section.wrong(f"the marks {name!r} have no ratio {ratio!r}", "marks")
        return {code: self.shared.marks[name][ratio] for code, name in self.sectors.items()}

    def _missing(self, section: Section, table: dict[str, Any]) -> Missing:
        then: Any = section.choice("then", _THEN)
        letter = section.maybe("letter", read_text)
        known = _letters(table)
        if self.letters and then not in ("refuse", "letter"):
            section.wrong("a card of letters is refused or takes a letter when its measure is not known", "then")
        if (then == "letter") != (letter is not None) or (letter is not None and letter not in known):
            section.wrong("`then: letter` goes with `letter`, one that the card can give", "letter")
        percent = section.maybe("percent", read_number)
        if (then == "neutral") != (percent is not None):
            section.wrong("`then: neutral` goes with `percent`, 0 to 100", "percent")
        missing = Missing(
            then=then,
            percent=percent if percent is None else _percent(section, percent),
            letter=letter,
            cap=section.choice("cap", self.grades) if "cap" in section else None,
            reason=section.maybe("reason", read_text),
            task=section.maybe("task", read_text),
        )
        section.close()
        return missing


def _letters(table: dict[str, Any]) -> set[str | None]:
    return {item.letter for form in ("bands", "lookup") for item in table.get(form, ())}


def _read_table(section: Section, *, letters: bool) -> dict[str, Any]:
    if "bands" in section:
        return {"bands": _bands(section, letters)}
    entries: list[Entry] = []
    for item in section.sections("lookup"):
        code = item.take("is", read_text)
        if any(entry.code == code for entry in entries):
            item.wrong(f"the code {code!r} stands twice; keep one", "is")
        entries.append(Entry(code=code, reason=item.maybe("reason", read_text), **_gives(item, letters)))
        item.close()
    if not entries:
        section.wrong("a table needs bands or a lookup")
    return {"lookup": tuple(entries)}


def _bands(section: Section, letters: bool) -> tuple[Band, ...]:
    bands: list[Band] = []
    for item in section.sections("bands"):
        excluded = "above" in item
        text = item.take("above" if excluded else "from", read_text)
        start = None if text == "-inf" and not excluded else _start(item, text)
        if (start is None) != (not bands):
            item.wrong("the first band, and no other, must be open: from: -inf")
        if len(bands) > 1 and start is not None and not _rises(bands[-1], start, excluded):
            item.wrong(f"bands must rise: {start} does not come after {bands[-1].start}")
        bands.append(Band(start, excluded, reason=item.maybe("reason", read_text), **_gives(item, letters)))
        item.close()
    if len(bands) < 2:
        section.wrong("a table needs at least two bands")
    return tuple(bands)


def _start(item: Section, text: str) -> Decimal:
    try:
        return read_number(text)
    except ValueError as error:
        item.wrong(f"{text!r}: {error}")


def _rises(before: Band, start: Decimal, excluded: bool) -> bool:
    assert before.start is not None
    return (before.start, before.start_excluded) < (start, excluded)


def _gives(item: Section, letters: bool) -> dict[str, Any]:
    if letters:
        letter = item.take("letter", read_text)
        if len(letter) != 1:
            item.wrong("a letter is one character", "letter")
        return {"letter": letter}
    return {"percent": _percent(item, item.take("percent", read_number))}


def _percent(item: Section, percent: Decimal) -> Decimal:
    if not 0 <= percent <= 100:
        item.wrong("a percentage lies between 0 and 100", "percent")
    return percent

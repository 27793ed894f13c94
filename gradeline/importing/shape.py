"""How the table of a file is laid out: its encoding, its columns and their other names, and the rows that are no data.

columns: [客户编码, {单据号: [单据编号, 单据号码]}]   a column, and what else exports call it
may_have: [备注]              columns that a file may lack; their cells are then empty
blanks: ["-", "00.00.0000"]   what stands for an empty cell
carried_down: [客户编码]       an empty cell means the one above it (merged cells)
totals: [合计, 小计]           rows that a total's name stands in are passed over and counted
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gradeline.importing.located import Located

TOTALS = (
    "合计",
    "小计",
    "总计",
    "累计",
    "本页合计",
    "本月合计",
    "本年累计",
    "Total",
    "Subtotal",
    "Sub-total",
    "Grand total",
)
KEYS = ("encoding", "delimiter", "sheet", "may_have", "blanks", "carried_down", "totals", "beyond_15_digits")


@dataclass(frozen=True)
class Shape:
    """What a mapping says of the table itself."""

    columns: tuple[str, ...]
    """The file has to have them."""
    may_have: tuple[str, ...] = ()
    others: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Column → the other names that exports give it."""
    encoding: str | None = None
    """None: found out (`encoding.detected`)."""
    delimiter: str | None = None
    """None: whichever the columns are found with."""
    sheet: str | None = None
    """None: the one sheet that has the columns."""
    blanks: frozenset[str] = frozenset()
    carried_down: tuple[str, ...] = ()
    totals: tuple[str, ...] = TOTALS
    rounds: bool = False
    """Whether a spreadsheet's number of more than 15 digits is taken as Excel shows it, instead of being refused."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that fields may name."""
        return (*self.columns, *self.may_have)


def compile_shape(top: dict[str, Located]) -> Shape:
    """The shape that the table *top* of a mapping describes. Raises Misconfigured naming the line."""
    others: dict[str, tuple[str, ...]] = {}
    columns = _columns(top["columns"], others)
    may_have = _columns(top["may_have"], others) if "may_have" in top else ()
    known = {*columns, *may_have}
    if len(known) < len(columns) + len(may_have):
        raise top["columns"].wrong("a column is named twice in columns: and may_have:; name each once")
    for item in top["carried_down"].items() if "carried_down" in top else ():
        if item.text() not in known:
            raise item.wrong(f"there is no column '{item.text()}'; the columns are: {', '.join(sorted(known))}")
    beyond = top["beyond_15_digits"].text() if "beyond_15_digits" in top else "refuse"
    if beyond not in ("refuse", "round"):
        raise top["beyond_15_digits"].wrong("write beyond_15_digits: round, or leave it out")
    return Shape(
        columns=columns,
        may_have=may_have,
        others=others,
        encoding=_encoding(top["encoding"]) if "encoding" in top else None,
        delimiter=_delimiter(top["delimiter"]) if "delimiter" in top else None,
        sheet=top["sheet"].text() if "sheet" in top else None,
        blanks=frozenset(_texts(top, "blanks")),
        carried_down=_texts(top, "carried_down"),
        totals=_texts(top, "totals") if "totals" in top else TOTALS,
        rounds=beyond == "round",
    )


def _texts(top: dict[str, Located], key: str) -> tuple[str, ...]:
    return tuple(item.text() for item in top[key].items()) if key in top else ()


def _columns(at: Located, others: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    names: list[str] = []
    for item in at.items():
        if item.is_text():
            names.append(item.text())
            continue
        table = item.table()
        if len(table) != 1:
            raise item.wrong("write {Column: [its other names]}, one column a line")
        for name, more in table.items():
            names.append(name)
            others[name] = tuple(one.text() for one in more.items())
    return tuple(names)


def _encoding(at: Located) -> str:
    name = at.text()
    try:
        "".encode(name)
    except LookupError as unknown:
        raise at.wrong(f"'{name}' is no encoding; write e.g. utf-8 or gb18030, or leave it out") from unknown
    return name


def _delimiter(at: Located) -> str:
    sign = {"tab": "\t"}.get(at.text(), at.text())
    if len(sign) != 1:
        raise at.wrong("the delimiter is one sign, e.g. ';', or the word tab")
    return sign

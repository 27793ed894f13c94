"""Held orders as a table and as the form on which one is let go, in one language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import msgspec
import yaml

from services.exposure.api import telling
from services.exposure.core.listing import HoldRow
from services.exposure.core.release_form import ReleaseForm
from services.exposure.core.telling import payable
from shared.core.money import plain
from shared.edge.codes import Words
from shared.edge.sheets import Column, Kind, Sheet

MOST = 10_000
"""So many held orders are listed in one workbook."""
_COLUMNS: dict[str, Kind] = {
    "customer_id": "text", "order_id": "text", "amount": "money", "currency": "text", "excess": "money", "reasons": "text",
    "held_on": "date", "control_point": "text", "company": "text", "segment": "text", "product_group": "text",
    "salesperson": "text", "hold_id": "text",
}  # fmt: skip


def _read() -> dict[str, Words]:
    text = files("services.exposure.api").joinpath("hold_words.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), dict[str, Words])


WORDS = _read()
Say = Callable[[str], str]


def speaker(chinese: bool) -> Say:
    """Says the words of a code in one language; a code without words stands for itself."""
    return lambda code: (WORDS[code].zh if chinese else WORDS[code].en) if code in WORDS else code


def shown(row: HoldRow) -> dict[str, Any]:
    """One held order as it is answered."""
    return {
        **{name: getattr(row, name) for name in row.__struct_fields__},
        "hold_id": telling.hold_id(row.customer_id, row.order_id),
        "reasons": [telling.words(code) for code in row.reasons],
        "amount": telling.written(row.amount, row.currency),
        "excess": telling.written(row.excess, row.currency),
    }


def sheet(rows: Sequence[HoldRow], *, chinese: bool) -> Sheet:
    """The queue, the longest held first, with a total for each currency; at most MOST of *rows*."""
    say = speaker(chinese)
    orders = [shown(row) for row in rows[:MOST]]
    columns = [Column(name, say(name), kind) for name, kind in _COLUMNS.items()]
    table = [[_cell(one, name, say, chinese=chinese) for name in _COLUMNS] for one in orders]
    totals: dict[str, Decimal] = {}
    for one in orders:
        totals[one["currency"]] = totals.get(one["currency"], Decimal(0)) + Decimal(one["amount"])
    blank = [None] * (len(columns) - 4)
    total = [[say("total"), None, amount, currency, *blank] for currency, amount in sorted(totals.items())]
    about = [(say("note"), say("cut"))] if len(rows) > MOST else []
    return Sheet(say("queue"), columns, table, total, about)


def _cell(one: Mapping[str, Any], name: str, say: Say, *, chinese: bool) -> Any:
    value = one[name]
    if name in {"amount", "excess"}:
        return Decimal(value)
    if name == "reasons":
        return ("；" if chinese else "; ").join(said["zh" if chinese else "en"] for said in value)
    return say(value) if name == "control_point" else value


_PAGE = Template("""<!doctype html>
<html lang="$language"><head><meta charset="utf-8"><title>$title $order</title>
<style>
@page{size:A4;margin:12mm}*{box-sizing:border-box}
body{font:$font "Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:186mm;margin:0 auto;color:#000}
h1{font-size:16pt;text-align:center;margin:0 0 4mm}h2{font-size:11pt;margin:$above 0 .5mm}
table{width:100%;border-collapse:collapse;table-layout:fixed;page-break-inside:avoid}
td,th{border:.3mm solid #666;padding:$pad 1.5mm;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{background:#eee;font-weight:600}.n{text-align:right}.sign td{height:9mm}small{font-size:8.5pt}p{margin:1mm 0}
@media print{th{background:none}}
</style></head><body>
<h1>$title</h1>$body
<p><small>$once</small></p></body></html>
""")

_FEW = 7
_LOOSE = {"font": "10.5pt/1.35", "pad": ".8mm", "above": "4mm"}
_DENSE = {"font": "8.5pt/1.15", "pad": ".2mm", "above": "1.5mm"}
"""How a page is set on which more than _FEW steps speak against the order, so that it stays one."""


def form(one: ReleaseForm, customer_id: str, *, chinese: bool) -> str:
    """The form as a page that prints on one sheet of A4."""
    say, moment, hold = speaker(chinese), one.figures.moment, one.hold
    currency = one.figures.currency
    grade = moment.account.grade_on(moment.day)

    def money(units: int) -> str:
        return f"{payable(units, currency):,} {currency}"

    limit, total, reserved = one.figures.effective.amount, one.figures.total, one.figures.reserved()
    order = {
        "customer_id": customer_id,
        "name": "",
        "order_id": hold.order_id,
        "amount": f"{payable(hold.amount, hold.currency):,} {hold.currency}",
        "held_on": f"{date.fromordinal(hold.held_on)}",
        "control_point": say(hold.control_point),
        "company": hold.place.company,
        "salesperson": hold.place.salesperson,
        "asked_by": one.asked_by,
    }
    account = {
        "as_of": f"{date.fromordinal(moment.day)}",
        "grade": grade.grade if grade and grade.grade else "–",
        "limit": money(limit),
        "exposure": money(total),
        "reserved": money(reserved),
        "headroom": money(limit - total - reserved),
        "with_order": money(one.judged.exposed),
        "excess": money(one.judged.excess),
        "days_past_due": f"{one.figures.late_days():,}",
    }
    account |= {
        f"{say('excess_of')} {group.group_id}": f"{payable(group.excess, group.currency):,} {group.currency}"
        for group in one.judged.groups
    }
    steps = [step for step in one.judged.steps if step.verdict != "pass"]
    told = [
        [
            step.reason and telling.words(step.reason)["zh" if chinese else "en"],
            step.value,
            step.threshold,
            say(step.verdict),
        ]
        for step in steps
    ]
    who = [
        [say(special.role), _reach(special.share, say, chinese=chinese), f"{special.days}", say("yes" if may else "no")]
        for special, may in one.who
    ]
    signs = [[say(name), "", "", "", ""] for name in (special.role for special, may in one.who if may)]
    parts = [
        _head(say("the_order")), _pairs(order, say), _head(say("the_account")), _pairs(account, say), _head(say("the_steps")),
        _table([say(name) for name in ("reason", "value", "threshold", "strength")], told, first=64) if told
        else f"<p>{escape(say('nothing'))}</p>",
        _head(say("the_authority")), _table([say(name) for name in ("role", "up_to", "days", "may")], who, first=30),
        _head(say("the_decision")),
        _table([say(name) for name in ("role", "released", "because", "signed", "dated")], signs, first=20, style="sign"),
    ]  # fmt: skip
    return _PAGE.substitute(
        language="zh-CN" if chinese else "en",
        title=escape(say("form")),
        order=escape(hold.order_id),
        body="".join(parts),
        once=escape(say("once")),
        **(_LOOSE if len(steps) <= _FEW else _DENSE),
    )


def _reach(share: Decimal | None, say: Say, *, chinese: bool) -> str:
    if share is None:
        return say("any")
    return f"{say('of_limit')} {plain(share * 100):f} %" if chinese else f"{plain(share * 100):f} % {say('of_limit')}"


def _head(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def _pairs(told: Mapping[str, str], say: Say) -> str:
    """Two pairs beside each other in a row."""
    cells = [f"<th>{escape(say(name))}</th><td>{escape(value)}</td>" for name, value in told.items()]
    rows = ("".join(cells[at : at + 2]) for at in range(0, len(cells), 2))
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str | None]], *, first: int, style: str = "") -> str:
    widths = f'<col style="width:{first}%">'
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = ("".join(f"<td>{escape(cell or '')}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<table class="{style}">{widths}<tr>{top}</tr>{body}</table>'

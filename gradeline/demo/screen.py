"""The live view of a terminal: everything of one moment, drawn from what is known. The newest is on top."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gradeline.demo.showing import Alarm, Change, Dealt, Showing, Step
from gradeline.demo.words import DIRECTIONS, ENDINGS, ORDERS, STEPS, Words

GRADES: dict[str | None, str] = {"A": "green", "B": "cyan", "C": "yellow", "D": "red", None: "bright_black"}
SEVERITIES = {"info": "cyan", "warning": "yellow", "critical": "bold red"}
ARROWS = {"up": "▲", "down": "▼", "first": "●", "lost": "○", "method": "◆"}
COLOURS = {"up": "green", "down": "red", "first": "cyan", "lost": "bright_black", "method": "magenta"}
MARKS = {"reserved": "✓", "held": "■", "released": "▶"}
LIFE = {"opened": "▲", "told": "✉", "acknowledged": "✓", "escalated": "⇧", "resolved": "●", "withdrawn": "○"}
DEALT = {"reserved": "green", "held": "bold red", "released": "cyan"}
BAR = 18
WIDE = 180
"""From so many columns on, warnings stand beside the grade changes."""
STOP = "Ctrl-C stops everything · Ctrl-C 停止全部"


def render(showing: Showing, *, width: int, height: int, now: float) -> RenderableType:
    """The whole screen. *now* is a second of the clock that the rates were noted with."""
    with showing.lock:
        whole, body = Layout(), Layout()
        top, bottom = 10, 3
        left = max(6, height - 1 - top - bottom)
        changes = Layout(_changes(showing, left), ratio=3)
        alarms = Layout(_alarms(showing, left), ratio=2)
        orders = Layout(_orders(showing, left), ratio=2)
        alerts = Layout(_alerts(showing, left), ratio=3)
        if width >= WIDE:
            right = Layout(ratio=2)
            right.split_column(alerts, orders, alarms)
            body.split_row(changes, right)
        else:
            body.split_column(changes, alerts, orders, alarms)
        whole.split_column(
            Layout(_headline(showing, now), size=1),
            Layout(_figures(showing, now), size=top),
            body,
            Layout(_footer(showing), size=bottom),
        )
        body.ratio = 1
        return whole


def time_left(done: int, total: int, speed: float) -> str:
    """Minutes and seconds until *total*, at *speed* a second."""
    if speed <= 0:
        return "–:––"
    minutes, seconds = divmod(round((total - done) / speed), 60)
    return f"{minutes}:{seconds:02d}"


def _headline(showing: Showing, now: float) -> RenderableType:
    line = Table.grid(padding=(0, 1), expand=False)
    what = Text.assemble(
        (" Gradeline ", "bold reverse"), " ", (showing.phase.en, "bold"), " · ", (showing.phase.zh, "bold")
    )
    if showing.history is None:
        line.add_row(what)
        return line
    done, total = showing.history
    speed = showing.telling.per_second(now)
    numbers = f"{done:,}/{total:,} · {speed:,.0f}/s · {time_left(done, total, speed)} left"
    line.add_row(what, ProgressBar(total=max(total, 1), completed=done, width=20), Text(numbers))
    return line


def _figures(showing: Showing, now: float) -> RenderableType:
    both = Table.grid(expand=True, padding=(0, 1))
    both.add_column(ratio=3)
    both.add_column(ratio=2)
    both.add_row(
        Panel(_numbers(showing, now), title="facts · 事实", title_align="left"),
        Panel(_distribution(showing), title="grades · 等级", title_align="left"),
    )
    return both


def _numbers(showing: Showing, now: float) -> Table:
    numbers = Table.grid(padding=(0, 1))
    numbers.add_column(no_wrap=True)
    numbers.add_column(no_wrap=True, justify="right")
    numbers.add_column(no_wrap=True, justify="right")
    accepted, applied = showing.accepted, showing.applied
    numbers.add_row("accepted 接收", f"{accepted.total:,}", f"{accepted.per_second(now):,.0f}/s")
    numbers.add_row("applied 入账", f"{applied.total:,}", f"{_waiting(showing)}{applied.per_second(now):,.0f}/s")
    moved = sum(showing.directions.values())
    turns = " ".join(f"{ARROWS[one]}{showing.directions[one]:,}" for one in ("first", "up", "down", "lost"))
    numbers.add_row("changes 变动", f"{moved:,}", turns)
    begun, ended = showing.alarmed["raised"], showing.alarmed["cleared"] + showing.alarmed["withdrawn"]
    numbers.add_row("warnings 预警", f"{showing.standing:,}", f"+{begun:,} −{ended:,}")
    dealt = " ".join(f"{MARKS[what]}{showing.dealt[what]:,}" for what in MARKS)
    numbers.add_row("orders 订单", f"{sum(showing.dealt.values()):,}", dealt)
    life = " ".join(f"{LIFE[what]}{showing.stepped[what]:,}" for what in LIFE)
    numbers.add_row("alerts 警示", f"{showing.stepped['opened']:,}", life)
    for currency, totals in sorted(showing.owed.items(), key=lambda item: item[1].receivable, reverse=True)[:2]:
        numbers.add_row(f"owed 应收 {currency}", f"{totals.receivable:,}", f"overdue 逾期 {totals.overdue:,}")
    return numbers


def _waiting(showing: Showing) -> str:
    return f"{showing.waiting:,} wait · 待入账  " if showing.waiting else ""


def _distribution(showing: Showing) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column()
    table.add_column(width=BAR)
    table.add_column(justify="right")
    most = max(showing.grades.values(), default=0)
    for grade in (*(known for known in GRADES if known), *_others(showing.grades), None):
        count = showing.grades[grade]
        cells = -(-count * BAR // most) if most else 0
        style = GRADES.get(grade, "white")
        table.add_row(Text(grade or "none 无", style), Text("█" * cells, style), f"{count:,}")
    return table


def _others(grades: Iterable[str | None]) -> list[str]:
    return sorted(grade for grade in grades if grade is not None and grade not in GRADES)


def _changes(showing: Showing, rows: int) -> Panel:
    table = _list(3, 6)
    for change in list(showing.changes)[:rows]:
        table.add_row(change.at, _who(change), shift(change), _both(change.why.en, change.why.zh))
    return Panel(table, title="grade changes · 等级变动", title_align="left")


def _alarms(showing: Showing, rows: int) -> Panel:
    table = _list(3, 4)
    for alarm in list(showing.alarms)[:rows]:
        word = ENDINGS.get(alarm.what)
        about = _both(f"{word.en if word else alarm.what}: {alarm.about.en}", alarm.about.zh)
        style = SEVERITIES.get(alarm.severity, "") if alarm.what == "raised" else "green"
        table.add_row(alarm.at, _who(alarm), Text(f"{alarm.rule} {alarm.severity}", style), about)
    return Panel(table, title="early warnings · 预警", title_align="left")


def _alerts(showing: Showing, rows: int) -> Panel:
    table = _list(3, 5)
    for one in list(showing.alerts)[:rows]:
        style = SEVERITIES.get(one.severity, "") if one.what == "opened" else "green"
        said = Text.assemble(f"{LIFE[one.what]} ", taken(one).en, " ", (taken(one).zh, "bright_black"))
        said.stylize(style, 0, 1)
        table.add_row(
            one.at, _who(one) if one.customer else Text(one.who, "bold"), said, _both(one.about.en, one.about.zh)
        )
    return Panel(table, title="alerts to people · 对人的警示", title_align="left")


def taken(one: Step) -> Words:
    """What happened to an alert, and by whom."""
    words, who = STEPS[one.what], f" {one.who}" if one.who and one.what == "acknowledged" else ""
    return Words(
        words.en.removesuffix(" by") + (f" by{who}" if who else ""),
        words.zh.removesuffix("：") + (f"：{one.who}" if who else ""),
    )


def _orders(showing: Showing, rows: int) -> Panel:
    table = _list(3, 4)
    for one in list(showing.orders)[:rows]:
        amount = Text(f"{MARKS[one.what]} {one.amount:,} {one.currency}", DEALT[one.what])
        table.add_row(one.at, _who(one), amount, _both(one.why.en, one.why.zh))
    return Panel(table, title="orders and credit checks · 订单与授信检查", title_align="left")


def _list(who: int, why: int) -> Table:
    """When, who, what, why; the last may take several lines."""
    table = Table(expand=True, box=None, padding=(0, 1, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, ratio=who, overflow="ellipsis")
    table.add_column(no_wrap=True)
    table.add_column(ratio=why)
    return table


def _footer(showing: Showing) -> Text:
    lines = [
        f" API {showing.rating}/docs   Kafka {showing.kafka} (credit.ratings, credit.limits, credit.alerts)",
        f" a token · 令牌: gradeline token --role risk_analyst --data {showing.data}",
        f" {STOP}",
    ]
    text = Text("\n".join(lines), style="dim", no_wrap=True, overflow="ellipsis")
    if showing.notice:
        text = Text(f" ! {showing.notice}\n", style="bold yellow", no_wrap=True, overflow="ellipsis") + text
    return text


def shift(change: Change) -> Text:
    """`B → D ▼`, in the colour of its direction."""
    colour = COLOURS.get(change.direction, "white")
    return Text(f"{change.was or '–'} → {change.now or '–'} {ARROWS.get(change.direction, '')}", style=f"bold {colour}")


def _who(one: Change | Alarm | Dealt | Step) -> Text:
    return Text.assemble((one.customer, "bold"), " ", one.name, overflow="ellipsis", no_wrap=True)


def _both(en: str, zh: str) -> Text:
    return Text.assemble(en, " ", (zh, "bright_black"), overflow="ellipsis")


def first_change(showing: Showing) -> str:
    """How long the first grade change took, from the start of the instance."""
    return "not yet" if showing.first_change_s is None else f"after {showing.first_change_s:.1f} s"


def last_words(showing: Showing) -> Group:
    """What stays on the terminal when the live view is gone."""
    with showing.lock:
        turned = ", ".join(f"{DIRECTIONS[one].en} {count:,}" for one, count in showing.directions.most_common())
        grades = ", ".join(f"{grade or 'none'} {showing.grades[grade]:,}" for grade in sorted(showing.grades, key=str))
        return Group(
            Text(f"{showing.accepted.total:,} facts accepted, {showing.applied.total:,} applied"),
            Text(f"grade changes: {turned or 'none'}"),
            Text(f"grades: {grades or 'none'}"),
            Text("orders: " + ", ".join(f"{ORDERS[what].en} {showing.dealt[what]:,}" for what in ORDERS)),
            Text(f"the first grade change came {first_change(showing)}"),
            Text("the data is kept: the same command goes on from here"),
        )

"""The same for a pipe or a file: one line for each grade change and each decision about an order, and a summary now and then."""

from __future__ import annotations

from gradeline.demo.screen import first_change, taken, time_left
from gradeline.demo.showing import Change, Dealt, Showing, Step


def changed(change: Change) -> str:
    """`grade 09:30:00 C88-00012 Huarui Ltd B -> D down: is in default / 已违约`."""
    who = f"{change.customer} {change.name}".rstrip()
    turn = f"{change.was or 'none'} -> {change.now or 'none'} {change.direction}"
    return f"grade {change.at} {who} {turn}: {change.why.en} / {change.why.zh}"


def line_of(one: Change | Dealt | Step) -> str:
    """A line for a grade change, for what was decided about an order, or for a step in the life of an alert."""
    if isinstance(one, Change):
        return changed(one)
    if isinstance(one, Step):
        who = f"{one.customer} {one.name}".strip() or one.who
        about = " / ".join(text for text in one.about if text)
        return f"alert {one.at} {who} {one.severity or 'mail'} {taken(one).en} {taken(one).zh}: {about}"
    who = f"{one.customer} {one.name}".rstrip()
    return f"order {one.at} {who} {one.order} {one.amount:,} {one.currency} {one.what}: {one.why.en} / {one.why.zh}"


def summary(showing: Showing, *, now: float) -> str:
    """One line: what is being done, facts and their rates, grades, warnings. *now* as for `screen.render`."""
    with showing.lock:
        accepted, applied = showing.accepted, showing.applied
        parts = [showing.phase.en]
        if showing.history is not None:
            done, total = showing.history
            speed = showing.telling.per_second(now)
            parts.append(f"{done:,}/{total:,} at {speed:,.0f}/s, {time_left(done, total, speed)} left")
        parts += [
            f"accepted {accepted.total:,} ({accepted.per_second(now):,.0f}/s)",
            f"applied {applied.total:,} ({applied.per_second(now):,.0f}/s), {showing.waiting:,} waiting",
            "grades "
            + " ".join(f"{grade or 'none'} {showing.grades[grade]:,}" for grade in ("A", "B", "C", "D", None)),
            f"warnings {showing.standing:,} (+{showing.alarmed['raised']:,} "
            f"-{showing.alarmed['cleared'] + showing.alarmed['withdrawn']:,})",
        ]
        parts.append(
            "orders " + " ".join(f"{what} {showing.dealt[what]:,}" for what in ("reserved", "held", "released"))
        )
        parts.append(
            "alerts " + " ".join(f"{what} {showing.stepped[what]:,}" for what in ("opened", "told", "acknowledged"))
        )
        parts.append(f"first grade change {first_change(showing)}")
        if showing.notice:
            parts.append(showing.notice)
    return "demo  " + " | ".join(parts)

"""The lines as a page: `docs/faults.md`. `python -m tests.faults.page` writes it again from `docs/faults.jsonl`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median

from tests.architecture.tree import ROOT
from tests.faults import table
from tests.faults.result import Line, read
from tests.faults.table import Row

PAGE, DATA = ROOT / "docs" / "faults.md", ROOT / "docs" / "faults.jsonl"
HEAD = """# Faults

Written by `make faults` from `docs/faults.jsonl`, one line a run; not edited by hand. Each run is a whole system of real processes
on loopback (database, broker, API, relay, workers), in a network namespace of its own where the run is root. Facts of known customers
flow in while the fault happens; afterwards everything is started again, has to come to rest, and then must hold:

- every acknowledged fact is in the log of its customer once and as it was said, and nothing else is (lost 0, doubled 0);
- accepted − applied − quarantined − pending = 0; what must be in quarantine or a dead letter is there, and nothing else;
- versions have no gap and no repetition; each change is decided once and goes on from the one before;
- whatever is in the outbox is on its topic, under the same id with the same content;
- balances are the sums of the facts, computed apart from the ledger; every row is what a fold from the first fact gives;
- every grade names its rules, their version and hash, and what they looked at.

`kill -9` is not a power cut: nothing here shows what a disk forgets that had promised to keep it. Workers and relay use the timeouts
of the embedded broker on both kinds.
"""
FIGURES = ("sent", "acked", "applied", "lost", "doubled", "quarantined", "dead_letters", "refused")


def page(rows: Mapping[int, Row], lines: Sequence[Line]) -> str:
    """Everything as Markdown."""
    return "\n".join(_lines(rows, lines)).rstrip() + "\n"


def _lines(rows: Mapping[int, Row], lines: Sequence[Line]) -> Iterator[str]:
    yield HEAD
    yield "| machine | commits | dates | runs |"
    yield "|---|---|---|---:|"
    for machine in sorted({line.machine for line in lines}):
        on = [line for line in lines if line.machine == machine]
        commits, dates = sorted({line.commit for line in on}), sorted({line.date for line in on})
        yield f"| {machine} | {', '.join(commits)} | {', '.join(dates)} | {len(on)} |"
    yield ""
    yield "## What was run"
    yield ""
    yield "Counts are sums over the seeds; *refused* counts answers and broken connections after which a batch was sent again."
    yield "*Recovered* is from the fault until everything accepted was applied, facts that came in meanwhile included."
    yield ""
    yield "| row | fault | expected | broker | passed | sent | acked | applied | lost | doubled | quarantined | dead letters | refused | recovered, median and longest | besides |"
    yield "|---:|---|---|---|---:|" + "---:|" * (len(FIGURES) + 1) + "---|"
    for row in rows.values():
        for broker in row.brokers:
            ran = [line for line in lines if (line.row, line.broker) == (row.row, broker) and not line.not_here]
            if ran:
                yield _row(row, broker, ran)
    yield from _section("Failed", [line for line in lines if line.failed], lambda line: line.failed)
    yield from _section(
        "Not run on this machine", [line for line in lines if line.not_here], lambda line: line.not_here
    )
    yield from _never(rows, lines)


def _row(row: Row, broker: str, ran: Sequence[Line]) -> str:
    passed = sum(not line.failed for line in ran)
    share = f"{passed} of {len(ran)}" if passed == len(ran) else f"**{passed} of {len(ran)}**"
    counts = [sum(getattr(line.figures, name) for line in ran) for name in FIGURES]
    recovered = [line.figures.recover_s for line in ran if line.figures.recover_s is not None]
    span = f"{median(recovered):.1f} s, {max(recovered):.1f} s" if recovered else ""
    words = [
        f"{row.row}",
        row.fault,
        row.expect,
        broker,
        share,
        *(f"{count:,}" for count in counts),
        span,
        _besides(ran),
    ]
    return f"| {' | '.join(words)} |"


def _besides(ran: Sequence[Line]) -> str:
    """What the row measures for itself: the same in all runs, or from the least to the most."""
    said = []
    for name in {name: None for line in ran for name in line.noted}:
        values = [line.noted[name] for line in ran if name in line.noted]
        first, last = (values[0], values[0]) if isinstance(values[0], str) else (min(values), max(values))
        said.append(f"{name.replace('_', ' ')} {first}" + (f" to {last}" if last != first else ""))
    return ", ".join(said)


def _section(title: str, lines: Sequence[Line], why: Callable[[Line], str]) -> Iterator[str]:
    if not lines:
        return
    yield from ("", f"## {title}", "", "| row | broker | seeds | why |", "|---:|---|---|---|")
    reasons: dict[tuple[int, str, str], list[int]] = {}
    for line in lines:
        reasons.setdefault((line.row, line.broker, why(line)), []).append(line.seed)
    for (row, broker, reason), seeds in reasons.items():
        yield f"| {row} | {broker} | {', '.join(map(str, seeds))} | {' '.join(reason.split()).replace('|', '/')} |"


def _never(rows: Mapping[int, Row], lines: Sequence[Line]) -> Iterator[str]:
    ran = {(line.row, line.broker) for line in lines}
    never = [(row, "no run is kept") for row in rows.values() for broker in row.brokers
             if not row.left_out and (row.row, broker) not in ran]  # fmt: skip
    out = [(row, row.left_out) for row in rows.values() if row.left_out] + never
    if not out:
        return
    yield from ("", "## Left out", "", "| row | fault | why |", "|---:|---|---|")
    yield from (f"| {row.row} | {row.fault} | {why} |" for row, why in sorted(out, key=lambda one: one[0].row))


if __name__ == "__main__":
    PAGE.write_text(page(table.load(), read(DATA)), "utf-8")

"""The figures as a page and as data: `docs/benchmarks.md`, `docs/benchmarks.json`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from tests.bench.report import Figure, Table, Told, shown
from tests.bench.scale import Scale

TARGETS = Path(__file__).with_name("targets.yaml")
RATIOS = (
    ("replay_to_peer", "replay to state ÷ the peer's replay", "replay_one", "peer_replay"),
    ("ingest_to_peer_single", "ingest ÷ the peer's append, an event a transaction", "ingest_small", "peer_single"),
    ("ingest_to_peer_batch", "ingest ÷ the peer's append in batches", "ingest_small", "peer_batch"),
    ("ingest_to_consume", "ingest ÷ what kafka-python consumes", "ingest_small", "limit_consume"),
    ("ingest_to_copy", "ingest ÷ what COPY writes", "ingest_small", "limit_copy"),
)
"""Key, what, and the keys of the two figures: measured in one run, they can be compared with other machines."""
HOW = """\
- **ingest**: every customer is known and graded before; what is timed begins when all of today's facts are in the broker
  and ends when the last is committed, grade and projection included. Nine invoices in ten are dated today, the others one
  to three days back. The few customers have half a year behind them, the many the least that gives a grade. Two workers
  share the partitions; they read a backlog here, so one transaction holds many facts of few partitions.
- **stored**: the traffic of the many customers at each size of the store; what it grows by are copies of their logs under other
  names, which nobody asks for. Compared is CPU, which other work on the machine hardly changes.
- **import**: one row for each settled invoice, two facts a row, fifty rows a customer over two years, into an instance that
  decides meanwhile; it ends when the last fact is in the log.
- **replay**: reads the log that the first ingest left; each reading in a process of its own, two processes share the hash
  partitions.
- **peer**: `eventsourcing`, one aggregate a customer, a payment an event, on a PostgreSQL with the same settings.
- **assessment**: `Engine.sheet` and `step` for one customer in one process; the decision adds the walk from today, what is
  announced and the projection's row.
- **latency**: the whole instance as `gradeline up` starts it; facts leave at their time whether or not answers have come,
  from one process with kept-alive connections; another process listens with kafka-python.
- **alerting**: the whole instance with a mail server on this machine; two facts a second, each ends a customer and opens a critical
  alert, and each customer's manager is sent mail. Measured is from the time a fact was to leave to the mail that names it.
- **limits**: the parts alone over the same kind of facts.
- PostgreSQL and broker are the embedded ones with the settings an instance has (fsync on); each step has fresh ones.
"""

WHY = """\
- **ingest**: the processors of the workers are the limit; database and broker take a tenth of what they take. Of a fact about a
  customer in memory a third is the fold and two thirds are the decision (measures 30 µs, evaluation 15, the next day to look at 7,
  the row 7, what is announced 6). Over 1,000 customers four facts share a decision. Over 100,000 every fact has its own, and
  code and state no longer fit the caches of the processor: the fold of an invoice costs 11 µs in a loop and 30 among many customers.
- **replay**: an event costs 1.6 µs of decoding with its amounts, 0.6 of envelope and times and 4 to 5 of fold; 150,000 events/s would be
  6.7 µs with the reading of the database, which plain Python does not reach.
- **checks**: checks that wait at the same time share a transaction of six round trips, so the busier it is, the less each costs. At
  200 a second the API takes 3 ms of its processor a check (a third judges and decides, a third is the driver and the loop, the rest
  HTTP and rows), database, worker and whoever asks 1.3 processors besides: two are full then, and what is full makes wait. With the
  worker stopped, over 6,000 customers, p99 is mostly 26 to 66 ms. Where few are asked it is the disk, for which every commit waits,
  and rows of partitions, which the worker holds while its own commit waits.
- **latency**: at 500 facts/s the processes of an instance, exposure among them, take nearly both processors, so what waits is the
  queue, not the wire; at 100 facts/s p50 is 30 to 40 ms.
- Compiling `services/rating/core` and `shared/core` (mypyc) took an assessment from 51 to 28 µs and a decision from 105 to 62 in a
  trial. It is not done: it needs a compiler wherever the package is built, and two ways for every rule to run.

These parts were timed by themselves on a machine of this kind.
"""


def ratios(tolds: Sequence[Told]) -> list[Figure]:
    """What is measured against what, where both were."""
    values = {figure.key: figure.value for told in tolds for figure in told.figures}
    return [
        Figure(key=key, what=what, value=values[ours] / values[theirs], unit="times")
        for key, what, ours, theirs in RATIOS
        if ours in values and values.get(theirs)
    ]


def data(machine: dict[str, str], scale: Scale, tolds: Sequence[Told], load: float) -> bytes:
    """Everything as JSON."""
    targets = _targets()
    figures = [
        {**msgspec.structs.asdict(figure), **({"target": targets[figure.key]} if figure.key in targets else {})}
        for figure in [*(figure for told in tolds for figure in told.figures), *ratios(tolds)]
    ]
    failed = {told.step: told.failed for told in tolds if told.failed}
    seconds = {told.step: round(told.seconds, 1) for told in tolds}
    whole = {"machine": machine | versions(tolds), "load_before": load, "scale": msgspec.structs.asdict(scale),
             "figures": figures, "failed": failed, "seconds": seconds, "steps": tolds}  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def kept(before: Path, machine: dict[str, str], ran: Sequence[Told], order: Sequence[str]) -> list[Told]:
    """Every step of *order*: as it *ran* now, else as the run kept at *before* had it, if that was on the same machine."""
    whole = msgspec.json.decode(before.read_bytes()) if before.exists() else {}
    same = all(whole.get("machine", {}).get(part) == machine[part] for part in ("CPU", "memory"))
    old = msgspec.convert(whole.get("steps", []) if same else [], list[Told])
    found = {told.step: told for told in (*old, *ran)}
    return [found[step] for step in order if step in found]


def page(machine: dict[str, str], scale: Scale, tolds: Sequence[Told], load: float, *, quick: bool) -> str:
    """Everything as Markdown."""
    return "\n".join(_lines(machine, scale, tolds, load, quick)).rstrip() + "\n"


def versions(tolds: Sequence[Told]) -> dict[str, str]:
    """The parts that the steps ran on."""
    return {part: version for told in tolds for part, version in told.versions.items()}


def _lines(machine: dict[str, str], scale: Scale, tolds: Sequence[Told], load: float, quick: bool) -> Iterator[str]:
    yield "# Benchmarks"
    yield ""
    yield "Written by `make bench`; not edited by hand. Everything on one machine, side by side: on another machine the values"
    yield "differ, the ratios hardly. A step with a date of its own ran on that day, by itself."
    if quick:
        yield ""
        yield "**This was a quick run**: too short for values that are compared with the promises."
    yield ""
    yield "| machine | |"
    yield "|---|---|"
    for name, text in {**machine, **versions(tolds), "load before the run": f"{load:.1f}"}.items():
        yield f"| {name} | {text} |"
    yield ""
    yield "## What is promised"
    yield ""
    yield from _promised(tolds)
    yield ""
    yield "## Everything that was measured"
    for told in tolds:
        yield ""
        yield f"### {told.step}{f' ({told.date})' if told.date != machine['date'] else ''}"
        yield ""
        yield from _told(told)
    yield ""
    yield "## Why not more"
    yield ""
    yield WHY
    yield "## How"
    yield ""
    yield HOW
    yield f"Sizes of this run: {scale.events:,} facts an ingest, {scale.rate} facts/s for {scale.seconds:g} s."


def _promised(tolds: Sequence[Told]) -> Iterator[str]:
    measured = {figure.key: figure for told in tolds for figure in told.figures}
    measured |= {figure.key: figure for figure in ratios(tolds)}
    yield "| what | measured | target | share of the target |"
    yield "|---|---:|---:|---:|"
    failed = "; ".join(f"{told.step} failed" for told in tolds if told.failed)
    for key, target in _targets().items():
        figure = measured.get(key)
        bound, least = next(iter(target.values())), "at_least" in target
        sign = "≥" if least else "≤"
        if figure is None:
            yield f"| {key} | not measured{f' ({failed})' if failed else ''} | {sign} {bound:,} | |"
            continue
        share = figure.value / bound if least else bound / figure.value
        unit = f" {figure.unit}"
        yield f"| {figure.what} | {shown(figure.value)}{unit} | {sign} {bound:,}{unit} | {100 * share:.0f} % |"
    rest = [figure for figure in ratios(tolds) if figure.key not in _targets()]
    if rest:
        yield ""
        yield "| ratio | |"
        yield "|---|---:|"
        yield from (f"| {figure.what} | {shown(figure.value)} |" for figure in rest)


def _told(told: Told) -> Iterator[str]:
    if told.failed:
        yield f"**Failed**: {told.failed.replace('|', '/')}"
        yield ""
    if told.figures:
        yield "| what | measured | |"
        yield "|---|---:|---|"
        for figure in told.figures:
            yield f"| {figure.what} | {shown(figure.value)} {figure.unit} | {figure.note} |"
    for table in told.tables:
        yield from _table(table)
    for remark in told.remarks:
        yield ""
        yield remark


def _table(table: Table) -> Iterator[str]:
    yield ""
    yield f"{table.title}:"
    yield ""
    yield f"| {' | '.join(table.head)} |"
    yield "|---" + "|---:" * (len(table.head) - 1) + "|"
    for row in table.rows:
        first, *others = row
        yield f"| `{first}` | {' | '.join(others)} |"


def _targets() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(TARGETS.read_text("utf-8"))
    return found

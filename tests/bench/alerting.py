"""A fact posted over HTTP to the mail in the mailbox of whom it concerns: the whole instance, with a mail server of this machine.

Every customer is prepared as for `latency`, then ends at once; that opens a critical alert, which is mail to its manager and to
the management. A manager has few customers, as people have, so that what is timed is no storm: those go in digests.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from shared.edge.embedded.process import wait_until
from tests.bench import traffic
from tests.bench.latency import PATIENCE_SECONDS, prepare
from tests.bench.openloop import Load
from tests.bench.report import Report
from tests.bench.scale import Scale
from tests.support.mailed import AWAKE, Mailed, mailed

RATE = 2.0
"""Facts a second: more people have to be told of than call anybody up."""
WARM = 4
"""Posted at the same rate before what is counted."""
EACH = 4
"""Customers of a manager: below a storm."""


def alerting(scale: Scale, folder: Path, report: Report) -> None:
    """Prepare, post, wait for the mails, and tell the quantiles."""
    customers = WARM + int(5 * scale.seconds)
    folder.mkdir(parents=True, exist_ok=True)
    with mailed(folder, _kept_by(customers), people=_staff_of(customers)) as one:
        day = one.instance.day()
        prepare(one.instance, customers, day)
        _calm(one)
        load = Load(one.instance.url, path="/v1/events", token=one.instance.token("integrator"),
                    content_type="application/cloudevents+json")  # fmt: skip
        before = len(one.arrived)
        posted = asyncio.run(load.post([traffic.signal(number, day)[1] for number in range(customers)], RATE))
        refused = [answer.status for answer in posted if answer.status != 202]
        if refused:
            raise RuntimeError(f"{len(refused)} of {len(posted)} posts were refused, the first with {refused[0]}")
        wait_until(lambda: len(_first(one, customers, before)) == customers, PATIENCE_SECONDS, pause=0.5)
        found = _first(one, customers, before)
    missing = [number for number in range(customers) if number not in found]
    if missing:
        raise RuntimeError(f"{len(missing)} of {customers} managers got no mail about their customers")
    waits = sorted(1000 * (found[number] - posted[number].due) for number in range(WARM, customers))
    note = f"{RATE:g} facts/s, {len(waits)} customers"
    for share in (50, 99):
        report.figure(f"alerting_p{share}", f"posted fact to mail at its manager, p{share}",
                      waits[min(len(waits) * share // 100, len(waits) - 1)], "ms", note)  # fmt: skip
    report.figure("alerting_max", "the same, slowest", waits[-1], "ms")
    report.figure("alerting_mails", "mails that arrived meanwhile", len(one.arrived) - before, "mails")


def _calm(one: Mailed) -> None:
    """Wait until what came of the past has been told."""
    waiting = "select count(*) as n from alerts.notices where resolved_at is null and state = 'waiting'"
    if not wait_until(lambda: one.instance.rows(waiting)[0]["n"] == 0, PATIENCE_SECONDS, pause=0.5):
        raise RuntimeError("what came of the past was not planned in time")


def _first(one: Mailed, customers: int, before: int) -> dict[int, float]:
    """Customer → when its manager first got mail that names it."""
    names = {traffic.subject_of(number): number for number in range(customers)}
    found: dict[int, float] = {}
    for at in one.arrived[before:]:
        for subject, number in names.items():
            if at.what.to == f"{_keeper_of(number)}@example.com" and subject in at.what.title:
                found.setdefault(number, at.seconds)
    return found


def _keeper_of(number: int) -> str:
    return f"m.{number // EACH}"


def _staff_of(customers: int) -> str:
    names = dict.fromkeys(_keeper_of(number) for number in range(customers))
    return "".join(f"{name},{name},{name},en,hq,boss,,sales,email:{name}@example.com,{AWAKE}\n" for name in names)


def _kept_by(customers: int) -> str:
    return "".join(f"{traffic.subject_of(n)},{_keeper_of(n)},2020-01-01,\n" for n in range(customers))

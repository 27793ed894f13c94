"""A mapping as a Chinese ledger needs it, and what an import of some rows gives."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from gradeline.importing import mapping as mappings
from gradeline.importing.facts import Refusal
from gradeline.importing.report import Report
from gradeline.importing.run import Import, Survey

CHINESE = """\
mapping: ours
source: /files/ours
zone: Asia/Shanghai
thousands_mark: ","
columns: [客户编码, {单据号: [单据编号]}, 日期, 金额]
may_have: [到期日, 币种, 备注]
facts:
  - type: credit.transaction.recorded.v1
    id: "invoice-{单据号}"
    subject: "{客户编码}"
    at: {date: 日期}
    data:
      transaction_id: "{单据号}"
      kind: invoice
      amount: {money: 金额}
      currency: CNY
      booked_on: {date: 日期}
      due_on: {date: 到期日, optional: yes}
"""
COLUMNS = ("客户编码", "单据号", "日期", "金额", "到期日")


class Read:
    """What a file gives: its facts by id, its refusals, and what was passed over."""

    def __init__(self, path: Path, text: str = CHINESE, *, cut_over: date | None = None) -> None:
        mapping = mappings.read(text, "ours.yaml", cut_over=cut_over)
        self.job = Import(path, mapping, False, lambda done, total, what: None)
        report = Report(None, keep=10_000)
        self.survey: Survey = self.job.survey(report)
        self.refusals: list[Refusal] = report.kept
        parcels = list(self.job._parcels(self.survey))
        self.events: list[dict[str, Any]] = [event for parcel in parcels for event in parcel.events]
        self.facts = {event["id"]: event for event in self.events}

    @property
    def data(self) -> dict[str, dict[str, Any]]:
        """The data of each fact, by its id."""
        return {name: event["data"] for name, event in self.facts.items()}

    @property
    def refused(self) -> list[tuple[int, str, str]]:
        """(row, column, rule) of each refusal."""
        return [(one.row, one.column, one.rule) for one in self.refusals]

    @property
    def notes(self) -> str:
        """What is said aloud about the file."""
        return "\n".join(str(one) for one in self.job.file.notes)


def csv_of(folder: Path, *lines: str, encoding: str = "utf-8", header: str = ",".join(COLUMNS)) -> Path:
    """A file of *lines* below *header*."""
    path = folder / "ours.csv"
    path.write_bytes("".join(f"{line}\n" for line in (header, *lines)).encode(encoding))
    return path

"""What a step tells: figures, one small table at most, remarks. Kept in a file after every line, so that a step that is
ended leaves what it had."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value. *key* is what `targets.yaml` and the JSON know it by."""

    key: str
    what: str
    value: float
    unit: str
    note: str = ""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of text under a heading."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


class Told(msgspec.Struct, kw_only=True):
    """Everything of one step. *failed* is why it did not come to its end; *versions* are of the parts it ran on."""

    step: str
    figures: list[Figure] = []
    tables: list[Table] = []
    remarks: list[str] = []
    versions: dict[str, str] = {}
    failed: str | None = None
    seconds: float = 0.0
    date: str = ""

    def value(self, key: str) -> float | None:
        """The figure *key*, where it was measured."""
        return next((figure.value for figure in self.figures if figure.key == key), None)


class Report:
    """Collects what one step tells, and prints each line as it comes."""

    def __init__(self, step: str, path: Path) -> None:
        """*path* is written after every line."""
        self._path = path
        self.told = Told(step=step)

    def figure(self, key: str, what: str, value: float, unit: str, note: str = "") -> None:
        """Tell one value."""
        self.told.figures.append(Figure(key=key, what=what, value=value, unit=unit, note=note))
        print(f"  {what}: {shown(value)} {unit}{f'  ({note})' if note else ''}", flush=True)
        self.keep()

    def table(self, title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        """Tell some rows."""
        self.told.tables.append(Table(title=title, head=head, rows=rows))
        print(f"  {title}: {len(rows)} rows", flush=True)
        self.keep()

    def remark(self, sentence: str) -> None:
        """Tell what a reader of the figures must know."""
        self.told.remarks.append(sentence)
        self.keep()

    def version(self, part: str, version: str) -> None:
        """Tell what was run on."""
        self.told.versions[part] = version
        self.keep()

    def fail(self, reason: str) -> None:
        """Tell why the step ends early."""
        self.told.failed = reason
        print(f"  failed: {reason}", flush=True)
        self.keep()

    def keep(self) -> None:
        """Write everything told so far."""
        self._path.write_bytes(msgspec.json.encode(self.told))


def read(path: Path, step: str) -> Told:
    """What a step left at *path*; nothing, where it did not come so far."""
    return msgspec.json.decode(path.read_bytes(), type=Told) if path.exists() else Told(step=step)


def shown(value: float) -> str:
    """A value as people read it: three significant digits below a thousand, whole above."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"

"""One import from file to reports, as the command and the drop folder do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gradeline.importing import sheet_report
from gradeline.importing.mapping import Mapping
from gradeline.importing.report import Report, Summary
from gradeline.importing.run import Import, Shows, Survey
from gradeline.post import Poster
from gradeline.target import Target
from shared.core.errors import Misconfigured
from shared.edge import clock

SHEET = ".xlsx"


class Unfit(Misconfigured):
    """The file does not fit the mapping, or cannot be read."""


@dataclass(frozen=True)
class Job:
    """How files are imported."""

    mapping: Mapping
    to: Target | None
    """None: a dry run."""
    batch: int
    known_as_occurred: bool = False

    def carry_out(self, path: Path, reports: Sequence[Path], shows: Shows) -> Done:
        """Import the file at *path* and write *reports*.

        Raises Unfit before anything is posted, Misconfigured, Unavailable where the API stays away.
        """
        start = clock.monotonic()
        texts, sheets = told_apart(reports, path)
        with Report(texts, keep=sheet_report.COMMENTS if sheets else 0) as report:
            work = Import(path, self.mapping, self.known_as_occurred, shows)
            try:
                survey = work.survey(report)
            except Misconfigured as unfit:
                if sheets is not None:
                    sheets.unlink()
                raise Unfit(unfit.message) from unfit
            taken, duplicates = survey.facts, 0
            if self.to is not None:
                with Poster(self.to.url, token=self.to.token) as poster:
                    taken, duplicates = work.post(survey, poster, report, batch=self.batch)
        summary = Summary(
            file=str(path),
            mapping=self.mapping.name,
            dry_run=self.to is None,
            known_as_occurred=self.known_as_occurred,
            rows=survey.rows,
            rows_refused=len(report.rows),
            skipped=dict(sorted(survey.skipped.items())),
            customers=len(survey.subjects),
            facts=dict(sorted(taken.items())),
            repeated=survey.repeated,
            duplicates=duplicates,
            rules=dict(sorted(report.rules.items())),
            seconds=round(clock.monotonic() - start, 3),
            report=", ".join(str(one) for one in reports) or None,
            notes=work.file.notes,
        )
        if sheets is not None:
            sheet_report.write(sheets, work.file, report, summary)
        return Done(summary, report, survey)


@dataclass(frozen=True)
class Done:
    """What became of one file."""

    summary: Summary
    report: Report
    survey: Survey


def told_apart(reports: Sequence[Path], path: Path) -> tuple[Path | None, Path | None]:
    """(text report, sheet) of *reports* on *path*, the sheet made sure of.

    Raises Misconfigured for two of one kind, for the file itself, and for a sheet that cannot be written.
    """
    sheets = [report for report in reports if report.suffix.lower() == SHEET]
    texts = [report for report in reports if report not in sheets]
    if len(sheets) > 1 or len(texts) > 1:
        raise Misconfigured("give --report once for the text (.csv) and once for the sheet (.xlsx)")
    for report in reports:
        not_itself(report, path)
    for report in sheets:
        sheet_report.claim(report)
    return (texts[0] if texts else None), (sheets[0] if sheets else None)


def not_itself(report: Path, path: Path) -> None:
    """Raise Misconfigured where *report* would be written over *path*."""
    if report.resolve() == path.resolve() or (report.exists() and path.exists() and report.samefile(path)):
        raise Misconfigured(f"{report}: the report would overwrite the file itself; name another")

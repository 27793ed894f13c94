"""Fit scorecards with the real libraries, and write their tables and their own scores of random customers.

Run where they are installed, one at a time: `python tests/support/fit_scorecards.py optbinning|scorecardpy|pmml FOLDER`
(`optbinning` with `scikit-learn`; `scorecardpy` needs pandas before 2; `pmml` is `pypmml`, which needs Java, and scores
FOLDER/*.pmml on the customers of the other two). What it wrote is kept in tests/samples/scorecards.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

CUSTOMERS, ASKED = 4000, 300


def portfolio(rows: int, seed: int) -> tuple[Any, Any]:
    """Customers with numbers, a code and gaps, and who of them defaulted."""
    import numpy as np
    import pandas as pd

    chance = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "days_late": chance.gamma(1.5, 6, rows).round(1),
            "utilisation": chance.uniform(0, 1.2, rows).round(4),
            "months": chance.integers(0, 120, rows).astype(float),
            "size_class": chance.choice(["large", "medium", "small", "micro"], rows),
        }
    )
    size = frame["size_class"].map({"large": -0.6, "medium": -0.2, "small": 0.2, "micro": 0.6})
    logit = -2 + 0.08 * frame["days_late"] + 1.5 * frame["utilisation"] - 0.012 * frame["months"] + size
    bad = (chance.uniform(size=rows) < 1 / (1 + np.exp(-logit))).astype(int)
    frame.loc[chance.choice(rows, rows // 20, replace=False), "utilisation"] = np.nan
    frame.loc[chance.choice(rows, rows // 25, replace=False), "size_class"] = None
    return frame, bad


def asked(frame: Any, scores: Any) -> list[dict[str, Any]]:
    """Customers and the scores that the library gives them."""
    rows = json.loads(frame.to_json(orient="records", double_precision=12))
    return [{"values": row, "score": float(score)} for row, score in zip(rows, scores, strict=True)]


def with_optbinning(folder: Path) -> None:
    """OptBinning: a logistic scorecard, 600 points at odds of 50 to 1, 20 points to double them."""
    from optbinning import BinningProcess, Scorecard
    from sklearn.linear_model import LogisticRegression

    frame, bad = portfolio(CUSTOMERS, 7)
    process = BinningProcess(list(frame.columns), categorical_variables=["size_class"])
    scaling = {"pdo": 20, "odds": 50, "scorecard_points": 600}
    card = Scorecard(process, LogisticRegression(), scaling_method="pdo_odds", scaling_method_params=scaling)
    card.fit(frame, bad, show_digits=8)  # else the table shows edges that are rounded to 2 decimals
    card.table(style="detailed").to_csv(folder / "optbinning.csv", index=False)
    others, _ = portfolio(ASKED, 8)
    _write(folder / "optbinning.json", asked(others, card.score(others)))


def with_scorecardpy(folder: Path) -> None:
    """Write scorecardpy's: 600 points at odds of 19 to 1, 50 points to double them; it rounds points to whole ones."""
    import pandas as pd
    import scorecardpy
    from sklearn.linear_model import LogisticRegression

    frame, bad = portfolio(CUSTOMERS, 7)
    frame["bad"] = bad
    bins = scorecardpy.woebin(frame, y="bad", print_step=0, no_cores=1)
    weights = scorecardpy.woebin_ply(frame, bins, print_step=0, no_cores=1)
    inputs = weights.drop(columns="bad")
    model = LogisticRegression().fit(inputs, weights["bad"])
    card = scorecardpy.scorecard(bins, model, inputs.columns, points0=600, odds0=1 / 19, pdo=50)
    pd.concat(card).to_csv(folder / "scorecardpy.csv", index=False)
    others, _ = portfolio(ASKED, 8)
    _write(folder / "scorecardpy.json", asked(others, scorecardpy.scorecard_ply(others, card, print_step=0)["score"]))


def with_pmml(folder: Path) -> None:
    """Write what PMML4S says of each document of the folder, on the customers that lie beside it."""
    from pypmml import Model

    for file in sorted(folder.glob("*.pmml")):
        model = Model.load(str(file))
        rows = json.loads((folder / f"{file.stem}.inputs.json").read_text("utf-8"))
        told_all = [model.predict(row["values"]).values() for row in rows]
        scores = [next((v for v in told if isinstance(v, int | float) and v == v), None) for told in told_all]
        told = [{"values": row["values"], "score": score} for row, score in zip(rows, scores, strict=True)]
        _write(folder / f"{file.stem}.scores.json", told)


def _write(file: Path, told: list[dict[str, Any]]) -> None:
    file.write_text("[\n" + ",\n".join(json.dumps(one) for one in told) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    {"optbinning": with_optbinning, "scorecardpy": with_scorecardpy, "pmml": with_pmml}[sys.argv[1]](Path(sys.argv[2]))

"""Why the domain says no, in order of precedence. A refusal is a value that is recorded and shown, never an exception."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """Each member is a code that does not change; its sentence is in `SENTENCES`. The order is the precedence."""

    MERGED = "MERGED"
    NO_METHOD = "NO_METHOD"
    POLICY_NOT_IN_FORCE = "POLICY_NOT_IN_FORCE"
    RATE_MISSING = "RATE_MISSING"
    TOO_FEW_FACTS = "TOO_FEW_FACTS"
    MEASURE_MISSING = "MEASURE_MISSING"
    TOO_THIN = "TOO_THIN"
    GRADE_LAPSED = "GRADE_LAPSED"
    GRADE_UNCONFIRMED = "GRADE_UNCONFIRMED"


SENTENCES: dict[Refusal, str] = {
    Refusal.MERGED: "the customer was merged into another and is no longer graded",
    Refusal.NO_METHOD: "no rating method applies to this customer",
    Refusal.POLICY_NOT_IN_FORCE: "no version of the method was in force on that day",
    Refusal.RATE_MISSING: "an amount is in a currency for which no exchange rate is known",
    Refusal.TOO_FEW_FACTS: "fewer than three documents have fallen due, or less than three months of history",
    Refusal.MEASURE_MISSING: "a measure without which the method has no sense is not known",
    Refusal.TOO_THIN: "less than half of the points of the card could be judged",
    Refusal.GRADE_LAPSED: "the validity of the grade ended and no review was completed",
    Refusal.GRADE_UNCONFIRMED: "the first grade waits for who must grant it",
}

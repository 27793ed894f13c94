"""Why an approval is not given, as values. Each code has its sentences in `shared/edge/codes.yaml` and never changes."""

from __future__ import annotations

from enum import StrEnum


class No(StrEnum):
    """Why a command about an approval changes nothing."""

    UNKNOWN = "APPROVAL_UNKNOWN"
    ID_TAKEN = "APPROVAL_ID_TAKEN"
    CLOSED = "APPROVAL_CLOSED"
    LAPSED = "APPROVAL_LAPSED"
    OTHER_CONTENT = "APPROVAL_OTHER_CONTENT"
    CHANGED = "APPROVAL_CHANGED"
    OWN_REQUEST = "APPROVAL_OWN_REQUEST"
    SAME_PERSON = "APPROVAL_SAME_PERSON"
    NOT_YOUR_STEP = "APPROVAL_NOT_YOUR_STEP"
    NOT_YOURS = "APPROVAL_NOT_YOURS"
    LEFT = "APPROVAL_LEFT"
    NOT_REGISTERED = "APPROVAL_NOT_REGISTERED"
    REASON_MISSING = "APPROVAL_REASON_MISSING"
    VOTED = "APPROVAL_VOTED"
    OWN_LINE = "APPROVAL_OWN_LINE"
    NOT_SITTING = "APPROVAL_NOT_SITTING"
    OFF_ROTA = "APPROVAL_OFF_ROTA"
    EVIDENCE_MISSING = "APPROVAL_EVIDENCE_MISSING"

"""Signals: what the world outside says."""

from __future__ import annotations

from shared.core.measures.declared import Family, Kind, Measure

_M = Measure
_WHICH = {"kind": "", "severity": ""}
SIGNALS = Family(
    "signals",
    "signals",
    "外部信号",
    (
        _M("public_record", Kind.CODE, "negative public record", "负面公开记录", "P10", told=True),
        _M("enforcement_open_ratio", Kind.RATIO, "open enforcement ÷ net assets", "被执行金额占净资产", "G-20", told=True,
           unknown=0),
        _M("lawsuit_ratio", Kind.RATIO, "open lawsuits ÷ net assets", "涉诉金额占净资产", "MN-23.01", told=True, unknown=0),
        _M("abnormal_operation", Kind.FLAG, "on the abnormal-operations list", "经营异常", "G-21", told=True, unknown=False),
        _M("judgment_debtor", Kind.FLAG, "dishonest judgment debtor", "失信被执行人", "G-19", told=True, unknown=False),
        _M("licence_revoked", Kind.FLAG, "licence revoked", "吊销执照", "G-19", told=True, unknown=False),
        _M("serious_violations", Kind.FLAG, "on the list of serious violations", "严重违法失信", "G-20", told=True,
           unknown=False),
        _M("insolvency", Kind.FLAG, "insolvency", "破产", "G-17", told=True, unknown=False),
        _M("signals", Kind.COUNT, "signals reported", "外部信号数", "MN-23.01", windowed=True, told=True, params=_WHICH,
           unknown=0),
        _M("open_signals", Kind.COUNT, "signals that stand", "未解除信号数", "MN-18.01", told=True, params=_WHICH, unknown=0),
    ),
)  # fmt: skip

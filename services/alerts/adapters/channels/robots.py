"""Robots of DingTalk, WeCom and Feishu. They answer 200 whatever happens: what counts is the code in the answer.

Sources: "Custom robot access" and "robot sign" of open.dingtalk.com, "group robot" of developer.work.weixin.qq.com, "custom bot
usage guide" of open.feishu.cn.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import msgspec

from services.alerts.adapters.channels import sending
from services.alerts.adapters.channels.sending import Parcel, Telling
from services.alerts.adapters.endpoints import Endpoint
from services.alerts.adapters.outbound import Answer, Outbound, of_status, shown
from services.alerts.core import rendering
from services.alerts.core.composing import Composed
from services.alerts.core.message import Receipt

TOO_OFTEN_SECONDS = 60
Sign = Callable[[str, dict[str, Any], str, datetime], tuple[str, dict[str, Any]]]


class Kind(NamedTuple):
    """What differs between them."""

    written: Callable[[Composed], dict[str, Any]]
    sign: Sign
    codes: Sequence[str]
    """Fields of the answer that must all be 0, where they are there; one must be."""
    texts: Sequence[str]
    too_often: Mapping[int, int]
    """Code → seconds to wait."""
    hopeless: frozenset[int]
    """What no waiting mends: the robot is gone, or the message will never be taken."""


def _by_query(url: str, body: dict[str, Any], secret: str, now: datetime) -> tuple[str, dict[str, Any]]:
    """DingTalk: milliseconds and HMAC-SHA256 of them under the secret, in the address."""
    at = str(int(now.timestamp() * 1000))
    digest = hmac.new(secret.encode(), f"{at}\n{secret}".encode(), hashlib.sha256).digest()
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}timestamp={at}&sign={quote_plus(base64.b64encode(digest))}", body


def _by_body(url: str, body: dict[str, Any], secret: str, now: datetime) -> tuple[str, dict[str, Any]]:
    """Feishu: seconds and HMAC-SHA256 of nothing under `seconds newline secret`, in the body."""
    at = str(int(now.timestamp()))
    digest = hmac.new(f"{at}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return url, {"timestamp": at, "sign": base64.b64encode(digest).decode(), **body}


def _not(url: str, body: dict[str, Any], _: str, __: datetime) -> tuple[str, dict[str, Any]]:
    """WeCom: the key in the address is all."""
    return url, body


KINDS: Mapping[str, Kind] = {
    "dingtalk": Kind(
        rendering.dingtalk,
        _by_query,
        ("errcode",),
        ("errmsg",),
        {130101: 600, 410100: 600},
        frozenset({300001, 400102}),
    ),
    "wecom": Kind(
        rendering.wecom, _not, ("errcode",), ("errmsg",), {45009: TOO_OFTEN_SECONDS}, frozenset({93000, 40008, 40058})
    ),
    "feishu": Kind(
        rendering.feishu,
        _by_body,
        ("code", "StatusCode"),
        ("msg", "StatusMessage"),
        {9499: TOO_OFTEN_SECONDS, 11232: TOO_OFTEN_SECONDS},
        frozenset({19001}),
    ),
}


class Robot:
    """Implements `Channel` for one kind of robot."""

    def __init__(self, kind: Kind, outbound: Outbound, telling: Telling) -> None:
        """*kind* is one of KINDS."""
        self._kind, self._outbound, self._telling = kind, outbound, telling

    async def send(self, parcel: Parcel, endpoint: Endpoint | None, *, now: datetime, seconds: float) -> Receipt:
        """Post one card or text; success is code 0 in the answer."""
        if endpoint is None:
            return sending.no_endpoint(parcel.address)
        url, said = endpoint.target, self._kind.written(self._telling.of(parcel))
        if secrets := endpoint.secrets(now):
            url, said = self._kind.sign(url, said, secrets[0], now)
        headers = {"content-type": "application/json; charset=utf-8"}
        answer = await self._outbound.post(url, msgspec.json.encode(said), headers=headers, seconds=seconds)
        return read(answer, self._kind)


def read(answer: Answer, kind: Kind) -> Receipt:
    """What *answer* says. Never a success without the code that says so."""
    if not 200 <= answer.status < 300:
        return of_status(answer)
    try:
        said = msgspec.json.decode(answer.body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return Receipt(outcome="retry", status="no answer", detail=shown(answer.body))
    codes = {name: said[name] for name in kind.codes if name in said}
    # false is no code, and 0.0 is none either
    wrong: dict[str, Any] = {name: code for name, code in codes.items() if type(code) is not int or code != 0}
    detail = shown(" ".join(str(said[name]) for name in kind.texts if said.get(name)).encode())
    if codes and not wrong:
        return Receipt(outcome="delivered", status=f"{next(iter(codes))} 0", detail=detail)
    name, code = next(iter(wrong.items()), ("no code", 0))
    status = f"{name} {code}"[:100] if wrong else name
    if code in kind.hopeless:
        return Receipt(outcome="refused", status=status, detail=detail)
    return Receipt(outcome="retry", status=status, detail=detail, retry_after_seconds=kind.too_often.get(code))

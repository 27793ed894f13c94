"""What is approved, as bytes: one form, one hash. What takes effect is read from these bytes and from nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

_encode = msgspec.json.Encoder(order="sorted").encode


def sealed(payload: Mapping[str, Any]) -> tuple[str, str]:
    """The one text of *payload*, and its SHA-256."""
    text = _encode(payload).decode()
    return text, sha256_of(text)


def sha256_of(text: str) -> str:
    """The SHA-256 of *text* in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def id_of(customer_id: str, kind: str, account: str, key: str) -> str:
    """The id of the request that *account* makes under *key*: the same request again has the same id."""
    told = "\0".join((customer_id, kind, account, key))
    return f"ap-{hashlib.blake2b(told.encode(), digest_size=12).hexdigest()}"

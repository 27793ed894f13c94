"""Personal fields, sealed before they are kept (crypto-shredding): destroying the subject's key erases them everywhere.

AES-SIV (RFC 5297) is deterministic, so the same fact sealed again has the same bytes and deduplication goes on working;
each field is bound to its subject, source, id and name, so a token moved elsewhere does not open.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from msgspec import UNSET

from shared.core.envelope import canonical
from shared.core.events.base import Data
from shared.core.events.customer import Contact
from shared.core.events.personal import PERSONAL, WHOLE
from shared.core.events.values import ERASED, SEALED_PREFIX

D = TypeVar("D", bound=Data)

_TOKEN = re.compile(rf"{SEALED_PREFIX}[A-Za-z0-9_-]{{22,}}={{0,2}}")  # at least the 16 bytes of the tag
_SEALED = (SEALED_PREFIX, ERASED)
_KEY_BITS = 512
_WRAP = [b"gradeline subject key v1"]
_STRUCTURED = {"contacts": tuple[Contact, ...]}


def new_key() -> bytes:
    """Return a fresh key for one subject (64 bytes), from the system's randomness."""
    return AESSIV.generate_key(_KEY_BITS)


def wrap(key: bytes, kek: bytes) -> bytes:
    """Return *key* encrypted under the installation's key *kek* (64 bytes), as it is kept in the database."""
    return AESSIV(kek).encrypt(key, _WRAP)


def unwrap(wrapped: bytes, kek: bytes) -> bytes:
    """Return the key that `wrap` encrypted. Raises ValueError where *kek* is another one or the bytes were changed."""
    try:
        return AESSIV(kek).decrypt(wrapped, _WRAP)
    except InvalidTag:
        raise ValueError("the key was wrapped under another installation key, or was changed") from None


def has_personal(data: Data) -> bool:
    """Say whether *data* holds a personal field in clear."""
    fields = PERSONAL.get(type(data))
    return fields is not None and any(_in_clear(getattr(data, name), keys) for name, keys in fields.items())


def holds_personal(data: Data) -> bool:
    """Say whether *data* holds a personal field, in clear, sealed or erased."""
    return any(_is_there(getattr(data, name), keys) for name, keys in PERSONAL.get(type(data), {}).items())


def is_sealed(value: object) -> bool:
    """Say whether *value* is a sealed token, or what is left of one after erasure."""
    return isinstance(value, str) and (value == ERASED or _TOKEN.fullmatch(value) is not None)


def without_sealed(value: Any) -> Any:
    """Return *value*, decoded JSON, with null in the place of every sealed or erased text."""
    if isinstance(value, dict):
        return {key: without_sealed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_sealed(inner) for inner in value]
    return None if isinstance(value, str) and value.startswith(_SEALED) else value


def seal(data: D, *, key: bytes, subject: str, source: str, id: str) -> D:
    """Return *data* with every personal field sealed under *key*; what is sealed already stays."""
    if not has_personal(data):
        return data
    cipher = AESSIV(key)

    def close(value: Any, field: str) -> str:
        if is_sealed(value):
            return str(value)
        clear = value.encode() if isinstance(value, str) else canonical(value)
        token = cipher.encrypt(clear, _bound(subject, source, id, field))
        return SEALED_PREFIX + base64.urlsafe_b64encode(token).decode()

    return _changed(data, close)


def unseal(data: D, *, key: bytes | None, subject: str, source: str, id: str) -> D:
    """Return *data* in clear. Without the key, and where a token was damaged or moved, the field says it was erased."""
    cipher = AESSIV(key) if key is not None else None

    def open_(value: Any, field: str) -> Any:
        if not is_sealed(value):
            return value
        if cipher is None or value == ERASED:
            return ERASED
        try:
            token = base64.urlsafe_b64decode(value[len(SEALED_PREFIX) :])
            clear = cipher.decrypt(token, _bound(subject, source, id, field))
            kind = _STRUCTURED.get(field)
            return clear.decode() if kind is None else msgspec.json.decode(clear, type=kind)
        except (InvalidTag, ValueError, binascii.Error, msgspec.MsgspecError):
            return ERASED

    return _changed(data, open_)


def without_personal(data: D) -> D:
    """Return *data* without its personal fields, sealed or in clear: the same whoever sent it.

    A field that must be there says that it was erased.
    """
    changes: dict[str, Any] = {}
    defaults = {one.name: one.default for one in msgspec.structs.fields(type(data))}
    for name, keys in PERSONAL.get(type(data), {}).items():
        value = getattr(data, name)
        if value is None or value is UNSET:
            continue
        if keys is WHOLE:
            changes[name] = ERASED if defaults[name] is msgspec.NODEFAULT else defaults[name]
        else:
            changes[name] = {key: inner for key, inner in value.items() if key not in keys}
    return msgspec.structs.replace(data, **changes) if changes else data


def _bound(subject: str, source: str, id_: str, field: str) -> list[bytes]:
    """What a token is bound to; AES-SIV keeps the parts apart, so no two lists read the same."""
    return [part.encode() for part in (subject, source, id_, field)]


def _is_there(value: Any, keys: tuple[str, ...]) -> bool:
    return value is not None and value is not UNSET and (keys is WHOLE or any(key in value for key in keys))


def _in_clear(value: Any, keys: tuple[str, ...]) -> bool:
    if not _is_there(value, keys):
        return False
    if keys is WHOLE:
        return not is_sealed(value)
    return any(key in value and not is_sealed(value[key]) for key in keys)


def _changed(data: D, change: Any) -> D:
    """Return *data* with *change* applied to each personal field that is there."""
    changes: dict[str, Any] = {}
    for name, keys in PERSONAL.get(type(data), {}).items():
        value = getattr(data, name)
        if value is None or value is UNSET:
            continue
        if keys is WHOLE:
            changes[name] = change(value, name)
        else:
            changes[name] = {k: change(v, f"{name}/{k}") if k in keys else v for k, v in value.items()}
    return msgspec.structs.replace(data, **changes) if changes else data

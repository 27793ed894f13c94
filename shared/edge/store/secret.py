"""The one secret of an installation, and the keys that come from it: for subject keys, and for dead letters."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.core.errors import Misconfigured

FILE = "master_key"
KEY_BYTES = 32


class InstanceKeys(NamedTuple):
    """*wrapping* (64 bytes) encrypts the keys of subjects; *box* (32 bytes) seals dead letters."""

    wrapping: bytes
    box: bytes


def read(*, secrets_folder: Path | None, data: Path, embedded: bool) -> InstanceKeys:
    """Derive the keys from `<secrets_folder>/master_key`, else from the one in *data*, which *embedded* makes at need.

    The file holds 64 hexadecimal digits. Raises Misconfigured where it is missing or something else. Who loses it has
    erased every personal field.
    """
    path = (secrets_folder or data) / FILE
    if not path.exists():
        if not embedded:
            raise Misconfigured(
                f"{path} is missing: it holds the secret that seals personal data, 64 hexadecimal digits"
            )
        _make(path)
    try:
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise Misconfigured(f"{path} must hold 64 hexadecimal digits")
    return InstanceKeys(
        _derived(secret, b"gradeline subject keys v1", 2 * KEY_BYTES),
        _derived(secret, b"gradeline dead letters v1", KEY_BYTES),
    )


def _make(path: Path) -> None:
    """Write a new secret, whole or not at all; where another process was first, its secret stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(secrets.token_hex(KEY_BYTES))
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _derived(secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(secret)

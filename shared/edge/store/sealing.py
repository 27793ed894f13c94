"""Sealing of whole records with the key of this instance: dead letters may hold anything, addresses of robots hold tokens."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.core.errors import Misconfigured

KEY_BYTES = 32
_NONCE_BYTES = 12
_ABOUT = "a dead letter"


class Box:
    """AES-256-GCM under one key; each sealing has its own random nonce, which stands before the sealed bytes."""

    def __init__(self, key: bytes, *, about: str = _ABOUT) -> None:
        """*key* is 32 secret bytes; what was sealed *about* one kind of thing opens as that alone. Raises Misconfigured for
        another length."""
        if len(key) != KEY_BYTES:
            raise Misconfigured(f"the instance key must have {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key)
        self._what = about
        self._about = f"gradeline {about.partition(' ')[2]} v1".encode()

    def seal(self, raw: bytes) -> bytes:
        """Return *raw* sealed: 28 bytes longer."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, raw, self._about)

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed. Raises Misconfigured where it was sealed with another key or changed since."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._about)
        except (InvalidTag, ValueError):
            raise Misconfigured(f"{self._what} was sealed with another instance key, or was changed") from None

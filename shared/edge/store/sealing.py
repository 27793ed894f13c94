"""Sealing of whole records with the key of this instance: dead letters may hold anything, personal data included."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.core.errors import Misconfigured

KEY_BYTES = 32
_NONCE_BYTES = 12
_ABOUT = b"gradeline dead letter v1"


class Box:
    """AES-256-GCM under one key; each sealing has its own random nonce, which stands before the sealed bytes."""

    def __init__(self, key: bytes) -> None:
        """*key* is 32 secret bytes. Raises Misconfigured for another length."""
        if len(key) != KEY_BYTES:
            raise Misconfigured(f"the instance key must have {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key)

    def seal(self, raw: bytes) -> bytes:
        """Return *raw* sealed: 28 bytes longer."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, raw, _ABOUT)

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed. Raises Misconfigured where it was sealed with another key or changed since."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _ABOUT)
        except (InvalidTag, ValueError):
            raise Misconfigured("a dead letter was sealed with another instance key, or was changed") from None

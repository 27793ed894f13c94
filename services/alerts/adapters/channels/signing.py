"""Signatures of Standard Webhooks: `v1` (HMAC-SHA256 under `whsec_…`) and `v1a` (ed25519 under `whsk_…`), one for each secret."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks import Webhook

SYMMETRIC, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
SEED_BYTES = 32


def signed(message_id: str, body: bytes, secrets: Sequence[str], *, now: datetime) -> Mapping[str, str]:
    """The three headers. *body* is text in UTF-8; each of *secrets* gives one signature, so that a secret can be changed."""
    signatures = [_signature(message_id, body, one, now) for one in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _signature(message_id: str, body: bytes, secret: str, now: datetime) -> str:
    if not secret.startswith(PRIVATE):
        return Webhook(secret).sign(message_id, now, body.decode())
    content = f"{message_id}.{int(now.timestamp())}.".encode() + body
    return f"v1a,{base64.b64encode(_key(secret).sign(content)).decode()}"


def public_key(secret: str) -> str:
    """What a receiver verifies `v1a` with: `whpk_…` for `whsk_…`."""
    return PUBLIC + base64.b64encode(_key(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def is_secret(text: str) -> bool:
    """Whether *text* is a secret that signs: 24 to 64 bytes after `whsec_`, the 32 or 64 of a key after `whsk_`."""
    prefix = next((one for one in (SYMMETRIC, PRIVATE) if text.startswith(one)), None)
    if prefix is None:
        return False
    try:
        raw = base64.b64decode(text.removeprefix(prefix), validate=True)
    except ValueError:
        return False
    return 24 <= len(raw) <= 64 if prefix == SYMMETRIC else len(raw) in {SEED_BYTES, 2 * SEED_BYTES}


def _key(secret: str) -> Ed25519PrivateKey:
    # some write the seed alone, some the seed and the public key behind it
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret.removeprefix(PRIVATE))[:SEED_BYTES])

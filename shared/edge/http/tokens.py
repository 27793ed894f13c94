"""The embedded instance's own token key: made once, readable by its owner only, under `DATA/keys`."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from shared.core.errors import Misconfigured
from shared.edge import clock
from shared.edge.http.roles import roles

ISSUER = "urn:gradeline:embedded"
AUDIENCE = "gradeline"
ALGORITHM = "Ed25519"
TTL_MAX = timedelta(days=31)


def private_path(data: Path) -> Path:
    """Where the private key of the instance in *data* lies (mode 0600)."""
    return data / "keys" / "tokens.jwk"


def public_path(data: Path) -> Path:
    """Where the JWKS that verifies the instance's tokens lies."""
    return data / "keys" / "jwks.json"


def ensure_key(data: Path) -> OKPKey:
    """Return the key of the instance in *data*, making it on first use. Two processes that start at once agree."""
    path = private_path(data)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _create(path)
        key = OKPKey.import_key(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError) as error:
        raise Misconfigured(f"{path}: the key for tokens cannot be used ({error}); check GRADELINE_DATA") from error
    _write_beside(public_path(data), json.dumps(KeySet([key]).as_dict(private=False)), mode=0o644)
    return key


def issue(
    *,
    data: Path,
    role: str,
    subject: str,
    ttl: timedelta,
    sources: list[str] | None = None,
    limits: Mapping[str, Sequence[str]] | None = None,
    claims: Mapping[str, str] | None = None,
) -> str:
    """Return a signed access token for *role* as *subject*, valid for *ttl* (at most 31 days).

    *sources* binds the token to prefixes of the CloudEvents `source` it may post, *limits* (`companies`, `regions`,
    `managers`) to those customers; *claims* are further texts, such as who the person is. Raises Misconfigured.
    """
    if role not in roles():
        raise Misconfigured(f"--role: {role} is not a role; take one of {', '.join(sorted(roles()))}")
    if not timedelta(0) < ttl <= TTL_MAX:
        raise Misconfigured("--ttl: a token lives for more than nothing and at most 31 days; write for example 12h")
    key = ensure_key(data)
    issued = int(clock.now().timestamp())
    held: dict[str, object] = {
        **(claims or {}),
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "roles": [role],
        "scope": " ".join(sorted(roles()[role])),
        "iat": issued,
        "nbf": issued,
        "exp": issued + int(ttl.total_seconds()),
        "jti": clock.new_id(),
    }
    if sources:
        held["sources"] = sources
    held |= {name: list(values) for name, values in (limits or {}).items() if values}
    header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": str(key.kid)}
    return jwt.encode(header, held, key, algorithms=[ALGORITHM])


def _create(path: Path) -> None:
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    text = json.dumps(key.as_dict(private=True))
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)  # unlike a rename, this fails if another process was first
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _write_beside(path: Path, text: str, *, mode: int) -> None:
    if path.exists() and path.read_text("utf-8") == text:
        return
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    fresh.write_text(text, "utf-8")
    fresh.chmod(mode)
    fresh.replace(path)

"""Where the keys that verify tokens come from: a JWKS file of this instance, or the JWKS address of the issuer."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from shared.core.errors import Misconfigured, Unavailable
from shared.edge import clock

PublicKey = RSAKey | ECKey | OKPKey

TTL_SECONDS = 600.0
UNKNOWN_SECONDS = 60.0
TIMEOUT_SECONDS = 3.0
BYTES_MAX = 256 * 1024


class Keys(Protocol):
    """Finds the issuer's key by its id. Nothing in a token can add a key."""

    generation: int
    """Rises whenever the set of keys was read anew; what was verified before is verified again."""

    async def find(self, kid: str) -> PublicKey | None:
        """Return the key named *kid*, or None. Raises Unavailable while no key could ever be read."""


class FixedKeys:
    """The keys of a JWKS file, read once at start."""

    def __init__(self, path: Path) -> None:
        """Read *path*. Raises Misconfigured if it is not a JWKS."""
        self.generation = 0
        try:
            self._keys = public_keys(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise Misconfigured(f"{path}: not a JWKS ({error})") from error

    async def find(self, kid: str) -> PublicKey | None:
        """Return the key named *kid*, or None."""
        return self._keys.get(kid)


class FetchedKeys:
    """The keys at the issuer's JWKS address: kept ten minutes, and read again at most once a minute for an unknown id.

    While the issuer does not answer, the keys last read stay in use, so that its outage is not ours.
    """

    def __init__(self, address: str, *, fetch: Callable[[str], bytes] | None = None) -> None:
        """*fetch* returns the document at an address; a test may pass its own."""
        self.generation = 0
        self._address = address
        self._fetch = fetch or read_address
        self._keys: dict[str, PublicKey] = {}
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._lock = asyncio.Lock()

    async def find(self, kid: str) -> PublicKey | None:
        """Return the key named *kid*, or None. Raises Unavailable while no key could ever be read."""
        if self._is_stale() or kid not in self._keys:
            async with self._lock:
                if self._is_stale() or (kid not in self._keys and self._may_ask()):
                    await self._read()
        if self._read_at is None:
            raise Unavailable("the keys of the token issuer cannot be read; try again later")
        return self._keys.get(kid)

    def _is_stale(self) -> bool:
        if not self._may_ask():
            return False
        return self._read_at is None or clock.monotonic() - self._read_at > TTL_SECONDS

    def _may_ask(self) -> bool:
        if self._tried_at is None:
            return True
        wait = UNKNOWN_SECONDS if self._read_at is not None else TIMEOUT_SECONDS
        return clock.monotonic() - self._tried_at > wait

    async def _read(self) -> None:
        self._tried_at = clock.monotonic()
        try:
            raw = await asyncio.wait_for(asyncio.to_thread(self._fetch, self._address), TIMEOUT_SECONDS * 2)
            self._keys = public_keys(json.loads(raw))
        except (OSError, ValueError, TimeoutError):
            return
        self._read_at = clock.monotonic()
        self.generation += 1


def public_keys(document: Any) -> dict[str, PublicKey]:
    """Return the usable keys of a JWKS by id: asymmetric, for signatures. Raises ValueError if there is none."""
    if not isinstance(document, Mapping) or not isinstance(document.get("keys"), list):
        raise ValueError("no list of keys")
    found: dict[str, PublicKey] = {}
    for entry in document["keys"]:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
            continue
        try:
            key = KeySet.import_key_set({"keys": [entry]}).keys[0]
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # RFC 7517 section 5: ignore what is not understood
        if isinstance(key, RSAKey | ECKey | OKPKey) and key.kid:
            found[key.kid] = key
    if not found:
        raise ValueError("no usable key")
    return found


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Keys come from the configured address only."""


def read_address(address: str) -> bytes:
    """Return the document at *address*: 3 s, 256 KiB, no redirects. Raises OSError or ValueError."""
    opener = urllib.request.build_opener(_NoRedirect)
    with opener.open(address, timeout=TIMEOUT_SECONDS) as answer:  # the scheme was checked with the settings
        raw: bytes = answer.read(BYTES_MAX + 1)
    if len(raw) > BYTES_MAX:
        raise ValueError("the document is larger than 256 KiB")
    return raw

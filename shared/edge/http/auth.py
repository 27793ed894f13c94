"""Who asks, and what they may do: bearer access tokens (RFC 9068), scopes, and the guard of every route."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import structlog
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry

from shared.core.errors import Forbidden, Unauthenticated
from shared.edge import clock, metrics
from shared.edge.http import query, roles
from shared.edge.http.keys import Keys
from shared.edge.rights import EVERY_ROW, Rows

ALGORITHMS = ("RS256", "ES256", "EdDSA", "Ed25519")
TYPES = frozenset({"at+jwt", "application/at+jwt"})
LEEWAY_SECONDS = 60
CACHED_MAX = 1024
TOKEN_CHARACTERS_MAX = 8192
KEY_CARRYING_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c"})
CREDENTIALS = HTTPBearer(auto_error=False, bearerFormat="JWT", scheme_name="token", description="An access token")

log = structlog.get_logger(__name__)


class Principal(msgspec.Struct, frozen=True):
    """Who asks: the issuer and subject of the token (never a mail address), with what the token allows."""

    issuer: str
    subject: str
    scopes: frozenset[str]
    sources: tuple[str, ...] | None
    """Prefixes of the CloudEvents `source` this principal may post; None: any."""
    expires: float
    """Seconds since 1970."""
    person: str | None = None
    """The person behind the account, as the claim says that the installation names; None: the token names nobody."""
    roles: frozenset[str] = frozenset()
    """The roles of the token: approvals ask for them by name."""
    rows: Rows = EVERY_ROW

    def may(self, scope: str) -> bool:
        """Whether the token carries *scope*."""
        return scope in self.scopes

    def may_post(self, source: str) -> bool:
        """Whether this principal may speak for *source*. A prefix ends at a `/` or at the end of the source."""
        if self.sources is None:
            return True
        return any(source == own or source.startswith(own if own.endswith("/") else f"{own}/") for own in self.sources)


class _Registry(JWSRegistry):
    """Only the allowed algorithms. `EdDSA` is still what many issuers write for Ed25519, so it is taken silently."""

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError("the algorithm is not allowed")
        return self.algorithms[name]


_REGISTRY = _Registry(strict_check_header=False)


class Verifier:
    """Turns a bearer token into a Principal. A token that was verified is remembered until it expires."""

    def __init__(self, *, keys: Keys, issuer: str, audience: str, person: str = "sub") -> None:
        """Trust *keys* of *issuer*, for tokens meant for *audience*; the claim *person* says which person an account is of."""
        self._keys = keys
        self._person = person
        self._issuer = issuer
        self._audience = audience
        self._verified: OrderedDict[bytes, tuple[int, Principal]] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """Return who *token* speaks for. Raises Unauthenticated; Unavailable while the issuer's keys cannot be read."""
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise _refused("too long")
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        now = clock.now().timestamp()
        known = self._verified.get(digest)
        if known and known[0] == self._keys.generation and known[1].expires + LEEWAY_SECONDS > now:
            self._verified.move_to_end(digest)
            return known[1]
        try:
            found = self._principal(await self._claims(token, now))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise _refused(type(error).__name__) from error
        self._verified[digest] = (self._keys.generation, found)
        if len(self._verified) > CACHED_MAX:
            self._verified.popitem(last=False)
        return found

    async def _claims(self, token: str, now: float) -> dict[str, Any]:
        header = jws.extract_compact(token.encode("ascii"), registry=_REGISTRY).headers()
        if str(header.get("typ", "")).lower() not in TYPES:
            raise _refused("typ")
        if KEY_CARRYING_HEADERS & header.keys():
            raise _refused("the header brings its own key")
        kid = header.get("kid")
        key = await self._keys.find(kid) if isinstance(kid, str) else None
        if key is None:
            raise _refused("unknown key")
        claims = jwt.decode(token, key, registry=_REGISTRY).claims
        jwt.JWTClaimsRegistry(
            now=int(now),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            sub={"essential": True},
            exp={"essential": True},
        ).validate(claims)
        return claims

    def _principal(self, claims: dict[str, Any]) -> Principal:
        scope = claims.get("scope", "")
        if not isinstance(scope, str):
            raise _refused("scope")
        held = set(scope.split()) & roles.scopes().keys()
        named = frozenset(_texts(claims.get("roles", [])))
        for role in named:
            held |= roles.roles().get(role, frozenset())
        person = claims.get(self._person)
        return Principal(
            issuer=claims["iss"],
            subject=claims["sub"],
            scopes=frozenset(held),
            sources=_only(claims, "sources"),
            expires=float(claims["exp"]),
            person=person if isinstance(person, str) and person.strip() else None,
            roles=named,
            rows=Rows(_only(claims, "companies"), _only(claims, "regions"), _only(claims, "managers")),
        )


def _only(claims: dict[str, Any], name: str) -> tuple[str, ...] | None:
    """What the claim *name* limits the token to; None where it has no such claim. An empty list allows nothing."""
    return None if name not in claims else tuple(_texts(claims[name]))


def _texts(value: Any) -> Iterable[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise _refused("a claim is not a list of texts")
    return value


def _refused(reason: str) -> Unauthenticated:
    """The caller hears nothing of the reason; the log does."""
    log.warning("token refused", reason=reason)
    return Unauthenticated()


async def principal(
    request: Request,
    needed: SecurityScopes,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(CREDENTIALS)],
) -> Principal:
    """The guard: use it as `Security(principal, scopes=["…"])`. Raises Unauthenticated or Forbidden; and Invalid, but
    only to who may ask at all, where the query holds what the route does not take."""
    if credentials is None:
        raise Unauthenticated()
    verifier: Verifier = request.app.state.verifier
    who = await verifier.verify(credentials.credentials)
    for scope in needed.scopes:
        if not who.may(scope):
            metrics.AUTHZ_DENIED.labels(scope).inc()
            raise Forbidden(f"this needs the scope {scope}")
    query.check(request)
    return who


async def rows(who: Annotated[Principal, Security(principal)]) -> Rows:
    """Whose customers the caller may see. Every route that tells of customers depends on it; `app.build` asserts that."""
    return who.rows


Seen = Annotated[Rows, Depends(rows)]


async def whole(seen: Seen) -> None:
    """For what is not told customer by customer. Raises Forbidden to who may see some customers only."""
    if not seen.all:
        raise Forbidden("this is told to those only who may see every customer")

"""Bearer tokens: the fourteen ways of being wrong, and what a right one carries."""

from __future__ import annotations

import base64
import hmac
import json
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws, jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from services.alerts.adapters import staff_policy
from shared.core.errors import Misconfigured, Unauthenticated, Unavailable
from shared.edge import clock
from shared.edge.http import keys as key_sources
from shared.edge.http import roles, tokens
from shared.edge.http.auth import Principal, Verifier
from shared.edge.http.keys import FetchedKeys, FixedKeys, public_keys

ISSUER = "https://login.example"
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
OTHER = OKPKey.generate_key("Ed25519", {"kid": "ed"})
ALL_ALGORITHMS = ["none", "HS256", "RS256", "ES256", "EdDSA", "Ed25519", "RS512"]
KEYS = {"keys": [key.as_dict(private=False) for key in (RSA, EC, ED)]}


class Standing:
    """Keys that stand still."""

    generation = 0

    async def find(self, kid: str) -> Any:
        return public_keys(KEYS).get(kid)


def verifier() -> Verifier:
    return Verifier(keys=Standing(), issuer=ISSUER, audience="gradeline")


def signed(
    claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None, *, key: Any = ED, without: str = ""
) -> str:
    now = int(clock.now().timestamp())
    full = {
        "iss": ISSUER,
        "aud": "gradeline",
        "sub": "erp",
        "exp": now + 600,
        "iat": now,
        "nbf": now,
        "scope": "ratings:read",
    }
    full |= claims or {}
    full.pop(without, None)
    head = {"alg": "Ed25519", "typ": "at+jwt", "kid": "ed"} | (header or {})
    registry = JWSRegistry(strict_check_header=False, algorithms=ALL_ALGORITHMS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        kept = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(kept, full, key, registry=registry, default_type=None)


def by_hand(header: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A token that the library would not make."""
    part = ".".join(
        _b64(raw) for raw in (json.dumps(header).encode(), base64.urlsafe_b64decode(signed().split(".")[1] + "=="))
    )
    return f"{part}.{_b64(sign(part.encode()))}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def confused() -> str:
    """HS256 with the public RSA key as the secret: what a verifier that trusts `alg` accepts."""
    pem = RSA.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "HS256", "typ": "at+jwt", "kid": "rsa"}
    return by_hand(header, lambda text: hmac.digest(pem, text, "sha256"))


def critical() -> str:
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": "ed", "crit": ["hurry"], "hurry": 1}
    return by_hand(header, ED.private_key.sign)


def _secret(raw: bytes) -> OctKey:
    return OctKey.import_key({"kty": "oct", "k": base64.urlsafe_b64encode(raw).decode().rstrip("=")})


def unsigned() -> str:
    _, payload, _ = signed().split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt","kid":"ed"}').decode().rstrip("=")
    return f"{none}.{payload}."


def changed() -> str:
    head, payload, signature = signed().split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["scope"] = "events:write"
    other = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"{head}.{other}.{signature}"


def later(seconds: int) -> int:
    return int(clock.now().timestamp()) + seconds


BAD: dict[str, Callable[[], str]] = {
    "no algorithm": unsigned,
    "HS256 with the public key as secret": confused,
    "an algorithm that is not allowed": lambda: signed(header={"alg": "RS512", "kid": "rsa"}, key=RSA),
    "another audience": lambda: signed({"aud": "payroll"}),
    "no audience": lambda: signed(without="aud"),
    "another issuer": lambda: signed({"iss": "https://evil.example"}),
    "an ID token": lambda: signed(header={"typ": "JWT"}),
    "no type": lambda: signed(header={"typ": None}),
    "expired": lambda: signed({"exp": later(-61)}),
    "no expiry": lambda: signed(without="exp"),
    "an expiry that never comes": lambda: signed({"exp": "never"}),
    "not yet valid": lambda: signed({"nbf": later(120)}),
    "issued in the future": lambda: signed({"iat": later(120)}),
    "an unknown key id": lambda: signed(header={"kid": "else"}),
    "no key id": lambda: signed(header={"kid": None}),
    "a key address in the header": lambda: signed(header={"jku": "https://evil.example/jwks"}),
    "a key in the header": lambda: signed(header={"jwk": OTHER.as_dict(private=False)}, key=OTHER),
    "a critical extension": critical,
    "another key under the same id": lambda: signed(key=OTHER),
    "changed claims": changed,
    "truncated": lambda: signed()[:-8],
    "two parts": lambda: signed().rpartition(".")[0],
    "not a token": lambda: "hello",
    "nothing": lambda: "",
    "not ASCII": lambda: "令牌.令牌.令牌",
    "no subject": lambda: signed(without="sub"),
    "too long": lambda: signed({"pad": "x" * 9000}),
    "roles that are no list": lambda: signed({"roles": "auditor"}),
    "sources that are no list": lambda: signed({"sources": "/erp"}),
}


@pytest.mark.parametrize("wrong", BAD)
async def test_a_wrong_token_is_refused(wrong: str) -> None:
    bad = BAD[wrong]()
    with pytest.raises(Unauthenticated):
        await verifier().verify(bad)


async def test_a_token_made_by_hand_is_good_where_nothing_is_wrong() -> None:
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": "ed"}
    assert (await verifier().verify(by_hand(header, ED.private_key.sign))).subject == "erp"


@pytest.mark.parametrize(
    ("algorithm", "kid", "key"),
    [("RS256", "rsa", RSA), ("ES256", "ec", EC), ("EdDSA", "ed", ED), ("Ed25519", "ed", ED)],
)
async def test_each_allowed_algorithm_is_accepted(algorithm: str, kid: str, key: Any) -> None:
    who = await verifier().verify(signed(header={"alg": algorithm, "kid": kid}, key=key))
    assert (who.issuer, who.subject, who.scopes, who.sources) == (ISSUER, "erp", {"ratings:read"}, None)


async def test_the_clock_may_be_a_minute_off_and_no_more() -> None:
    assert await verifier().verify(signed({"exp": later(-50)}))
    assert await verifier().verify(signed({"nbf": later(50), "iat": later(50)}))
    with pytest.raises(Unauthenticated):
        await verifier().verify(signed({"exp": later(-70)}))


async def test_a_token_remembered_is_forgotten_when_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    judge, token = verifier(), signed({"exp": later(30)})
    assert await judge.verify(token) is await judge.verify(token), "the second time costs no signature check"
    late = clock.now() + timedelta(seconds=120)
    monkeypatch.setattr("shared.edge.http.auth.clock.now", lambda: late)
    with pytest.raises(Unauthenticated):
        await judge.verify(token)


async def test_a_token_remembered_is_checked_again_when_the_keys_were_read_anew() -> None:
    standing = Standing()
    judge, token = Verifier(keys=standing, issuer=ISSUER, audience="gradeline"), signed()
    first = await judge.verify(token)
    standing.generation = 1
    assert await judge.verify(token) is not first


async def test_roles_and_scopes_add_up_and_unknown_ones_are_nothing() -> None:
    who = await verifier().verify(signed({"scope": "pii:read root", "roles": ["operator", "emperor"]}))
    assert who.scopes == {
        "pii:read",
        "events:write",
        "history:import",
        "dlq:replay",
        "admin:users",
        "subscriptions:admin",
    }


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("/erp/1", True),
        ("/erp/1/sub", True),
        ("/erp/10", False),
        ("/billing", True),
        ("/billing/a", True),
        ("/", False),
    ],
)
def test_a_principal_speaks_for_its_own_sources_only(source: str, allowed: bool) -> None:
    who = Principal(
        issuer="i", subject="s", scopes=frozenset(), sources=("/erp/1", "/billing/", "/billing"), expires=0.0
    )
    assert who.may_post(source) is allowed


def test_each_role_of_the_product_carries_only_scopes_that_exist() -> None:
    staff = staff_policy.policy().posts.keys() - {"fallback_owner"}
    assert set(roles.roles()) == staff | {
        "sales",
        "risk_analyst",
        "risk_manager",
        "finance",
        "auditor",
        "compliance_officer",
        "integrator",
        "operator",
        "privacy_officer",
        "legal",
        "deputy_general_manager",
        "general_manager",
        "office_automation",
        "order_system",
        "credit_supervisor",
        "credit_manager",
        "customer_service",
        "finance_director",
    }
    assert len(roles.scopes()) == 25
    assert not roles.roles()["operator"] & {"ratings:read", "exposures:read", "alerts:read", "pii:read"}, (
        "no business data"
    )
    assert "pii:read" not in roles.roles()["auditor"]
    assert roles.roles()["integrator"] == {"events:write"}
    assert roles.roles()["order_system"] == {"checks:run"}, "it learns yes or no, and no grade"
    assert {name for name, scopes in roles.roles().items() if "limits:import" in scopes} == {"risk_manager"}


async def test_the_embedded_instance_verifies_the_tokens_it_issued(tmp_path: Path) -> None:
    token = tokens.issue(data=tmp_path, role="risk_analyst", subject="wang", ttl=timedelta(hours=1), sources=["/erp"])
    judge = Verifier(keys=FixedKeys(tokens.public_path(tmp_path)), issuer=tokens.ISSUER, audience=tokens.AUDIENCE)
    who = await judge.verify(token)
    assert (who.subject, who.scopes, who.sources) == ("wang", roles.roles()["risk_analyst"], ("/erp",))
    assert tokens.private_path(tmp_path).stat().st_mode & 0o777 == 0o600
    assert '"d"' not in tokens.public_path(tmp_path).read_text()
    again = tokens.issue(data=tmp_path, role="auditor", subject="li", ttl=timedelta(hours=1))
    assert (await judge.verify(again)).subject == "li", "the key is made once"


async def test_a_token_of_another_instance_is_refused(tmp_path: Path) -> None:
    token = tokens.issue(data=tmp_path / "a", role="auditor", subject="li", ttl=timedelta(hours=1))
    tokens.ensure_key(tmp_path / "b")
    judge = Verifier(keys=FixedKeys(tokens.public_path(tmp_path / "b")), issuer=tokens.ISSUER, audience=tokens.AUDIENCE)
    with pytest.raises(Unauthenticated):
        await judge.verify(token)


@pytest.mark.parametrize(("role", "hours"), [("emperor", 1), ("auditor", 0), ("auditor", 24 * 32)])
def test_no_token_for_unknown_roles_or_for_ever(tmp_path: Path, role: str, hours: int) -> None:
    with pytest.raises(Misconfigured):
        tokens.issue(data=tmp_path, role=role, subject="x", ttl=timedelta(hours=hours))


def test_symmetric_and_encryption_keys_of_a_jwks_are_ignored() -> None:
    document = {
        "keys": [
            _secret(b"x" * 32).as_dict() | {"kid": "oct"},
            {**EC.as_dict(private=False), "use": "enc"},
            {"kty": "??"},
        ]
    }
    with pytest.raises(ValueError, match="no usable key"):
        public_keys(document)
    assert list(public_keys({"keys": [*document["keys"], KEYS["keys"][2]]})) == ["ed"]


async def test_an_unknown_key_id_asks_the_issuer_at_most_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    at, asked, published = [0.0], [0], {"keys": KEYS["keys"][:1]}

    def fetch(_: str) -> bytes:
        asked[0] += 1
        return json.dumps(published).encode()

    monkeypatch.setattr("shared.edge.http.keys.clock.monotonic", lambda: at[0])
    source = FetchedKeys("https://login.example/jwks", fetch=fetch)
    assert await source.find("rsa")
    for _ in range(50):
        assert await source.find("ed") is None
    assert asked[0] == 1
    at[0], published = 61.0, KEYS
    assert await source.find("ed")
    assert (asked[0], source.generation) == (2, 2)
    at[0] = 61.0 + key_sources.TTL_SECONDS + 1
    assert await source.find("ed")
    assert asked[0] == 3, "old keys are read again"


async def test_while_the_issuer_is_away_its_last_keys_stay_and_none_means_try_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at, there = [0.0], [False]

    def fetch(_: str) -> bytes:
        if not there[0]:
            raise OSError("away")
        return json.dumps(KEYS).encode()

    monkeypatch.setattr("shared.edge.http.keys.clock.monotonic", lambda: at[0])
    source = FetchedKeys("https://login.example/jwks", fetch=fetch)
    with pytest.raises(Unavailable):
        await source.find("ed")
    there[0], at[0] = True, 10.0
    assert await source.find("ed")
    there[0], at[0] = False, 10.0 + key_sources.TTL_SECONDS * 2
    assert await source.find("ed")


def test_jws_library_would_accept_what_we_refuse() -> None:
    """The guard is ours: without it, the library takes a key from nowhere but accepts the type and headers."""
    assert jws.deserialize_compact(signed(header={"typ": "JWT"}), ED, algorithms=["Ed25519"])

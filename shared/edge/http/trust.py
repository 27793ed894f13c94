"""Whom this installation trusts to say who somebody is."""

from __future__ import annotations

from shared.core.errors import Misconfigured
from shared.edge.http import tokens
from shared.edge.http.auth import Verifier
from shared.edge.http.keys import FetchedKeys, FixedKeys
from shared.edge.settings import Settings


def verifier(settings: Settings) -> Verifier:
    """Return what verifies tokens: our own key where embedded, else the OpenID provider. Raises Misconfigured."""
    if settings.embedded:
        tokens.ensure_key(settings.data)
        keys = FixedKeys(tokens.public_path(settings.data))
        return Verifier(keys=keys, issuer=tokens.ISSUER, audience=tokens.AUDIENCE, person=settings.person_claim)
    for name, value, example in (
        ("OIDC_ISSUER", settings.oidc_issuer, "https://login.example/realms/credit"),
        ("OIDC_JWKS", settings.oidc_jwks, "https://login.example/realms/credit/protocol/openid-connect/certs"),
    ):
        if not value:
            raise Misconfigured(f"GRADELINE_{name}: without it nobody can be recognised; write for example {example}")
    return Verifier(
        keys=FetchedKeys(settings.oidc_jwks),
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        person=settings.person_claim,
    )

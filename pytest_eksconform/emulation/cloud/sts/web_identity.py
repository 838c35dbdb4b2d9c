"""OIDC tokens: signature by the issuer's keys, issuer, audience and expiry."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pytest_eksconform.emulation.cloud.context import Cloud, KeySets
from pytest_eksconform.emulation.cloud.errors import AwsError

ALGORITHMS = ["RS256", "ES256"]
FETCH_SECONDS = 5


@dataclass(frozen=True)
class WebIdentity:
    """A verified token.

    Attributes:
        issuer: without the scheme, as IAM writes it in ARNs and condition keys.
        provider_arn: the IAM OIDC provider that vouches for the issuer.
        subject: the ``sub`` claim.
        audience: the audience that the provider accepts.
    """

    issuer: str
    provider_arn: str
    subject: str
    audience: str

    def condition_keys(self) -> dict[str, tuple[str, ...]]:
        """The keys that a trust policy compares: ``ISSUER:sub`` and ``ISSUER:aud``."""
        return {
            f"{self.issuer}:sub": (self.subject,),
            f"{self.issuer}:aud": (self.audience,),
            "aws:FederatedProvider": (self.provider_arn,),
        }


def fetching_key_sets(ca_pem: str | None) -> KeySets:
    """Return a resolver that reads key sets from issuers' discovery documents.

    Args:
        ca_pem: the CA that issuers' certificates are checked with; None: the system's CAs.
    """

    def key_set(issuer: str) -> Mapping[str, Any]:
        context = ssl.create_default_context(cadata=ca_pem)
        discovery = _fetch(f"{issuer}/.well-known/openid-configuration", context)
        return _fetch(str(discovery["jwks_uri"]), context)

    return key_set


def _fetch(url: str, context: ssl.SSLContext) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=FETCH_SECONDS, context=context) as answer:  # noqa: S310
        return cast("dict[str, Any]", json.load(answer))


def verify(cloud: Cloud, token: str) -> WebIdentity:
    """Verify a token as AssumeRoleWithWebIdentity does.

    Raises:
        AwsError: ``InvalidIdentityToken`` or ``ExpiredTokenException``.
    """
    issuer = str(_unverified_claims(token).get("iss", ""))
    provider = _provider(cloud, issuer)
    claims = _verified_claims(cloud, issuer, token)
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or expires <= cloud.clock().timestamp():
        raise AwsError(
            "ExpiredTokenException",
            "Token expired: current date/time must be before the expiration date/time",
            400,
        )
    return WebIdentity(
        issuer=issuer.partition("://")[2],
        provider_arn=provider.arn,
        subject=str(claims.get("sub", "")),
        audience=_audience(claims, provider),
    )


def _unverified_claims(token: str) -> dict[str, Any]:
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, IndexError) as error:
        raise _invalid(
            "The ID Token provided is not a valid JWT. "
            "(You may see this error if you sent an Access Token)"
        ) from error
    if not isinstance(claims, dict):
        raise _invalid("The ID Token provided is not a valid JWT.")
    return claims


def _provider(cloud: Cloud, issuer: str) -> Any:
    bare = issuer.partition("://")[2]
    providers = list(cloud.stores.iam.open_id_providers.values())
    provider = next((p for p in providers if bare and p.url == bare), None)
    if provider is None:
        raise _invalid(f"No OpenIDConnect provider found in your account for {issuer}")
    return provider


def _verified_claims(cloud: Cloud, issuer: str, token: str) -> dict[str, Any]:
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        keys = KeySet.import_key_set(cast("Any", cloud.key_sets(issuer)))
    except (OSError, KeyError, ValueError, JoseError) as error:
        raise _invalid(
            "Couldn't retrieve verification key from your identity provider, "
            "please reference AssumeRoleWithWebIdentity documentation "
            "for requirements"
        ) from error
    try:
        return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
    except (ValueError, JoseError) as error:
        raise _invalid("Couldn't verify the signature of the token") from error


def _audience(claims: Mapping[str, Any], provider: Any) -> str:
    given = claims.get("aud")
    audiences = [given] if isinstance(given, str) else list(given or [])
    accepted = next((a for a in audiences if a in provider.client_id_list), None)
    if accepted is None:
        raise _invalid("Incorrect token audience")
    return str(accepted)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidIdentityToken", message, 400)

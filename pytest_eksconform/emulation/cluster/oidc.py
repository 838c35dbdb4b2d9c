"""The cluster's OIDC issuer: the discovery document and the keys that its tokens verify with."""

from __future__ import annotations

import secrets
from typing import Any

_HEX_BYTES = 16


def issuer_path() -> str:
    """A path for a new issuer, ``/id/`` and 32 upper-case hex digits."""
    return f"/id/{secrets.token_hex(_HEX_BYTES).upper()}"


def discovery_document(issuer: str) -> dict[str, Any]:
    """What is served at ``ISSUER/.well-known/openid-configuration``."""
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/keys",
        "authorization_endpoint": "urn:kubernetes:programmatic_authorization",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "claims_supported": ["sub", "iss"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }

"""Signature Version 4, checked by computing it again with botocore.

Covers signed headers and presigned URLs, with long-lived keys and role sessions.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from .errors import AwsError
from .principals import Principal, PrincipalDirectory, SigningKey
from .wire import CredentialScope, HttpRequest, credential_scope

CLOCK_SKEW = timedelta(minutes=15)
TIMESTAMP = "%Y%m%dT%H%M%SZ"
SIGNED_HEADERS = re.compile(r"SignedHeaders=([^,\s]+)")
SIGNATURE = re.compile(r"Signature=([0-9a-f]+)")
QUERY_SERVICES = frozenset(
    {"sts", "iam", "autoscaling", "elasticloadbalancing", "cloudformation", "monitoring", "sns"}
)


@dataclass(frozen=True)
class _Signature:
    scope: CredentialScope
    value: str
    signed_headers: tuple[str, ...]
    timestamp: str
    token: str | None
    presigned_seconds: int | None


def authenticate(request: HttpRequest, directory: PrincipalDirectory, now: datetime) -> Principal:
    """Return who signed the request.

    Raises:
        AwsError: with the service's own code for a missing, wrong or expired signature.
    """
    scope = credential_scope(request)
    if scope is None:
        raise missing_token(_service_guess(request))
    signature = _presigned(request, scope) or _in_headers(request, scope)
    key = directory.find_key(scope.access_key_id)
    if key is None or not _token_matches(key, signature.token):
        raise _refusal(scope.service, "unknown")
    if key.expires is not None and key.expires <= now:
        raise _refusal(scope.service, "expired")
    _check_time(signature, now)
    if not hmac.compare_digest(_expected(request, signature, key), signature.value):
        raise _refusal(scope.service, "mismatch")
    return key.principal


def missing_token(service: str) -> AwsError:
    """Build the answer for a request without a signature."""
    if service == "ec2":
        text = "The request must contain the parameter AWSAccessKeyId"
        return AwsError("MissingParameter", text, 400)
    if service in QUERY_SERVICES:
        return AwsError(
            "MissingAuthenticationToken", "Request is missing Authentication Token", 403
        )
    return AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)


def _service_guess(request: HttpRequest) -> str:
    if request.path.startswith("/clusters"):
        return "eks"
    return "sts"


def _in_headers(request: HttpRequest, scope: CredentialScope) -> _Signature:
    header = request.headers.get("authorization", "")
    signed, value = SIGNED_HEADERS.search(header), SIGNATURE.search(header)
    timestamp = request.headers.get("x-amz-date", "")
    if not (header.startswith("AWS4-HMAC-SHA256") and signed and value and timestamp):
        raise AwsError(
            "IncompleteSignature", "Authorization header requires a complete signature", 400
        )
    token = request.headers.get("x-amz-security-token")
    names = tuple(signed.group(1).split(";"))
    return _Signature(scope, value.group(1), names, timestamp, token, None)


def _presigned(request: HttpRequest, scope: CredentialScope) -> _Signature | None:
    query = request.arguments
    if "X-Amz-Signature" not in query:
        return None
    return _Signature(
        scope=scope,
        value=query["X-Amz-Signature"],
        signed_headers=tuple(query.get("X-Amz-SignedHeaders", "host").split(";")),
        timestamp=query.get("X-Amz-Date", ""),
        token=query.get("X-Amz-Security-Token"),
        presigned_seconds=int(query.get("X-Amz-Expires", "900")),
    )


def _token_matches(key: SigningKey, token: str | None) -> bool:
    return hmac.compare_digest(key.session_token or "", token or "")


def _check_time(signature: _Signature, now: datetime) -> None:
    service = signature.scope.service
    try:
        at = datetime.strptime(signature.timestamp, TIMESTAMP).replace(tzinfo=now.tzinfo)
    except ValueError as error:
        raise _refusal(service, "mismatch") from error
    # STS ignores X-Amz-Expires: a presigned GetCallerIdentity lives for a quarter of an hour.
    seconds = None if service == "sts" else signature.presigned_seconds
    lifetime = timedelta(seconds=seconds) if seconds is not None else CLOCK_SKEW
    if at + lifetime < now:
        raise _stale(service, signature.timestamp, now)
    if at - CLOCK_SKEW > now:
        raise _refusal(service, "mismatch")


def _stale(service: str, timestamp: str, now: datetime) -> AwsError:
    if service == "ec2":
        return AwsError("RequestExpired", "Request has expired.", 400)
    earliest = (now - CLOCK_SKEW).strftime(TIMESTAMP)
    text = (
        f"Signature expired: {timestamp} is now earlier than {earliest} "
        f"({now.strftime(TIMESTAMP)} - 15 min.)"
    )
    code = "SignatureDoesNotMatch" if service in QUERY_SERVICES else "InvalidSignatureException"
    return AwsError(code, text, 403)


def _refusal(service: str, reason: str) -> AwsError:
    texts = {
        "unknown": "The security token included in the request is invalid.",
        "expired": "The security token included in the request is expired",
        "mismatch": (
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. "
            "Consult the service documentation for details."
        ),
    }
    if service == "ec2":
        if reason == "expired":
            return AwsError("RequestExpired", "Request has expired.", 400)
        text = "AWS was not able to validate the provided access credentials"
        return AwsError("AuthFailure", text, 401)
    query_codes = ("InvalidClientTokenId", "ExpiredToken", "SignatureDoesNotMatch")
    json_codes = (
        "UnrecognizedClientException",
        "ExpiredTokenException",
        "InvalidSignatureException",
    )
    codes = query_codes if service in QUERY_SERVICES else json_codes
    return AwsError(codes[list(texts).index(reason)], texts[reason], 403)


def _expected(request: HttpRequest, signature: _Signature, key: SigningKey) -> str:
    scope = signature.scope
    credentials = BotocoreCredentials(key.access_key_id, key.secret_access_key)
    signer: Any = SigV4Auth(credentials, scope.service, scope.region)
    signed = _as_signed(request, signature)
    if signed is None:
        return ""
    signed.context["timestamp"] = signature.timestamp
    canonical = signer.canonical_request(signed)
    return str(signer.signature(signer.string_to_sign(signed, canonical), signed))


def _as_signed(request: HttpRequest, signature: _Signature) -> Any | None:
    headers = {name: request.headers.get(name) for name in signature.signed_headers}
    if any(value is None for value in headers.values()):
        return None
    url = f"http://{request.headers.get('host', '')}{request.path}"
    query = _without_signature(request)
    return AWSRequest(
        method=request.method,
        url=f"{url}?{query}" if query else url,
        headers=headers,
        data=request.body,
    )


def _without_signature(request: HttpRequest) -> str:
    pairs = [pair for pair in request.query.split("&") if pair]
    return "&".join(pair for pair in pairs if not pair.startswith("X-Amz-Signature="))


def as_header_signature(request: HttpRequest) -> str:
    """Write a presigned URL's claim as the Authorization header that moto reads."""
    query = request.arguments
    claim = urlencode({"x": query.get("X-Amz-Credential", "")}, safe="/")[2:]
    return (
        f"AWS4-HMAC-SHA256 Credential={claim}, "
        f"SignedHeaders={query.get('X-Amz-SignedHeaders', 'host')}, "
        f"Signature={query.get('X-Amz-Signature', '')}"
    )

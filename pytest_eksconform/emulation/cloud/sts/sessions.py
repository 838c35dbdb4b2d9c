"""Role sessions: AssumeRole and AssumeRoleWithWebIdentity, with trust policies enforced."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pytest_eksconform.emulation.cloud.authorization.attachments import policies_of
from pytest_eksconform.emulation.cloud.authorization.enforcement import context_of
from pytest_eksconform.emulation.cloud.authorization.engine import (
    ALLOWED,
    EXPLICIT_DENY,
    AccessRequest,
    decide,
)
from pytest_eksconform.emulation.cloud.authorization.resources import Resource
from pytest_eksconform.emulation.cloud.authorization.trust import account_names, trusts
from pytest_eksconform.emulation.cloud.context import Cloud, Invocation
from pytest_eksconform.emulation.cloud.errors import AwsError
from pytest_eksconform.emulation.cloud.principals import Principal, SigningKey
from pytest_eksconform.emulation.cloud.signatures import missing_token

from .web_identity import verify

DEFAULT_SECONDS = 3600
SHORTEST_SECONDS = 900
LONGEST_CHAINED_SECONDS = 3600


def assume_role(call: Invocation) -> dict[str, Any]:
    """Open a session of a role for a signed caller whom the role trusts."""
    principal = call.principal
    if principal is None:
        raise missing_token("sts")
    role = call.cloud.stores.role(call.text("RoleArn"))
    tags = {tag["Key"]: tag["Value"] for tag in call.parameters.get("Tags") or []}
    actions = ["sts:AssumeRole"] + (["sts:TagSession"] if tags else [])
    if role is None or not all(_may_assume(call, principal, role, name) for name in actions):
        raise AwsError(
            "AccessDenied",
            f"User: {principal.arn} is not authorized to perform: sts:AssumeRole "
            f"on resource: {call.text('RoleArn')}",
            403,
        )
    key = _open(call, role, tags=tags, chained=principal.is_role)
    return {**_credentials(key), "AssumedRoleUser": _role_user(key), "PackedPolicySize": 0}


def _may_assume(call: Invocation, principal: Principal, role: Any, action: str) -> bool:
    resource = Resource(role.arn)
    context = {
        **context_of(call.cloud, principal, call.parameters, resource),
        **_session_context(call),
    }
    own = decide(
        AccessRequest(action, role.arn, context), policies_of(principal, call.cloud.stores)
    )
    if own.decision == EXPLICIT_DENY:
        return False
    # A trust policy that names the caller itself is enough; one that names the account is not.
    if trusts(role, action, {"AWS": (principal.arn, principal.iam_arn)}, context):
        return True
    names = account_names(principal.arn, principal.iam_arn, principal.account_id)
    allowed = principal.is_administrator or own.decision == ALLOWED
    return allowed and trusts(role, action, names, context)


def assume_role_with_web_identity(call: Invocation) -> dict[str, Any]:
    """Open a session of a role for the bearer of an OIDC token that the role trusts."""
    identity = verify(call.cloud, call.text("WebIdentityToken"))
    role = call.cloud.stores.role(call.text("RoleArn"))
    context = {**_session_context(call), **identity.condition_keys()}
    caller = {"Federated": (identity.provider_arn,)}
    if role is None or not trusts(role, "sts:AssumeRoleWithWebIdentity", caller, context):
        raise AwsError(
            "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403
        )
    key = _open(call, role, keys={name: values[0] for name, values in context.items()})
    return {
        **_credentials(key),
        "AssumedRoleUser": _role_user(key),
        "SubjectFromWebIdentityToken": identity.subject,
        "Audience": identity.audience,
        "Provider": identity.provider_arn,
        "PackedPolicySize": 0,
    }


def open_session(
    cloud: Cloud, role: Any, name: str, seconds: int, tags: dict[str, str] | None = None
) -> SigningKey:
    """Open a session for one of AWS's own services, such as EKS Pod Identity."""
    return cloud.principals.open_session(
        role, name, timedelta(seconds=seconds), cloud.clock(), tags=tags
    )


def _open(
    call: Invocation,
    role: Any,
    tags: Mapping[str, str] | None = None,
    keys: dict[str, str] | None = None,
    chained: bool = False,
) -> SigningKey:
    return call.cloud.principals.open_session(
        role,
        call.text("RoleSessionName"),
        timedelta(seconds=_seconds(call, role, chained)),
        call.cloud.clock(),
        policies=_session_policies(call),
        tags=dict(tags or {}),
        keys=keys,
    )


def _seconds(call: Invocation, role: Any, chained: bool) -> int:
    seconds = int(call.parameters.get("DurationSeconds") or DEFAULT_SECONDS)
    longest = int(role.max_session_duration or DEFAULT_SECONDS)
    if seconds < SHORTEST_SECONDS:
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to "
            "satisfy constraint: Member must have value greater than or equal to 900",
        )
    if chained and seconds > LONGEST_CHAINED_SECONDS:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles "
            "assumed by role chaining",
        )
    if seconds > longest:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    return seconds


def _session_policies(call: Invocation) -> tuple[str, ...]:
    inline = call.parameters.get("Policy")
    documents = [str(inline)] if inline else []
    managed = call.cloud.stores.iam.managed_policies
    for reference in call.parameters.get("PolicyArns") or []:
        policy = managed.get(reference.get("arn"))
        if policy is None:
            raise AwsError("MalformedPolicyDocument", "The specified policy does not exist.")
        version = policy.default_version_id
        documents.append(next(v.document for v in policy.versions if v.version_id == version))
    return tuple(documents)


def _session_context(call: Invocation) -> dict[str, tuple[str, ...]]:
    keys = {"ExternalId": "sts:ExternalId", "RoleSessionName": "sts:RoleSessionName"}
    given = {name: call.parameters.get(name) for name in keys}
    context: dict[str, tuple[str, ...]] = {
        keys[name]: (str(value),) for name, value in given.items() if value
    }
    for tag in call.parameters.get("Tags") or []:
        context[f"aws:RequestTag/{tag['Key']}"] = (tag["Value"],)
    return context


def _credentials(key: SigningKey) -> dict[str, Any]:
    return {
        "Credentials": {
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
            "SessionToken": key.session_token,
            "Expiration": key.expires,
        }
    }


def _role_user(key: SigningKey) -> dict[str, str]:
    return {"AssumedRoleId": key.principal.user_id, "Arn": key.principal.arn}

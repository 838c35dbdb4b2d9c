"""Which policies bind a principal, read from the IAM store."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.emulation.cloud.principals import Principal
from pytest_eksconform.emulation.cloud.stores import MotoStores

from .engine import Policy, PolicySet


def policies_of(principal: Principal, stores: MotoStores) -> PolicySet:
    """Return the policies of a caller: identity, boundary, and those of its session."""
    found = policies_of_arn(principal.iam_arn, stores)
    base = found or PolicySet(identity=())
    session = tuple(
        Policy("session", "session", document) for document in principal.session_policies
    )
    return PolicySet(base.identity, base.boundary, session or None)


def policies_of_arn(arn: str, stores: MotoStores) -> PolicySet | None:
    """Return the policies of a user, role or group, None where there is no such principal."""
    iam = stores.iam
    role = stores.role(arn)
    if role is not None:
        return PolicySet(_own(role, "role"), _boundary(role.permissions_boundary_arn, iam))
    user = next((user for user in iam.users.values() if user.arn == arn), None)
    if user is not None:
        return PolicySet(_own(user, "user") + _of_groups(user, iam))
    group = next((group for group in iam.groups.values() if group.arn == arn), None)
    return PolicySet(_own(group, "group")) if group is not None else None


def _own(owner: Any, kind: str) -> tuple[Policy, ...]:
    inline = tuple(
        Policy(f"{kind}_{owner.name}_{name}", kind, document)
        for name, document in owner.policies.items()
    )
    return inline + tuple(_managed(policy) for policy in owner.managed_policies.values())


def _of_groups(user: Any, iam: Any) -> tuple[Policy, ...]:
    groups = [group for group in iam.groups.values() if user in group.users]
    return tuple(policy for group in groups for policy in _own(group, "group"))


def _managed(policy: Any) -> Policy:
    version = next(v for v in policy.versions if v.version_id == policy.default_version_id)
    return Policy(policy.name, "IAM Policy", version.document)


def _boundary(arn: str | None, iam: Any) -> Policy | None:
    policy = iam.managed_policies.get(arn) if arn else None
    return _managed(policy) if policy is not None else None

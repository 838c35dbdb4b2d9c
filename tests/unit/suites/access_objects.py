"""Literal access entries and bindings of the access controls' tests."""

from __future__ import annotations

from typing import Any

ARN = "arn:aws:iam::111122223333:"
ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
MADE = "2026-06-01T00:00:00+00:00"


def cluster(mode: str = "API", **vpc: Any) -> dict[str, Any]:
    return {
        "name": "prod",
        "status": "ACTIVE",
        "accessConfig": {"authenticationMode": mode},
        "resourcesVpcConfig": {
            "endpointPrivateAccess": True,
            "endpointPublicAccess": False,
            "publicAccessCidrs": ["0.0.0.0/0"],
            **vpc,
        },
    }


def entry(name: str, *, admin: bool = False, **more: Any) -> dict[str, Any]:
    """An access entry of ``role/…`` or ``user/…``, perhaps with cluster admin."""
    scope = {"type": "cluster", "namespaces": []}
    policies = [{"policyArn": ADMIN_POLICY, "accessScope": scope}] if admin else []
    return {
        "principalArn": f"{ARN}{name}",
        "type": "STANDARD",
        "createdAt": MADE,
        "kubernetesGroups": [],
        "associatedAccessPolicies": policies,
        **more,
    }


def known(*names: str, missing: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """The sections of IAM principals: those that exist, and those that are gone."""
    created = "2026-01-01T00:00:00+00:00"
    found: dict[str, Any] = {
        f"{ARN}{name}": {"missing": False, "created": created, **more} for name in names
    }
    return {**found, **{f"{ARN}{name}": {"missing": True} for name in missing}}


def aws_auth(text: str) -> dict[str, Any]:
    return {"aws-auth": {"data": {"mapRoles": text}}}


def mapping(name: str, *groups: str) -> str:
    return f"- rolearn: {ARN}{name}\n  username: u\n  groups: [{', '.join(groups)}]\n"


def binding(
    name: str, role: str, *subjects: tuple[str, str], namespace: str | None = None
) -> dict[str, Any]:
    return {
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "roleRef": {"kind": "ClusterRole", "name": role},
        "subjects": [{"kind": k, "name": n, "namespace": "shop"} for k, n in subjects],
    }

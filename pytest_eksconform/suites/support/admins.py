"""Who is cluster admin by an access entry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

CLUSTER_ADMIN_POLICY = "AmazonEKSClusterAdminPolicy"


def has_policy(entry: dict[str, Any], policy: str) -> bool:
    """Whether an access entry holds the access policy named `policy` for the whole cluster."""
    return any(
        found["policyArn"].rsplit("/", 1)[-1] == policy
        and found["accessScope"]["type"] == "cluster"
        for found in entry.get("associatedAccessPolicies") or []
    )


def admin_groups(cluster_role_bindings: Iterable[dict[str, Any]]) -> set[str]:
    """The groups that a ClusterRoleBinding makes cluster admin."""
    return {
        subject["name"]
        for binding in cluster_role_bindings
        if binding["roleRef"]["name"] == "cluster-admin"
        for subject in binding.get("subjects") or []
        if subject.get("kind") == "Group"
    }


def is_admin(entry: dict[str, Any], groups: set[str]) -> bool:
    """Whether an access entry makes its principal admin, by policy or by one of `groups`."""
    return has_policy(entry, CLUSTER_ADMIN_POLICY) or bool(
        groups & set(entry.get("kubernetesGroups") or [])
    )

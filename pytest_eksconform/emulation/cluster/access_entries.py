"""The access entries of a cluster, read through the EKS API like everybody reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

NODE_TYPES = frozenset({"EC2_LINUX", "EC2_WINDOWS", "EC2", "FARGATE_LINUX", "HYBRID_LINUX"})

_SESSION = re.compile(r"^arn:(?P<partition>[^:]+):sts::(?P<account>\d+):assumed-role/(?P<role>.+)/")


@dataclass(frozen=True)
class AccessEntry:
    """Who a principal is in the cluster; ``username`` may hold ``{{…}}`` templates."""

    principal_arn: str
    type: str
    username: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class PolicyScope:
    """An access policy of a principal: cluster-wide when ``namespaces`` is None."""

    policy: str
    namespaces: tuple[str, ...] | None


class AccessEntries:
    """The access entries of one cluster.

    Args:
        eks: a boto3 client.
        cluster_name: the cluster.
    """

    def __init__(self, eks: Any, cluster_name: str) -> None:
        self._eks = eks
        self._cluster_name = cluster_name

    def find(self, principal_arn: str) -> AccessEntry | None:
        """The entry of a user or role, or None if there is none.

        An assumed role does not tell its path, so paths are not compared.
        """
        wanted = without_path(principal_arn)
        for arn in self._arns():
            if without_path(arn) == wanted:
                return self._entry(arn)
        return None

    def node_roles(self) -> set[str]:
        """The ARNs, without paths, of the roles that may join nodes."""
        entries = (self._entry(arn) for arn in self._arns())
        return {without_path(entry.principal_arn) for entry in entries if entry.type in NODE_TYPES}

    def policies(self, principal_arn: str) -> list[PolicyScope]:
        """The access policies associated with an entry."""
        pages = self._eks.get_paginator("list_associated_access_policies").paginate(
            clusterName=self._cluster_name, principalArn=principal_arn
        )
        return [_scope(found) for page in pages for found in page["associatedAccessPolicies"]]

    def _arns(self) -> list[str]:
        pages = self._eks.get_paginator("list_access_entries").paginate(
            clusterName=self._cluster_name
        )
        return [arn for page in pages for arn in page["accessEntries"]]

    def _entry(self, arn: str) -> AccessEntry:
        found = self._eks.describe_access_entry(clusterName=self._cluster_name, principalArn=arn)
        entry = found["accessEntry"]
        groups = tuple(entry.get("kubernetesGroups", ()))
        return AccessEntry(arn, entry["type"], entry["username"], groups)


def _scope(associated: dict[str, Any]) -> PolicyScope:
    scope = associated["accessScope"]
    namespaces = tuple(scope.get("namespaces", ())) if scope["type"] == "namespace" else None
    return PolicyScope(associated["policyArn"].rpartition("/")[2], namespaces)


def canonical_arn(caller_arn: str) -> str:
    """The ARN of the role behind an assumed-role session; any other ARN as it is."""
    found = _SESSION.match(caller_arn)
    if found is None:
        return caller_arn
    return f"arn:{found['partition']}:iam::{found['account']}:role/{found['role']}"


def without_path(arn: str) -> str:
    """An IAM ARN without the path of its role or user."""
    head, slash, resource = arn.partition("/")
    return f"{head}{slash}{resource.rpartition('/')[2]}"

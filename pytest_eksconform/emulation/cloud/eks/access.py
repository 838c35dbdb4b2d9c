"""Access entries and the access policies associated with them."""

from __future__ import annotations

import uuid
from typing import Any

from pytest_eksconform.emulation.cloud.context import Cloud, Handlers, Invocation
from pytest_eksconform.emulation.cloud.data_files import load
from pytest_eksconform.emulation.cloud.paging import page

from .errors import in_use, invalid, invalid_request, not_found
from .state import AccessEntry, Cluster

POLICY_PREFIX = "arn:aws:eks::aws:cluster-access-policy/"
ADMIN_POLICY = POLICY_PREFIX + "AmazonEKSClusterAdminPolicy"
NODE_GROUPS = {
    "EC2_LINUX": ["system:nodes"],
    "EC2_WINDOWS": ["system:nodes", "eks:kube-proxy-windows"],
    "FARGATE_LINUX": ["system:bootstrappers", "system:nodes", "system:node-proxier"],
    "HYBRID_LINUX": ["system:nodes"],
    "HYPERPOD_LINUX": ["system:nodes"],
    "EC2": [],
}
NODE_USERNAMES = {
    "EC2_LINUX": "system:node:{{EC2PrivateDNSName}}",
    "EC2_WINDOWS": "system:node:{{EC2PrivateDNSName}}",
    "FARGATE_LINUX": "system:node:{{SessionName}}",
    "HYBRID_LINUX": "system:node:{{SessionName}}",
    "HYPERPOD_LINUX": "system:node:{{SessionName}}",
    "EC2": "system:node:{{EC2PrivateDNSName}}",
}
GONE = (
    "The specified principalArn could not be found. You can view your available access entries "
    "with 'aws eks list-access-entries'."
)


def access_policies() -> list[dict[str, str]]:
    """Return the access policies that EKS offers."""
    names = load("access-policies.json")["policies"]
    return [{"name": name, "arn": POLICY_PREFIX + name} for name in names]


def add_entry(
    cloud: Cloud,
    cluster: Cluster,
    principal_arn: str,
    kind: str = "STANDARD",
    username: str | None = None,
    groups: list[str] | None = None,
    tags: dict[str, str] | None = None,
) -> AccessEntry:
    """Put an entry into a cluster without asking who may."""
    now = cloud.clock()
    entry = AccessEntry(
        {
            "clusterName": cluster.name,
            "principalArn": principal_arn,
            "kubernetesGroups": NODE_GROUPS.get(kind, groups or []),
            "accessEntryArn": _entry_arn(cloud, cluster.name, principal_arn),
            "createdAt": now,
            "modifiedAt": now,
            "tags": dict(tags or {}),
            "username": NODE_USERNAMES.get(kind) or username or _username(principal_arn),
            "type": kind,
        }
    )
    cluster.access_entries[principal_arn] = entry
    return entry


def associate(
    cloud: Cloud, entry: AccessEntry, policy_arn: str, scope: dict[str, Any]
) -> dict[str, Any]:
    """Associate an access policy with an entry and return the association."""
    now = cloud.clock()
    known = entry.policies.get(policy_arn)
    association = {
        "policyArn": policy_arn,
        "accessScope": {"type": scope["type"], "namespaces": scope.get("namespaces") or []},
        "associatedAt": known["associatedAt"] if known else now,
        "modifiedAt": now,
    }
    entry.policies[policy_arn] = association
    return association


def _entry_arn(cloud: Cloud, cluster_name: str, principal_arn: str) -> str:
    _, _, _, _, account, path = principal_arn.split(":", 5)
    kind, _, rest = path.partition("/")
    name = rest.rpartition("/")[2] or "root"
    return (
        f"arn:aws:eks:{cloud.region}:{cloud.account_id}:access-entry/"
        f"{cluster_name}/{kind}/{account}/{name}/{uuid.uuid4()}"
    )


def _username(principal_arn: str) -> str:
    if ":role/" not in principal_arn:
        return principal_arn
    account, name = principal_arn.split(":")[4], principal_arn.rpartition("/")[2]
    return f"arn:aws:sts::{account}:assumed-role/{name}/{{{{SessionName}}}}"


def _cluster(call: Invocation) -> Cluster:
    cluster = call.cloud.eks.cluster(call.text("clusterName"))
    if cluster.description["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
        raise invalid_request(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] "
            "to perform this operation."
        )
    return cluster


def _entry(call: Invocation) -> AccessEntry:
    entry = _cluster(call).access_entries.get(call.text("principalArn"))
    if entry is None:
        raise not_found(GONE)
    return entry


def create_access_entry(call: Invocation) -> dict[str, Any]:
    """Create an entry for a role or user that exists."""
    cluster, arn = _cluster(call), call.text("principalArn")
    kind = str(call.parameters.get("type") or "STANDARD")
    groups = list(call.parameters.get("kubernetesGroups") or [])
    if not call.cloud.stores.principal_exists(arn):
        raise invalid("The specified principalArn is invalid: invalid principal.")
    if kind != "STANDARD" and kind not in NODE_GROUPS:
        raise invalid("The specified type is invalid.")
    if kind != "STANDARD" and groups:
        raise invalid("The kubernetesGroups parameter is not valid for the specified type.")
    if any(group.startswith("system:") for group in groups):
        raise invalid("The kubernetes group name is invalid, it cannot start with system: prefix")
    with call.cloud.eks.lock:
        if arn in cluster.access_entries:
            raise in_use("The specified access entry resource is already in use on this cluster.")
        username = call.parameters.get("username")
        tags = call.parameters.get("tags")
        entry = add_entry(call.cloud, cluster, arn, kind, username, groups, tags)
    return {"accessEntry": entry.description}


def describe_access_entry(call: Invocation) -> dict[str, Any]:
    """Describe one entry."""
    return {"accessEntry": _entry(call).description}


def list_access_entries(call: Invocation) -> dict[str, Any]:
    """List principals with an entry, or those that have one policy."""
    policy = call.parameters.get("associatedPolicyArn")
    entries = _cluster(call).access_entries
    arns = [arn for arn, entry in entries.items() if not policy or policy in entry.policies]
    return page("accessEntries", arns, call.parameters)


def update_access_entry(call: Invocation) -> dict[str, Any]:
    """Change groups or user name of a standard entry."""
    entry = _entry(call)
    if entry.description["type"] != "STANDARD":
        raise invalid_request("The access entry's type does not allow this update.")
    for member in ("kubernetesGroups", "username"):
        if member in call.parameters:
            entry.description[member] = call.parameters[member]
    entry.description["modifiedAt"] = call.cloud.clock()
    return {"accessEntry": entry.description}


def delete_access_entry(call: Invocation) -> dict[str, Any]:
    """Delete an entry with its associations."""
    _entry(call)
    del _cluster(call).access_entries[call.text("principalArn")]
    return {}


def associate_access_policy(call: Invocation) -> dict[str, Any]:
    """Associate an access policy, for the cluster or for namespaces."""
    entry, policy, scope = _entry(call), call.text("policyArn"), call.parameters["accessScope"]
    if policy not in {known["arn"] for known in access_policies()}:
        raise not_found("The specified policyArn could not be found.")
    if entry.description["type"] not in ("STANDARD", "EC2", "HYPERPOD_LINUX"):
        raise invalid_request("The access entry's type does not allow access policies.")
    if scope["type"] == "namespace" and not scope.get("namespaces"):
        raise invalid("The namespaces parameter is required for a scope of type namespace.")
    return {
        "clusterName": call.text("clusterName"),
        "principalArn": call.text("principalArn"),
        "associatedAccessPolicy": associate(call.cloud, entry, policy, scope),
    }


def disassociate_access_policy(call: Invocation) -> dict[str, Any]:
    """Take an access policy from an entry."""
    if _entry(call).policies.pop(call.text("policyArn"), None) is None:
        raise not_found("The specified policyArn could not be found.")
    return {}


def list_associated_access_policies(call: Invocation) -> dict[str, Any]:
    """List the policies of an entry with their scopes."""
    policies = list(_entry(call).policies.values())
    return {
        "clusterName": call.text("clusterName"),
        "principalArn": call.text("principalArn"),
        **page("associatedAccessPolicies", policies, call.parameters),
    }


def list_access_policies(call: Invocation) -> dict[str, Any]:
    """List the access policies that EKS offers."""
    return page("accessPolicies", access_policies(), call.parameters)


HANDLERS: Handlers = {
    "CreateAccessEntry": create_access_entry,
    "DescribeAccessEntry": describe_access_entry,
    "ListAccessEntries": list_access_entries,
    "UpdateAccessEntry": update_access_entry,
    "DeleteAccessEntry": delete_access_entry,
    "AssociateAccessPolicy": associate_access_policy,
    "DisassociateAccessPolicy": disassociate_access_policy,
    "ListAssociatedAccessPolicies": list_associated_access_policies,
    "ListAccessPolicies": list_access_policies,
}

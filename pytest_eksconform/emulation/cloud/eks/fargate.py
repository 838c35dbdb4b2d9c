"""Fargate profiles: which pods would run without nodes. No pods are run for them."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.emulation.cloud.context import Handlers, Invocation
from pytest_eksconform.emulation.cloud.paging import page

from .access import add_entry
from .arns import child_arn
from .errors import in_use, invalid, not_found
from .state import Cluster, Description

MOST_SELECTORS = 5


def _cluster(call: Invocation) -> Cluster:
    return call.cloud.eks.cluster(call.text("clusterName"))


def _profile(call: Invocation) -> Description:
    name = call.text("fargateProfileName")
    profile = _cluster(call).fargate_profiles.get(name)
    if profile is None:
        raise not_found(f"No Fargate Profile found with name: {name}.")
    return profile


def create(call: Invocation) -> dict[str, Any]:
    """Create a profile."""
    cluster, name = _cluster(call), call.text("fargateProfileName")
    role, selectors = call.text("podExecutionRoleArn"), call.parameters.get("selectors") or []
    if call.cloud.stores.role(role) is None:
        raise invalid("The pod execution role provided does not exist: " + role)
    if not 0 < len(selectors) <= MOST_SELECTORS:
        raise invalid(f"Fargate Profile must have between 1 and {MOST_SELECTORS} selectors.")
    if name in cluster.fargate_profiles:
        raise in_use(f"A Fargate Profile already exists with this name: {name}.")
    profile: Description = {
        "fargateProfileName": name,
        "fargateProfileArn": child_arn(call.cloud, "fargateprofile", cluster.name, name),
        "clusterName": cluster.name,
        "createdAt": call.cloud.clock(),
        "podExecutionRoleArn": role,
        "subnets": list(call.parameters.get("subnets") or []),
        "selectors": selectors,
        "status": "ACTIVE",
        "tags": dict(call.parameters.get("tags") or {}),
        "health": {"issues": []},
    }
    with call.cloud.eks.lock:
        cluster.fargate_profiles[name] = profile
        mode = cluster.description["accessConfig"]["authenticationMode"]
        if mode != "CONFIG_MAP" and role not in cluster.access_entries:
            add_entry(call.cloud, cluster, role, "FARGATE_LINUX")
    return {"fargateProfile": {**profile, "status": "CREATING"}}


def describe(call: Invocation) -> dict[str, Any]:
    """Describe a profile."""
    return {"fargateProfile": _profile(call)}


def list_profiles(call: Invocation) -> dict[str, Any]:
    """List the profiles of a cluster."""
    return page("fargateProfileNames", sorted(_cluster(call).fargate_profiles), call.parameters)


def delete(call: Invocation) -> dict[str, Any]:
    """Delete a profile."""
    profile = _profile(call)
    del _cluster(call).fargate_profiles[profile["fargateProfileName"]]
    return {"fargateProfile": {**profile, "status": "DELETING"}}


HANDLERS: Handlers = {
    "CreateFargateProfile": create,
    "DescribeFargateProfile": describe,
    "ListFargateProfiles": list_profiles,
    "DeleteFargateProfile": delete,
}

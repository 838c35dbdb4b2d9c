"""Managed node groups, as the snapshot has them."""

from __future__ import annotations

from typing import Any


def node_group_resource(group: dict[str, Any]) -> str:
    """How findings name a managed node group."""
    return f"node group {group['nodegroupName']}"


def describe_node_group(group: dict[str, Any], field: str) -> str:
    """A command that shows `field` of a managed node group."""
    return (
        f"aws eks describe-nodegroup --cluster-name {group['clusterName']} "
        f"--nodegroup-name {group['nodegroupName']} --query 'nodegroup.{field}'"
    )


def asg_names(group: dict[str, Any]) -> list[str]:
    """Names of the Auto Scaling groups behind a managed node group."""
    found = (group.get("resources") or {}).get("autoScalingGroups") or []
    return [asg["name"] for asg in found]

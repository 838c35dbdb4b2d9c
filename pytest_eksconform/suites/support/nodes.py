"""Kubernetes Nodes, as the snapshot has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pytest_eksconform.suites.support.workloads import metadata

YOUNG_SECONDS = 600
"""A node may take this long to join and settle."""


def node_resource(node: dict[str, Any]) -> str:
    """How findings name a node."""
    return f"node {node['metadata']['name']}"


def node_owner(node: dict[str, Any]) -> str:
    """The stable thing behind a node: its node group, NodePool, or the node itself."""
    labels = metadata(node, "labels")
    for key, kind in (
        ("eks.amazonaws.com/nodegroup", "node group"),
        ("karpenter.sh/nodepool", "NodePool"),
    ):
        if labels.get(key):
            return f"{kind} {labels[key]}"
    return node_resource(node)


def instance_id(node: dict[str, Any]) -> str | None:
    """Id of the EC2 instance behind a node; None on Fargate and hybrid nodes."""
    provider: str = (node.get("spec") or {}).get("providerID", "")
    last = provider.rsplit("/", 1)[-1]
    return last if provider.startswith("aws:") and last.startswith("i-") else None


def on_ec2(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The nodes that are EC2 instances."""
    return [node for node in nodes if instance_id(node)]


def zone_of(node: dict[str, Any]) -> str | None:
    """Availability Zone of a node, from its label."""
    return metadata(node, "labels").get("topology.kubernetes.io/zone")


def condition(node: dict[str, Any], kind: str) -> dict[str, Any] | None:
    """The node's condition `kind`, if it has it."""
    for found in (node.get("status") or {}).get("conditions") or []:
        if found["type"] == kind:
            return dict(found)
    return None


def node_info(node: dict[str, Any], key: str) -> str:
    """An entry of ``status.nodeInfo``, empty if it is missing."""
    return str(((node.get("status") or {}).get("nodeInfo") or {}).get(key, ""))


def seconds_since(timestamp: str) -> float:
    """Seconds since an ISO 8601 time, of Kubernetes or AWS."""
    return (datetime.now(UTC) - datetime.fromisoformat(timestamp)).total_seconds()


def is_young(timestamp: str) -> bool:
    """Whether something made at `timestamp` may still be settling."""
    return seconds_since(timestamp) < YOUNG_SECONDS

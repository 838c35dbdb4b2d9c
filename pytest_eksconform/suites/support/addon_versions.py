"""What DescribeAddonVersions says of an add-on's versions."""

from __future__ import annotations

from typing import Any

CORE_WORKLOADS = {
    "vpc-cni": ("DaemonSet", "aws-node"),
    "coredns": ("Deployment", "coredns"),
    "kube-proxy": ("DaemonSet", "kube-proxy"),
}
"""Kind and name, in kube-system, of what each core add-on runs, by EKS or without it."""


def offered_for(versions: list[dict[str, Any]], version: str, minor: str) -> bool:
    """Whether EKS offers the add-on's `version` for the Kubernetes `minor`."""
    return any(
        compatibility.get("clusterVersion") in {minor, "*"}
        for entry in versions
        if entry["addonVersion"] == version
        for compatibility in entry.get("compatibilities") or []
    )


def default_for(versions: list[dict[str, Any]], minor: str) -> str | None:
    """The version that EKS installs by default on the Kubernetes `minor`, if it says so."""
    for entry in versions:
        for compatibility in entry.get("compatibilities") or []:
            if compatibility.get("clusterVersion") == minor and compatibility.get("defaultVersion"):
                return str(entry["addonVersion"])
    return None

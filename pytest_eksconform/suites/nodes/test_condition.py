"""What state nodes are in: their versions, conditions and taints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_eksconform import EksCluster, Findings, Snapshot
from pytest_eksconform.suites.support.nodes import (
    YOUNG_SECONDS,
    is_young,
    node_info,
    node_owner,
    node_resource,
)
from pytest_eksconform.suites.support.versions import image_tag, version_numbers

SKEW = 3
"""Minors that a kubelet, or kube-proxy, may be older than the API server."""
_BAD_WHEN_TRUE = frozenset({"MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"})
_BAD_WHEN_FALSE = frozenset(
    {
        "AcceleratedHardwareReady",
        "ContainerRuntimeReady",
        "KernelReady",
        "NetworkingReady",
        "StorageReady",
    }
)
"""Conditions that the EKS node monitoring agent keeps."""
_STARTUP_TAINTS = frozenset(
    {
        "ebs.csi.aws.com/agent-not-ready",
        "efs.csi.aws.com/agent-not-ready",
        "karpenter.sh/unregistered",
        "node.cilium.io/agent-not-ready",
        "node.cloudprovider.kubernetes.io/uninitialized",
    }
)
_DELETION_TAINT = "ToBeDeletedByClusterAutoscaler"


def minors_behind(version: str, control_plane: str) -> int | None:
    """How many minors `version` is older than the control plane; negative if it is newer."""
    own, server = version_numbers(version), version_numbers(control_plane)
    return server[1] - own[1] if own and server else None


def skew_problem(version: str, control_plane: str) -> tuple[str, str, str] | None:
    """Reason, symptom and severity of a version that does not fit; None if it does."""
    behind = minors_behind(version, control_plane)
    if behind is None:
        return "no-version", f"its version {version!r} cannot be read", "medium"
    if behind < 0:
        return "newer", f"{version} is newer than the API server, {control_plane}", "high"
    if behind > SKEW:
        symptom = f"{version} is {behind} minors behind the API server, {control_plane}"
        return "too-old", symptom, "high"
    if behind == SKEW:
        symptom = f"{version} is {behind} minors behind: the control plane cannot be upgraded"
        return "at-limit", symptom, "advice"
    return None


@pytest.mark.eks_control(
    "nodes-version-skew",
    severity="high",
    reads=("nodes", "daemon_sets"),
    sources=(
        "https://kubernetes.io/releases/version-skew-policy/",
        "https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html",
        "S4",
        "U",
        "I",
    ),
    applies="clusters with nodes",
)
def test_nodes_version_skew(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """No kubelet and no kube-proxy is newer than the API server, or over three minors older."""
    nodes = eks_snapshot.read("nodes")
    if not nodes:
        eks_findings.not_applicable("the cluster has no node")
    for node in nodes:
        resource = eks_findings.judged(node_resource(node))
        name = node["metadata"]["name"]
        _skew(
            eks_findings,
            (resource, node_owner(node)),
            skew_problem(node_info(node, "kubeletVersion"), eks_cluster.version),
            f"kubectl get node {name} -o jsonpath='{{.status.nodeInfo.kubeletVersion}}'",
        )
    for image in kube_proxy_images(eks_snapshot.read("daemon_sets")):
        resource = eks_findings.judged("daemonset kube-system/kube-proxy")
        _skew(
            eks_findings,
            (resource, resource),
            skew_problem(image_tag(image), eks_cluster.version),
            "kubectl -n kube-system get daemonset kube-proxy "
            "-o jsonpath='{.spec.template.spec.containers[*].image}'",
        )


def kube_proxy_images(daemon_sets: list[dict[str, Any]]) -> list[str]:
    """The images of kube-proxy with a tag; none where EKS runs it out of sight."""
    return [
        container["image"]
        for item in daemon_sets
        if item["metadata"]["name"] == "kube-proxy"
        for container in item["spec"]["template"]["spec"]["containers"]
        if image_tag(container["image"])
    ]


def _skew(
    findings: Findings,
    where: tuple[str, str],
    problem: tuple[str, str, str] | None,
    confirm: str,
) -> None:
    if problem is None:
        return
    reason, symptom, severity = problem
    findings.add(
        where[0],
        owner=where[1],
        reason=reason,
        severity=severity,
        symptom=symptom,
        cause="the control plane and the nodes were not upgraded together",
        confirm=confirm,
        fix="upgrade the control plane first, then node groups and kube-proxy to the same minor",
    )


@pytest.mark.eks_control(
    "nodes-conditions",
    severity="high",
    reads=("nodes",),
    sources=(
        "https://kubernetes.io/docs/reference/node/node-status/",
        "https://docs.aws.amazon.com/eks/latest/userguide/node-health.html",
        "S3",
        "P",
    ),
    applies="clusters with nodes",
)
def test_nodes_conditions(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """No node is under pressure, and none carries a taint of starting or leaving for long."""
    nodes = eks_snapshot.read("nodes")
    if not nodes:
        eks_findings.not_applicable("the cluster has no node")
    for node in nodes:
        resource = eks_findings.judged(node_resource(node))
        for reason, symptom, severity in condition_problems(node):
            eks_findings.add(
                resource,
                owner=node_owner(node),
                reason=reason,
                severity=severity,
                symptom=symptom,
                cause="the node lacks memory, disk or processes, or an agent on it did not finish",
                confirm=f"kubectl describe node {node['metadata']['name']}",
                fix="free what is short or mend the agent; replace the node if that does not help",
            )


def condition_problems(node: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Reason, symptom and severity of each bad condition and stuck taint of a node."""
    for condition in (node.get("status") or {}).get("conditions") or []:
        kind, status = condition["type"], condition["status"]
        bad = (kind in _BAD_WHEN_TRUE and status == "True") or (
            kind in _BAD_WHEN_FALSE and status == "False"
        )
        if bad:
            message = " ".join(str(condition.get("message", "")).split())
            yield kind.lower(), f"condition {kind} is {status}: {message}".rstrip(": "), "high"
    old = not is_young(node["metadata"]["creationTimestamp"])
    for taint in node["spec"].get("taints") or []:
        if taint["key"] in _STARTUP_TAINTS and old:
            yield "startup-taint", f"taint {taint['key']} stays: no pod is scheduled here", "high"
        elif taint["key"] == _DELETION_TAINT and _since(taint) > YOUNG_SECONDS:
            yield "deletion-taint", "its removal by the autoscaler has been stuck", "medium"
    if node["spec"].get("unschedulable") and old:
        yield "cordoned", "it is cordoned: no pod is scheduled here", "advice"


def _since(taint: dict[str, Any]) -> float:
    """Seconds since the autoscaler set its taint, whose value is the time; 0 if unreadable."""
    value = str(taint.get("value", ""))
    return time.time() - int(value) if value.isdigit() else 0

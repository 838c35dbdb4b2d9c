"""Whether the autoscaler that should run does, alone, and fits the cluster's version."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, EksCluster, Expectations, Findings, Snapshot
from pytest_eksconform.suites.support.cluster_autoscaler import (
    ClusterAutoscaler,
    cluster_autoscalers,
    discovery_of,
    running_autoscalers,
)
from pytest_eksconform.suites.support.versions import image_name, image_tag, minor_version

_NAMES = {
    "cluster-autoscaler": "Cluster Autoscaler",
    "karpenter": "Karpenter",
    "auto-mode": "EKS Auto Mode",
}


@pytest.mark.eks_control(
    "autoscaling-present",
    severity="high",
    reads=("cluster", "deployments", "autoscaling_groups"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/autoscaling.html",
        "S0",
        "S2",
        "S3",
        "H",
    ),
    applies="clusters where an autoscaler runs or is expected by [autoscaler]",
)
def test_autoscaling_present(
    eks_snapshot: Snapshot,
    eks_findings: Findings,
    eks_expectations: Expectations,
    eks_cluster: EksCluster,
) -> None:
    """The expected autoscaler runs, and no two Cluster Autoscalers take the same nodes."""
    deployments = eks_snapshot.read("deployments")
    autoscalers = cluster_autoscalers(deployments)
    found = _kinds(autoscalers, deployments, eks_snapshot.read("cluster"))
    wanted = eks_expectations.get("autoscaler")
    if not found and wanted is None:
        eks_findings.not_applicable("no autoscaler runs, and none is expected ([autoscaler])")
    cluster = eks_findings.judged(f"cluster {eks_cluster.name}")
    if wanted is not None:
        _judge_expected(eks_findings, cluster, wanted, found)
    for autoscaler in autoscalers:
        _judge_ready(eks_findings, autoscaler)
    for first, second in combinations(autoscalers, 2):
        groups = _groups_of_both(first, second, eks_snapshot.read("autoscaling_groups"))
        if groups and _lease(first) != _lease(second):
            _add_twice(eks_findings, first, second, groups)


def _kinds(
    autoscalers: list[ClusterAutoscaler],
    deployments: list[dict[str, Any]],
    cluster: dict[str, Any],
) -> set[str]:
    kinds = {"cluster-autoscaler"} if autoscalers else set()
    if any(_is_karpenter(deployment) for deployment in deployments):
        kinds.add("karpenter")
    if (cluster.get("computeConfig") or {}).get("enabled"):
        kinds.add("auto-mode")
    return kinds


def _is_karpenter(deployment: dict[str, Any]) -> bool:
    containers = deployment["spec"]["template"]["spec"].get("containers") or []
    images = [container.get("image", "") for container in containers]
    wanted = deployment["spec"].get("replicas", 1)
    return bool(wanted) and any(
        image_name(image) == "karpenter" or "karpenter/controller" in image for image in images
    )


def _judge_expected(findings: Findings, cluster: str, wanted: str, found: set[str]) -> None:
    runs = ", ".join(_NAMES[kind] for kind in sorted(found)) or "no autoscaler"
    if wanted in found or (wanted == "none" and not found):
        return
    findings.add(
        cluster,
        reason="not-the-expected",
        symptom=f"{runs} runs; eksconform.toml expects {_NAMES.get(wanted, 'none')}",
        cause="no Deployment with its image has replicas, and Auto Mode is as it is"
        if wanted != "none"
        else "a Deployment with an autoscaler's image has replicas, or Auto Mode is on",
        confirm="kubectl get deployments --all-namespaces -o wide",
        fix="install the expected autoscaler, or change autoscaler in eksconform.toml",
    )


def _judge_ready(findings: Findings, autoscaler: ClusterAutoscaler) -> None:
    resource = findings.judged(autoscaler.resource)
    if autoscaler.ready > 0:
        return
    findings.add(
        resource,
        reason="not-ready",
        symptom="no replica of the Cluster Autoscaler is ready: pending pods get no node",
        cause="its pods do not start, crash or find no node to run on",
        confirm=f"kubectl -n {autoscaler.namespace} describe deployment {autoscaler.name}",
        fix="read its pods' events and logs, and mend what keeps them from running",
    )


def _lease(autoscaler: ClusterAutoscaler) -> tuple[str, ...]:
    # Those that share a lease are one leader and its stand-bys.
    if not autoscaler.switched_on("leader-elect", default=True):
        return (autoscaler.resource,)
    name = autoscaler.flag("leader-elect-resource-name", "cluster-autoscaler")
    return autoscaler.flag("namespace", "kube-system"), name


def _groups_of_both(
    first: ClusterAutoscaler, second: ClusterAutoscaler, groups: list[dict[str, Any]]
) -> list[str]:
    one, other = discovery_of(first), discovery_of(second)
    return [g["AutoScalingGroupName"] for g in groups if one.takes(g) and other.takes(g)]


def _add_twice(
    findings: Findings, first: ClusterAutoscaler, second: ClusterAutoscaler, groups: list[str]
) -> None:
    findings.add(
        second.resource,
        reason="two-for-the-same-nodes",
        symptom=f"it and {first.resource} both scale {', '.join(sorted(groups))}",
        cause="they elect leaders apart, so that one removes nodes that the other adds",
        confirm="kubectl get deployments --all-namespaces -o wide",
        fix="remove one of them, or give each its own Auto Scaling groups",
    )


@pytest.mark.eks_control(
    "ca-version",
    severity="medium",
    reads=("deployments",),
    sources=(
        "https://github.com/kubernetes/autoscaler/tree/master/cluster-autoscaler#releases",
        "S3",
        "H",
    ),
    applies="clusters where the Cluster Autoscaler runs",
)
def test_ca_version(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """The Cluster Autoscaler's minor version is the cluster's."""
    for autoscaler in running_autoscalers(eks_snapshot, eks_findings):
        minor = minor_version(image_tag(autoscaler.image))
        if minor is None:
            raise CouldNotRead(
                f"the version of {autoscaler.resource}",
                f"the image {autoscaler.image} has no version in its tag",
            )
        resource = eks_findings.judged(autoscaler.resource)
        if minor != eks_cluster.version:
            eks_findings.add(
                resource,
                reason="other-minor",
                symptom=f"Cluster Autoscaler {minor} runs on Kubernetes {eks_cluster.version}",
                cause="it simulates the scheduler of its own minor, and may add nodes that do not "
                "help or miss those that would",
                confirm=f"kubectl -n {autoscaler.namespace} get deployment {autoscaler.name} "
                "-o 'jsonpath={.spec.template.spec.containers[*].image}'",
                fix=f"deploy the newest {eks_cluster.version} release of the Cluster Autoscaler",
            )

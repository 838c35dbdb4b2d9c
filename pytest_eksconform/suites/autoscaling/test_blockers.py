"""What would keep the Cluster Autoscaler from removing a node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_eksconform import Findings, Snapshot
from pytest_eksconform.suites.support.cluster_autoscaler import (
    running_autoscalers,
)
from pytest_eksconform.suites.support.disruption_budgets import blocks_now
from pytest_eksconform.suites.support.nodes import node_owner, node_resource
from pytest_eksconform.suites.support.workloads import (
    controller_of,
    is_active,
    metadata,
    qualified,
    workload_of,
)

_PREFIX = "cluster-autoscaler.kubernetes.io/"
_MIRROR = "kubernetes.io/config.mirror"


@pytest.mark.eks_control(
    "ca-blockers",
    severity="advice",
    reads=("deployments", "pods", "nodes", "pod_disruption_budgets"),
    sources=(
        "https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md#what-types-of-pods-can-prevent-ca-from-removing-a-node",
        "S2",
        "S3",
    ),
    applies="clusters where the Cluster Autoscaler runs and nodes exist",
)
def test_ca_blockers(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """No pod, disruption budget or node annotation keeps a node from being removed."""
    autoscalers = running_autoscalers(eks_snapshot, eks_findings)
    nodes = eks_snapshot.read("nodes")
    if not nodes:
        eks_findings.not_applicable("the cluster has no node that could be removed")
    for node in nodes:
        _judge_node(eks_findings, node)
    own = {autoscaler.resource for autoscaler in autoscalers}
    local = autoscalers[0].switched_on("skip-nodes-with-local-storage", default=True)
    for pod in eks_snapshot.read("pods"):
        if workload_of(pod) not in own and _counts(pod):
            _judge_pod(eks_findings, pod, local_storage=local)
    for budget in eks_snapshot.read("pod_disruption_budgets"):
        _judge_budget(eks_findings, budget)


def _judge_node(findings: Findings, node: dict[str, Any]) -> None:
    resource = findings.judged(node_resource(node))
    if metadata(node, "annotations").get(f"{_PREFIX}scale-down-disabled") == "true":
        findings.add(
            resource,
            owner=node_owner(node),
            reason="scale-down-disabled",
            symptom="the Cluster Autoscaler never removes this node",
            cause=f"it is annotated {_PREFIX}scale-down-disabled=true",
            confirm=f"kubectl get node {node['metadata']['name']} "
            "-o 'jsonpath={.metadata.annotations}'",
            fix="take the annotation away when the node may go again",
        )


def _counts(pod: dict[str, Any]) -> bool:
    """Whether the autoscaler would have to evict `pod` from its node."""
    controller = controller_of(pod)
    daemon = controller is not None and controller[0] in {"DaemonSet", "Node"}
    placed = bool((pod.get("spec") or {}).get("nodeName"))
    return placed and is_active(pod) and not daemon and _MIRROR not in metadata(pod, "annotations")


def _judge_pod(findings: Findings, pod: dict[str, Any], *, local_storage: bool) -> None:
    workload = findings.judged(workload_of(pod))
    for reason, cause, fix in reasons_to_stay(pod, local_storage=local_storage):
        findings.add(
            workload,
            reason=reason,
            symptom="no node that it runs on is ever removed",
            cause=cause,
            confirm=f"kubectl -n {pod['metadata']['namespace']} get pod {pod['metadata']['name']} "
            "-o yaml",
            fix=fix,
        )


def reasons_to_stay(pod: dict[str, Any], *, local_storage: bool) -> Iterator[tuple[str, str, str]]:
    """Reason, cause and fix of each thing that makes the autoscaler keep the node of `pod`.

    Args:
        pod: on a node, not of a DaemonSet.
        local_storage: whether ``--skip-nodes-with-local-storage`` is on, as it is by default.
    """
    safe = metadata(pod, "annotations").get(f"{_PREFIX}safe-to-evict")
    if safe == "true":
        return
    if safe == "false":
        yield (
            "not-safe-to-evict",
            f"its pods are annotated {_PREFIX}safe-to-evict=false",
            "take the annotation away, or keep such pods on nodes of their own",
        )
    if controller_of(pod) is None:
        yield (
            "naked-pod",
            "no controller would start it again elsewhere",
            "run it by a Deployment or a Job",
        )
    volumes = local_volumes(pod) if local_storage else []
    if volumes:
        names = ", ".join(volumes)
        yield (
            "local-storage",
            f"its volumes {names} are on the node, and --skip-nodes-with-local-storage is on",
            f'annotate its pods with {_PREFIX}safe-to-evict: "true", if their data may go',
        )


def local_volumes(pod: dict[str, Any]) -> list[str]:
    """Names of the volumes of `pod` that are lost with its node and not declared safe to lose."""
    said = metadata(pod, "annotations").get(f"{_PREFIX}safe-to-evict-local-volumes", "")
    safe = {name.strip() for name in said.split(",")}
    return [
        volume["name"]
        for volume in pod["spec"].get("volumes") or []
        if volume["name"] not in safe and _is_local(volume)
    ]


def _is_local(volume: dict[str, Any]) -> bool:
    in_memory = (volume.get("emptyDir") or {}).get("medium") == "Memory"
    return "hostPath" in volume or ("emptyDir" in volume and not in_memory)


def _judge_budget(findings: Findings, budget: dict[str, Any]) -> None:
    resource = findings.judged(f"PodDisruptionBudget {qualified(budget)}")
    if blocks_now(budget):
        findings.add(
            resource,
            reason="no-disruption-allowed",
            symptom="no node with one of its pods is removed",
            cause="it allows 0 disruptions",
            confirm=f"kubectl -n {budget['metadata']['namespace']} get poddisruptionbudget "
            f"{budget['metadata']['name']}",
            fix="let it allow one disruption, or run one replica more",
        )

"""CoreDNS: whether it is set to survive the loss of a pod, a node or a zone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, Findings, Snapshot
from pytest_eksconform.suites.support.coredns import (
    COREDNS,
    coredns_deployment,
    coredns_pods,
    corefile_plugins,
    selects,
)
from pytest_eksconform.suites.support.nodes import zone_of

_ABSENT = "there is no CoreDNS Deployment: EKS runs it out of sight, or another DNS serves"


@pytest.mark.eks_control(
    "dns-coredns-config",
    severity="medium",
    reads=("deployments", "pod_disruption_budgets", "config_maps", "addons"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html",
        "https://docs.aws.amazon.com/eks/latest/userguide/coredns-autoscaling.html",
        "S4",
    ),
    applies="clusters with a CoreDNS Deployment",
)
def test_dns_coredns_config(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """CoreDNS has two or more ready replicas, a PodDisruptionBudget, and a cache."""
    deployment = coredns_deployment(eks_snapshot.read("deployments"))
    if deployment is None:
        eks_findings.not_applicable(_ABSENT)
    config_map = eks_snapshot.read("config_maps").get("coredns")
    if config_map is None:
        raise CouldNotRead("the Corefile", "kube-system has no ConfigMap coredns")
    problems = [
        *replica_problems(deployment, autoscaled(eks_snapshot.read("addons"))),
        *budget_problems(deployment, eks_snapshot.read("pod_disruption_budgets")),
        *corefile_problems(config_map["data"].get("Corefile", "")),
    ]
    eks_findings.judged(COREDNS)
    for reason, symptom, cause, fix in problems:
        eks_findings.add(
            COREDNS,
            reason=reason,
            symptom=symptom,
            cause=cause,
            confirm="kubectl -n kube-system get deployment,poddisruptionbudget,configmap "
            "-l k8s-app=kube-dns"
            if reason != "no-cache"
            else "kubectl -n kube-system get configmap coredns -o jsonpath='{.data.Corefile}'",
            fix=fix,
        )


Problem = tuple[str, str, str, str]
"""Reason, symptom, cause, fix."""


def autoscaled(addons: list[dict[str, Any]]) -> bool:
    """Whether EKS scales CoreDNS by the size of the cluster."""
    for addon in addons:
        if addon["addonName"] == "coredns":
            try:
                values = json.loads(addon.get("configurationValues") or "{}")
            except ValueError:
                return False  # YAML is allowed too; the replicas are judged as they stand
            return bool((values.get("autoScaling") or {}).get("enabled"))
    return False


def replica_problems(deployment: dict[str, Any], scaled: bool) -> Iterator[Problem]:
    """Too few replicas asked for, or fewer ready than asked for."""
    asked = deployment["spec"].get("replicas", 1)
    ready = (deployment.get("status") or {}).get("readyReplicas", 0)
    if asked < 2:
        yield (
            "one-replica",
            f"{asked} replicas are asked for: names stop to resolve while that pod moves",
            "EKS scales it so" if scaled else "somebody scaled the Deployment down",
            'aws eks update-addon with {"replicaCount": 2}, or with autoScaling enabled',
        )
    if ready < asked:
        yield (
            "not-ready",
            f"{ready} of {asked} replicas are ready",
            "a pod finds no node, crashes, or does not pass its readiness probe",
            "look at the pods' events and logs; check that the add-on's version fits the cluster's",
        )


def budget_problems(deployment: dict[str, Any], budgets: list[dict[str, Any]]) -> Iterator[Problem]:
    """No PodDisruptionBudget holds pods back while nodes are drained."""
    labels = deployment["spec"]["template"]["metadata"].get("labels") or {}
    if not any(selects(budget, labels) for budget in budgets):
        yield (
            "no-budget",
            "a drain may evict all of its pods at once",
            "no PodDisruptionBudget selects them; the EKS add-on brings one since v1.9.3",
            "update the coredns add-on, or make a PodDisruptionBudget with maxUnavailable 1",
        )


def corefile_problems(corefile: str) -> Iterator[Problem]:
    """The Corefile lacks what spares the upstream resolver."""
    if "cache" not in corefile_plugins(corefile):
        yield (
            "no-cache",
            "every look-up goes upstream: latency, and throttling at 1024 packets a second",
            "the Corefile has no cache plugin",
            "put cache 30 into the Corefile's server block, through the add-on's configuration",
        )


@pytest.mark.eks_control(
    "dns-spread",
    severity="medium",
    reads=("deployments", "pods", "nodes"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/best-practices/scale-cluster-services.html",
        "S4",
    ),
    applies="clusters with a CoreDNS Deployment",
)
def test_dns_spread(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """The CoreDNS pods stand on two or more nodes and, where there are zones, in two zones."""
    if coredns_deployment(eks_snapshot.read("deployments")) is None:
        eks_findings.not_applicable(_ABSENT)
    pods = coredns_pods(eks_snapshot.read("pods"))
    placed = [pod["spec"]["nodeName"] for pod in pods if pod["spec"].get("nodeName")]
    if not placed:
        eks_findings.not_applicable("no CoreDNS pod has a node yet")
    eks_findings.judged(COREDNS)
    for reason, symptom in spread_problems(placed, eks_snapshot.read("nodes")):
        eks_findings.add(
            COREDNS,
            reason=reason,
            symptom=symptom,
            cause="they started when only this place had room, and nothing moves them since",
            confirm="kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide",
            fix="kubectl -n kube-system rollout restart deployment coredns, with "
            "topologySpreadConstraints over nodes and zones in the add-on's configuration",
        )


def spread_problems(placed: list[str], nodes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Reason and symptom of a bad spread.

    Args:
        placed: name of the node of each pod.
        nodes: all nodes.
    """
    zones = {node["metadata"]["name"]: zone_of(node) for node in nodes}
    used = {zones.get(name) for name in placed}
    if len(set(placed)) < 2:
        return [("one-node", f"all {len(placed)} of its pods run on {placed[0]}")]
    if len(used) < 2 and len(set(zones.values())) > 1:
        return [("one-zone", f"all {len(placed)} of its pods run in {next(iter(used))}")]
    return []

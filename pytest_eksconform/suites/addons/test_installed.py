"""Which add-ons are there, in which hands, and in which state."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform import EksCluster, Expectations, Findings, Snapshot
from pytest_eksconform.suites.support.addon_versions import CORE_WORKLOADS

AGENT = "eks-pod-identity-agent"
MOVING = frozenset({"CREATING", "UPDATING", "DELETING"})
"""States of an add-on that pass by themselves."""


@pytest.mark.eks_control(
    "addons-required",
    severity="high",
    reads=("cluster", "addons", "deployments", "daemon_sets", "pod_identity_associations"),
    sources=("https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html", "S3"),
    applies="clusters without EKS Auto Mode, or with [addons.required]",
)
def test_addons_required(
    eks_snapshot: Snapshot,
    eks_findings: Findings,
    eks_expectations: Expectations,
    eks_cluster: EksCluster,
) -> None:
    """The add-ons that the cluster cannot do without, and those expected, are installed."""
    required = eks_expectations.get("addons.required")
    associations = eks_snapshot.read("pod_identity_associations")
    if required is None and _is_auto_mode(eks_snapshot.read("cluster")):
        eks_findings.not_applicable("EKS Auto Mode brings the core add-ons itself")
    if required is None:
        required = [*CORE_WORKLOADS, *([AGENT] if associations else [])]
    chosen = set(eks_expectations.get("addons.self_managed", []))
    installed = {addon["addonName"] for addon in eks_snapshot.read("addons")}
    running = installed | _self_managed(eks_snapshot)
    wanted = [name for name in required if name not in chosen]
    if not wanted:
        eks_findings.not_applicable("no add-on is required: all are self-managed by choice")
    for name in wanted:
        resource = eks_findings.judged(f"add-on {name}")
        if name not in running:
            _add_missing(eks_findings, resource, name, eks_cluster.name)


def _is_auto_mode(cluster: dict[str, Any]) -> bool:
    return bool((cluster.get("computeConfig") or {}).get("enabled"))


def _self_managed(snapshot: Snapshot) -> set[str]:
    """The core add-ons whose workload is there, whoever brought it."""
    there = {("Deployment", *_place(item)) for item in snapshot.read("deployments")}
    there |= {("DaemonSet", *_place(item)) for item in snapshot.read("daemon_sets")}
    return {
        name
        for name, (kind, workload) in CORE_WORKLOADS.items()
        if (kind, "kube-system", workload) in there
    }


def _place(item: dict[str, Any]) -> tuple[str, str]:
    return item["metadata"]["namespace"], item["metadata"]["name"]


_WITHOUT = {
    "vpc-cni": "pods get no address",
    "coredns": "names do not resolve",
    "kube-proxy": "Services do not answer",
    AGENT: "pods with a Pod Identity association get no credentials",
}


def _add_missing(findings: Findings, resource: str, name: str, cluster: str) -> None:
    findings.add(
        resource,
        reason="missing",
        symptom=_WITHOUT.get(name, "what it does for the cluster is not done"),
        cause="it is not installed, neither by EKS nor otherwise",
        confirm=f"aws eks list-addons --cluster-name {cluster}",
        fix=f"install it: aws eks create-addon --cluster-name {cluster} --addon-name {name}",
    )


@pytest.mark.eks_control(
    "addons-managed",
    severity="advice",
    reads=("addons", "deployments", "daemon_sets"),
    sources=("https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html", "S3"),
    applies="clusters where vpc-cni, coredns or kube-proxy run",
)
def test_addons_managed(
    eks_snapshot: Snapshot,
    eks_findings: Findings,
    eks_expectations: Expectations,
    eks_cluster: EksCluster,
) -> None:
    """Each core add-on that runs is managed by EKS, or self-managed by choice."""
    running = _self_managed(eks_snapshot)
    if not running:
        eks_findings.not_applicable("none of vpc-cni, coredns and kube-proxy runs")
    chosen = set(eks_expectations.get("addons.self_managed", []))
    installed = {addon["addonName"] for addon in eks_snapshot.read("addons")}
    for name in sorted(running):
        resource = eks_findings.judged(f"add-on {name}")
        if name not in installed | chosen:
            eks_findings.add(
                resource,
                reason="self-managed",
                symptom="it stays behind when the cluster is upgraded",
                cause=f"{' '.join(CORE_WORKLOADS[name])} runs without the EKS add-on",
                confirm=f"aws eks list-addons --cluster-name {eks_cluster.name}",
                fix="take it over with aws eks create-addon --resolve-conflicts PRESERVE, or name "
                "it in addons.self_managed of eksconform.toml",
            )


@pytest.mark.eks_control(
    "addons-active",
    severity="high",
    reads=("addons",),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/add-ons-troubleshooting.html",
        "S3",
        "S4",
        "U",
    ),
    applies="clusters with EKS add-ons",
)
def test_addons_active(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """Every EKS add-on is ACTIVE and has no health issue."""
    addons = eks_snapshot.read("addons")
    if not addons:
        eks_findings.not_applicable("the cluster has no EKS add-on")
    for addon in addons:
        resource = eks_findings.judged(f"add-on {addon['addonName']}")
        issues = (addon.get("health") or {}).get("issues") or []
        status = addon["status"]
        if status == "ACTIVE" and not issues:
            continue
        eks_findings.add(
            resource,
            severity="advice" if status in MOVING and not issues else None,
            reason="health-issue" if issues else f"status-{status.lower()}",
            symptom=f"its status is {status}",
            cause="; ".join(map(_issue, issues))
            or ("EKS is still at work on it" if status in MOVING else "EKS names no issue"),
            confirm=f"aws eks describe-addon --cluster-name {eks_cluster.name} "
            f"--addon-name {addon['addonName']} --query 'addon.[status,health]'",
            fix="mend what the issue names, then update the add-on to the same version again",
        )


def _issue(issue: dict[str, Any]) -> str:
    where = ", ".join(issue.get("resourceIds") or [])
    text = f"{issue.get('code')}: {issue.get('message')}" + (f" ({where})" if where else "")
    return " ".join(text.split())

"""What would stop an upgrade: disruption budgets, and what EKS itself has found."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, EksCluster, Findings, Snapshot
from pytest_eksconform.suites.support.disruption_budgets import blocks_now, can_never_allow
from pytest_eksconform.suites.support.nodes import seconds_since
from pytest_eksconform.suites.support.workloads import qualified

HOUR_SECONDS = 3600


@pytest.mark.eks_control(
    "upgrade-pdb-blocks",
    severity="medium",
    reads=("pod_disruption_budgets",),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html",
        "U",
        "P",
        "O",
    ),
    applies="clusters with PodDisruptionBudgets",
)
def test_upgrade_pdb_blocks(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Every PodDisruptionBudget lets at least one of its pods be evicted."""
    budgets = eks_snapshot.read("pod_disruption_budgets")
    if not budgets:
        eks_findings.not_applicable("the cluster has no PodDisruptionBudget")
    for budget in budgets:
        resource = eks_findings.judged(f"PodDisruptionBudget {qualified(budget)}")
        if blocks_now(budget):
            _add_blocking(eks_findings, resource, budget)


def _add_blocking(findings: Findings, resource: str, budget: dict[str, Any]) -> None:
    status, never = budget["status"], can_never_allow(budget)
    findings.add(
        resource,
        reason="never-allows" if never else "pods-unhealthy",
        symptom="a drain waits for it; an update of the node group fails with PodEvictionFailure",
        cause=f"it wants {status['desiredHealthy']} of {status['expectedPods']} pods healthy at "
        "all times"
        if never
        else f"only {status.get('currentHealthy', 0)} of {status['expectedPods']} pods are healthy",
        confirm=f"kubectl -n {budget['metadata']['namespace']} describe poddisruptionbudget "
        f"{budget['metadata']['name']}",
        fix="use maxUnavailable: 1, or run more replicas than it wants healthy"
        if never
        else "mend the pods that are not ready",
    )


@pytest.mark.eks_control(
    "upgrade-insights",
    severity="medium",
    reads=("insights",),
    sources=("https://docs.aws.amazon.com/eks/latest/userguide/cluster-insights.html", "U", "I"),
    applies="clusters for which EKS lists insights",
)
def test_upgrade_insights(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """EKS's own insights into upgrade readiness, configuration and rollback are all passing."""
    insights = eks_snapshot.read("insights")
    if not insights:
        eks_findings.not_applicable("EKS lists no insight for the cluster")
    unknown = [i["name"] for i in insights if _status(i) == "UNKNOWN"]
    for insight in insights:
        if _status(insight) != "UNKNOWN":
            _judge_insight(eks_findings, insight, eks_cluster.name)
    if unknown and not eks_findings.findings:
        raise CouldNotRead(f"the insight {unknown[0]!r}", "EKS has not evaluated it (UNKNOWN)")


def _status(insight: dict[str, Any]) -> str:
    return str((insight.get("insightStatus") or {}).get("status", "UNKNOWN"))


def _judge_insight(findings: Findings, insight: dict[str, Any], cluster: str) -> None:
    resource = findings.judged(f"insight {insight['name']}")
    status = _status(insight)
    if status == "PASSING":
        return
    why = (insight.get("insightStatus") or {}).get("reason") or insight.get("description", "")
    findings.add(
        resource,
        severity="high" if status == "ERROR" else "medium",
        reason=f"{insight.get('category', 'insight')}-{status}".lower(),
        symptom=f"EKS says {status} ({insight.get('category')}), {_age(insight)}",
        cause=" ".join(str(why).split()) or "EKS gives no reason in the list; the insight has it",
        confirm=f"aws eks describe-insight --cluster-name {cluster} --id {insight['id']} "
        "--query 'insight.[insightStatus,recommendation]'",
        fix="do what the insight recommends, then aws eks start-insights-refresh",
    )


def _age(insight: dict[str, Any]) -> str:
    refreshed = insight.get("lastRefreshTime")
    if not refreshed:
        return "at an unknown time"
    return f"{int(seconds_since(refreshed) // HOUR_SECONDS)} hours ago"

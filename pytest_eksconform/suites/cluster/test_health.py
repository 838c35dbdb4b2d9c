"""Whether EKS itself says that the cluster is well."""

from __future__ import annotations

import pytest

from pytest_eksconform import EksCluster, Findings, Snapshot

WORKS = frozenset({"ACTIVE", "UPDATING"})
"""A cluster serves while it is being updated."""


@pytest.mark.eks_control(
    "cluster-health",
    severity="critical",
    reads=("cluster",),
    sources=("https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html", "S3"),
    applies="every cluster",
)
def test_cluster_health(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """The cluster is ACTIVE and EKS reports no health issue of it."""
    cluster = eks_snapshot.read("cluster")
    resource = eks_findings.judged(f"cluster {eks_cluster.name}")
    confirm = f"aws eks describe-cluster --name {eks_cluster.name} --query 'cluster.%s'"
    if cluster["status"] not in WORKS:
        eks_findings.add(
            resource,
            reason=f"status-{cluster['status'].lower()}",
            symptom=f"the cluster's status is {cluster['status']}",
            cause="it is being made or deleted, or EKS could not make it",
            confirm=confirm % "status",
            fix="wait if it is being made; otherwise mend what its health issues name",
        )
    for issue in (cluster.get("health") or {}).get("issues") or []:
        eks_findings.add(
            resource,
            reason=f"issue-{issue['code']}",
            symptom=f"EKS reports {issue['code']}: {' '.join(issue.get('message', '').split())}",
            cause="something that the control plane depends on was changed or taken away; until "
            "it is back, updates fail and EKS can not repair the control plane",
            confirm=confirm % "health.issues",
            fix=f"restore what the issue names: {_ids(issue)}",
        )


def _ids(issue: dict[str, list[str]]) -> str:
    return ", ".join(issue.get("resourceIds") or []) or "its message says which"

"""Protection of the cluster against being deleted."""

from __future__ import annotations

import pytest

from pytest_eksconform import EksCluster, Expectations, Findings, Snapshot


@pytest.mark.eks_control(
    "security-deletion-protection",
    severity="medium",
    reads=("cluster",),
    sources=("https://docs.aws.amazon.com/eks/latest/userguide/deletion-protection.html", "S4"),
    applies="where security.deletion_protection is true in the expectations",
)
def test_deletion_protection(
    eks_snapshot: Snapshot,
    eks_findings: Findings,
    eks_expectations: Expectations,
    eks_cluster: EksCluster,
) -> None:
    """The cluster can not be deleted by one call, if the team wants it so."""
    if not eks_expectations.get("security.deletion_protection"):
        eks_findings.not_applicable("security.deletion_protection does not ask for it")
    resource = eks_findings.judged(f"cluster {eks_cluster.name}")
    if not eks_snapshot.read("cluster").get("deletionProtection"):
        eks_findings.add(
            resource,
            reason="unprotected",
            symptom="one DeleteCluster call deletes the cluster",
            cause="its deletionProtection is off, although the team wants it on",
            confirm=f"aws eks describe-cluster --name {eks_cluster.name} "
            "--query 'cluster.deletionProtection'",
            fix="switch it on: aws eks update-cluster-config with --deletion-protection",
        )

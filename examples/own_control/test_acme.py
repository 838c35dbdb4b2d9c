"""A control of Acme's own: `pytest test_acme.py --eks-cluster=NAME`."""

import pytest


@pytest.mark.eks_control("acme/two-replicas", severity="high", reads=("deployments",))
def test_two_replicas(eks_snapshot, eks_findings):
    """Every Deployment of the shop runs on two replicas or more."""
    found = [d for d in eks_snapshot.read("deployments") if d["metadata"]["namespace"] == "shop"]
    for deployment in found or eks_findings.not_applicable("no Deployment in namespace shop"):
        name = deployment["metadata"]["name"]
        resource = eks_findings.judged(f"deployment shop/{name}")
        if deployment["spec"]["replicas"] < 2:
            eks_findings.add(
                resource,
                reason="one-replica",
                symptom=f"it is to run on {deployment['spec']['replicas']} replica(s)",
                cause="whatever takes its one pod away, such as a node that drains, is an outage",
                confirm=f"kubectl -n shop get deployment {name}",
                fix="set spec.replicas to 2 or more",
            )

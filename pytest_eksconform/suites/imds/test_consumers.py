"""Controllers that need IMDS although their pods cannot reach it."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform import Expectations, Findings, Snapshot
from pytest_eksconform.suites.support.imds_consumers import known_consumers, needs_of
from pytest_eksconform.suites.support.metadata_options import of_instance
from pytest_eksconform.suites.support.nodes import instance_id
from pytest_eksconform.suites.support.service_accounts import accounts_with_role
from pytest_eksconform.suites.support.workloads import workload_of

_FIXES = {
    "credentials": "give its service account a role of its own (Pod Identity or IRSA)",
    "region": "set AWS_REGION (or --aws-region) on it",
    "VPC id": "set --aws-vpc-id on it",
}


def blocked_nodes(nodes: list[dict[str, Any]], instances: list[dict[str, Any]]) -> set[str]:
    """Names of the nodes whose pods get nothing from IMDS; Fargate has none at all."""
    blocking = {i["InstanceId"] for i in instances if of_instance(i).blocks_pods}
    return {
        node["metadata"]["name"]
        for node in nodes
        if instance_id(node) in blocking or "/fargate-" in node["spec"].get("providerID", "")
    }


@pytest.mark.eks_control(
    "imds-consumers",
    severity="high",
    reads=("instances", "nodes", "pods", "service_accounts", "pod_identity_associations"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
        "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/installation/",
        "S0",
    ),
    applies="clusters where pods cannot reach IMDS and a controller runs that calls AWS",
)
def test_imds_consumers(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_expectations: Expectations
) -> None:
    """No controller asks IMDS for credentials, region or VPC from where it gets no answer."""
    nodes = eks_snapshot.read("nodes")
    blocked = blocked_nodes(nodes, eks_snapshot.read("instances"))
    if eks_expectations.get("imds.pods") == "blocked":
        blocked = {node["metadata"]["name"] for node in nodes}
    if not blocked:
        eks_findings.not_applicable("pods can reach IMDS on every node, so nobody goes without it")
    with_role = accounts_with_role(
        eks_snapshot.read("service_accounts"), eks_snapshot.read("pod_identity_associations")
    )
    pods = known_consumers(eks_snapshot.read("pods"))
    pods = [pod for pod in pods if pod["spec"].get("nodeName") in blocked]
    if not pods:
        eks_findings.not_applicable(
            "no controller known to call AWS runs where IMDS is out of reach"
        )
    for pod in pods:
        _judge(eks_findings, pod, needs_of(pod, with_role))


def _judge(findings: Findings, pod: dict[str, Any], needs: list[str]) -> None:
    resource = findings.judged(workload_of(pod))
    for need in needs:
        findings.add(
            resource,
            reason=f"needs-{need.lower().replace(' ', '-')}",
            symptom=f"it waits for the {need} from IMDS and its AWS calls fail or time out",
            cause="IMDSv2 tokens do not reach its pods (hop limit 1, or IMDS is blocked), and "
            f"nothing else tells it the {need}",
            confirm=f"kubectl -n {pod['metadata']['namespace']} get pod {pod['metadata']['name']} "
            "-o jsonpath='{.spec.serviceAccountName} {.spec.containers[*].args} "
            "{.spec.containers[*].env[*].name}'",
            fix=_FIXES[need],
        )

"""The role of the cluster: what EKS itself acts with."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform import Findings, Snapshot
from pytest_eksconform.suites.support.cni import aws_node, cni_settings
from pytest_eksconform.suites.support.iam_roles import (
    role_name,
    role_of,
    role_resource,
    show_trust,
    simulation_command,
)
from pytest_eksconform.suites.support.workloads import metadata
from pytest_eksconform.trust import ASSUME, TAG_SESSION, service_actions

CLUSTER_ACTIONS = (
    "ec2:DescribeInstances",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "kms:DescribeKey",
)
"""Of AmazonEKSClusterPolicy, what the control plane reads whatever the cluster runs."""
POD_ENI_ACTIONS = (
    "ec2:CreateNetworkInterface",
    "ec2:AttachNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
)
"""Of AmazonEKSVPCResourceController."""


@pytest.mark.eks_control(
    "identity-cluster-role",
    severity="critical",
    reads=("cluster", "roles", "daemon_sets", "nodes", "simulations"),
    sources=("https://docs.aws.amazon.com/eks/latest/userguide/cluster-iam-role.html", "S3"),
    applies="every cluster",
)
def test_cluster_role(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """The cluster's role exists, trusts EKS, and allows what the control plane does."""
    cluster = eks_snapshot.read("cluster")
    arn = cluster["roleArn"]
    resource = eks_findings.judged(role_resource(arn))
    role = role_of(eks_snapshot.read("roles"), arn)
    if role["missing"]:
        _add_role_gone(eks_findings, resource, cluster)
        return
    auto_mode = bool((cluster.get("computeConfig") or {}).get("enabled"))
    wanted = [ASSUME, TAG_SESSION] if auto_mode else [ASSUME]
    lacking = set(wanted) - service_actions(role["trust"], "eks.amazonaws.com")
    if lacking:
        _add_untrusted(eks_findings, resource, arn, sorted(lacking))
    actions = [*CLUSTER_ACTIONS, *(POD_ENI_ACTIONS if _needs_enis(eks_snapshot) else ())]
    answers = eks_snapshot.simulate(arn, actions)
    denied = [action for action, said in answers.items() if said != "allowed"]
    if denied:
        _add_denied(eks_findings, resource, arn, denied)


def _needs_enis(snapshot: Snapshot) -> bool:
    """Whether EKS makes network interfaces for pods: pod ENI, or Windows nodes."""
    daemon_set = aws_node(snapshot.read("daemon_sets"))
    pod_eni = daemon_set is not None and cni_settings(daemon_set).on("ENABLE_POD_ENI")
    nodes = snapshot.read("nodes")
    return pod_eni or any(
        metadata(node, "labels").get("kubernetes.io/os") == "windows" for node in nodes
    )


def _add_role_gone(findings: Findings, resource: str, cluster: dict[str, Any]) -> None:
    findings.add(
        resource,
        reason="no-role",
        symptom="EKS can not manage the cluster: updates and network interfaces fail",
        cause=f"the cluster's role {cluster['roleArn']} does not exist",
        confirm=f"aws eks describe-cluster --name {cluster['name']} --query 'cluster.roleArn'",
        fix="make a role of exactly this name again; a cluster's role can not be changed",
    )


def _add_untrusted(findings: Findings, resource: str, arn: str, lacking: list[str]) -> None:
    findings.add(
        resource,
        reason="trust",
        symptom="EKS can not assume the cluster's role: updates and network interfaces fail",
        cause=f"its trust policy does not allow {' and '.join(lacking)} to eks.amazonaws.com",
        confirm=show_trust(arn),
        fix=f"allow eks.amazonaws.com {' and '.join(lacking)} in the trust policy",
    )


def _add_denied(findings: Findings, resource: str, arn: str, denied: list[str]) -> None:
    policy = "AmazonEKSClusterPolicy"
    if not set(denied) & set(CLUSTER_ACTIONS):
        policy = "AmazonEKSVPCResourceController"
    findings.add(
        resource,
        reason=f"denied-{policy}",
        symptom=f"the control plane is denied {', '.join(denied)}",
        cause=f"the cluster's role lacks {policy}, or what is in it",
        confirm=simulation_command(arn, denied),
        fix=f"attach {policy} to {role_name(arn)}",
    )

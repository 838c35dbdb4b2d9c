"""Which operating system nodes run, and whether their user data fits it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, Findings, Snapshot
from pytest_eksconform.suites.support.bootstrap import bootstrap_problems, family_of
from pytest_eksconform.suites.support.launch_templates import TemplateInUse, written_templates
from pytest_eksconform.suites.support.node_groups import describe_node_group, node_group_resource
from pytest_eksconform.suites.support.nodes import node_info, node_owner, node_resource
from pytest_eksconform.suites.support.workloads import is_active

AL2 = "Amazon Linux 2"
"""What its kubelets report; Amazon Linux 2023 says ``Amazon Linux 2023.…``."""


@pytest.mark.eks_control(
    "nodes-ami-family",
    severity="high",
    reads=("node_groups", "nodes", "pods"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-deprecation-faqs.html",
        "S0",
        "S1",
        "U",
    ),
    applies="clusters with managed node groups or nodes",
)
def test_nodes_ami_family(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """No node group and no node runs Amazon Linux 2, whose EKS AMIs ended on 2025-11-26."""
    groups, nodes = eks_snapshot.read("node_groups"), eks_snapshot.read("nodes")
    if not groups and not nodes:
        eks_findings.not_applicable("the cluster has neither node groups nor nodes")
    for group in groups:
        resource = eks_findings.judged(node_group_resource(group))
        if str(group.get("amiType", "")).startswith("AL2_"):
            _al2_group(eks_findings, resource, group)
    pods = Counter(p["spec"].get("nodeName") for p in eks_snapshot.read("pods") if is_active(p))
    for node in nodes:
        resource = eks_findings.judged(node_resource(node))
        if node_info(node, "osImage") == AL2:
            _al2_node(eks_findings, resource, node, pods[node["metadata"]["name"]])


def _al2_group(findings: Findings, resource: str, group: dict[str, Any]) -> None:
    findings.add(
        resource,
        reason="al2-group",
        symptom=f"its AMI type is {group['amiType']}",
        cause="EKS publishes no Amazon Linux 2 AMI any more, and none at all from Kubernetes 1.33",
        confirm=describe_node_group(group, "amiType"),
        fix="make a node group on AL2023 or Bottlerocket, move the pods, delete this one",
    )


def _al2_node(findings: Findings, resource: str, node: dict[str, Any], pods: int) -> None:
    findings.add(
        resource,
        owner=node_owner(node),
        reason="al2-node",
        symptom=f"it runs Amazon Linux 2, and {pods} pods run on it",
        cause="it was started from an AL2 AMI, which gets no patches",
        confirm=f"kubectl get node {node['metadata']['name']} "
        "-o jsonpath='{.status.nodeInfo.osImage}'",
        fix="drain it onto AL2023 or Bottlerocket nodes and remove it",
    )


@pytest.mark.eks_control(
    "nodes-bootstrap",
    severity="high",
    reads=("cluster", "node_groups", "autoscaling_groups", "launch_templates", "images"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html",
        "https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/",
        "S1",
    ),
    applies="node groups and Auto Scaling groups with a launch template that somebody wrote",
)
def test_nodes_bootstrap(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """The user data of each launch template lets its nodes join this cluster."""
    groups = eks_snapshot.read("node_groups")
    templates = written_templates(
        eks_snapshot.read("autoscaling_groups"), groups, eks_snapshot.read("launch_templates")
    )
    if not templates:
        eks_findings.not_applicable("no group of nodes has a launch template of its own")
    types = {f"node group {g['nodegroupName']}": str(g.get("amiType", "")) for g in groups}
    images = eks_snapshot.read("images")
    for template in templates:
        _judge_bootstrap(eks_findings, eks_snapshot.read("cluster"), template, types, images)


def _judge_bootstrap(
    findings: Findings,
    cluster: dict[str, Any],
    template: TemplateInUse,
    ami_types: dict[str, str],
    images: dict[str, Any],
) -> None:
    own_image = template.data.get("ImageId", "")
    family = family_of(ami_types.get(template.owner, ""), images.get(own_image))
    if family == "unknown":
        raise CouldNotRead(
            f"the operating system of {template.resource}", f"AMI {own_image} does not tell it"
        )
    resource = findings.judged(template.resource)
    # Without an AMI of its own, EKS merges in what a managed node needs.
    complete = bool(own_image) or not template.owner.startswith("node group")
    digest = template.data.get("UserDataDigest")
    for problem in bootstrap_problems(family, digest, cluster, must_be_complete=complete):
        findings.add(
            resource,
            owner=template.owner,
            reason=problem.reason,
            symptom="its nodes start but never join the cluster",
            cause=problem.cause,
            confirm=template.confirm
            + " --query 'LaunchTemplateVersions[].LaunchTemplateData.UserData'",
            fix="put a NodeConfig (node.eks.aws/v1alpha1) with the cluster's name, endpoint, CA "
            "and service CIDR into a new template version and update the group",
        )

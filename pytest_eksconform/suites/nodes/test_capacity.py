"""How many pods a node takes, against the addresses it can have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, Findings, Snapshot
from pytest_eksconform.suites.support.addresses import is_nitro, pods_by_address, pods_by_prefix
from pytest_eksconform.suites.support.cni import CniSettings, aws_node, cni_settings
from pytest_eksconform.suites.support.nodes import node_owner, node_resource, on_ec2
from pytest_eksconform.suites.support.workloads import is_active, metadata


def address_limit(instance_type: dict[str, Any], cni: CniSettings, *, ipv6: bool) -> int:
    """Most pods that get an address on a node of this type, as the CNI is set."""
    if (cni.prefixes or ipv6) and is_nitro(instance_type):
        return pods_by_prefix(instance_type)
    return pods_by_address(instance_type, custom_networking=cni.custom_networking)


@pytest.mark.eks_control(
    "nodes-max-pods",
    severity="high",
    reads=("cluster", "nodes", "pods", "daemon_sets", "instances", "node_groups", "instance_types"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html",
        "https://docs.aws.amazon.com/eks/latest/userguide/cni-increase-ip-addresses.html",
        "S4",
    ),
    applies="EC2 nodes whose pods get their addresses from the VPC CNI",
)
def test_nodes_max_pods(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """No node takes more pods than it has addresses, and each has room besides its DaemonSets."""
    nodes = on_ec2(eks_snapshot.read("nodes"))
    if not nodes:
        eks_findings.not_applicable("the cluster has no EC2 node")
    cni = aws_node(eks_snapshot.read("daemon_sets"))
    if cni is None:
        eks_findings.not_applicable("no aws-node DaemonSet: the VPC CNI's limits do not hold here")
    network = eks_snapshot.read("cluster").get("kubernetesNetworkConfig") or {}
    types, settings = eks_snapshot.read("instance_types"), cni_settings(cni)
    used = Counter(p["spec"].get("nodeName") for p in eks_snapshot.read("pods") if is_active(p))
    for node in nodes:
        kind = types.get(metadata(node, "labels").get("node.kubernetes.io/instance-type", ""))
        if kind is None:
            raise CouldNotRead(f"the instance type of {node_resource(node)}", "EC2 gave none")
        limit = address_limit(kind, settings, ipv6=network.get("ipFamily") == "ipv6")
        resource = eks_findings.judged(node_resource(node))
        for reason, symptom, severity in pod_problems(node, limit, used[node["metadata"]["name"]]):
            _add(eks_findings, resource, node, (reason, symptom, severity))


def pod_problems(node: dict[str, Any], limit: int, running: int) -> Iterator[tuple[str, str, str]]:
    """Reason, symptom and severity of what is wrong with a node's number of pods.

    Args:
        node: the Node.
        limit: pods that can have an address.
        running: pods that are bound to it.
    """
    allowed = int(node["status"]["allocatable"]["pods"])
    if allowed > limit:
        symptom = f"the kubelet takes {allowed} pods, addresses are enough for {limit}"
        yield "too-many", f"{symptom}: the rest hang in ContainerCreating", "high"
    if running >= allowed:
        yield "full", f"{running} pods fill all {allowed} slots of the node", "advice"


def _add(
    findings: Findings, resource: str, node: dict[str, Any], problem: tuple[str, str, str]
) -> None:
    reason, symptom, severity = problem
    findings.add(
        resource,
        owner=node_owner(node),
        reason=reason,
        severity=severity,
        symptom=symptom,
        cause="max-pods does not fit the instance type and the CNI's mode",
        confirm=f"kubectl get node {node['metadata']['name']} "
        "-o jsonpath='{.status.allocatable.pods}'",
        fix="set max-pods by the instance type and the CNI's mode (kubelet.config.maxPods in the "
        "NodeConfig), or switch prefix delegation on; then replace the nodes",
    )

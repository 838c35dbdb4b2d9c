"""The VPC CNI: whether its settings agree with each other, and whether it works."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform import Findings, Snapshot
from pytest_eksconform.suites.support.cni import aws_node, cni_settings
from pytest_eksconform.suites.support.cni_modes import (
    CniFacts,
    cni_problems,
    instance_types_of,
    public_subnets,
)
from pytest_eksconform.suites.support.nodes import condition, on_ec2
from pytest_eksconform.suites.support.workloads import (
    controller_of,
    is_active,
    qualified,
    workload_of,
)

AWS_NODE = "daemonset kube-system/aws-node"
_NO_DAEMON_SET = "no aws-node DaemonSet: another CNI runs, or EKS runs it out of sight"
_REPEATED = 3
"""A sandbox may fail once or twice while its node starts."""
_ADDRESS_MARKS = (
    "failed to assign an IP address",
    "InsufficientFreeAddressesInSubnet",
    "InsufficientCidrBlocks",
)


@pytest.mark.eks_control(
    "net-cni-mode",
    severity="high",
    reads=(
        "daemon_sets",
        "nodes",
        "instances",
        "node_groups",
        "instance_types",
        "subnets",
        "route_tables",
        "eni_configs",
    ),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/cni-increase-ip-addresses.html",
        "https://docs.aws.amazon.com/eks/latest/userguide/cni-custom-network.html",
        "https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html",
        "S4",
    ),
    applies="clusters with the VPC CNI's DaemonSet and EC2 nodes",
)
def test_net_cni_mode(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """The CNI's prefix, custom-network, pod-ENI and SNAT settings fit each other and the nodes."""
    daemon_set = aws_node(eks_snapshot.read("daemon_sets"))
    if daemon_set is None:
        eks_findings.not_applicable(_NO_DAEMON_SET)
    nodes = on_ec2(eks_snapshot.read("nodes"))
    if not nodes:
        eks_findings.not_applicable("the cluster has no EC2 node")
    resource = eks_findings.judged(AWS_NODE)
    settings = cni_settings(daemon_set)
    facts = CniFacts(
        settings=settings,
        nodes=nodes,
        types=instance_types_of(nodes, eks_snapshot.read("instance_types")),
        eni_configs=eks_snapshot.read("eni_configs") if settings.custom_networking else None,
        subnets=eks_snapshot.read("subnets"),
        public=public_subnets(
            eks_snapshot.read("instances"),
            eks_snapshot.read("route_tables")
            if settings.on("AWS_VPC_K8S_CNI_EXTERNALSNAT")
            else [],
        ),
    )
    for problem in cni_problems(facts):
        eks_findings.add(
            resource,
            reason=problem.reason,
            severity=problem.severity,
            symptom=problem.symptom,
            cause=problem.cause,
            confirm="kubectl -n kube-system get daemonset aws-node "
            "-o jsonpath='{.spec.template.spec.containers[0].env}'",
            fix=problem.fix,
        )


@pytest.mark.eks_control(
    "net-cni-healthy",
    severity="high",
    reads=("daemon_sets", "nodes", "pods", "warning_events"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html",
        "https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/troubleshooting.md",
        "S4",
    ),
    applies="clusters with the VPC CNI's DaemonSet and EC2 nodes",
)
def test_net_cni_healthy(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """aws-node is ready on every EC2 node, and no pod waits for a sandbox or an address."""
    if aws_node(eks_snapshot.read("daemon_sets")) is None:
        eks_findings.not_applicable(_NO_DAEMON_SET)
    nodes = on_ec2(eks_snapshot.read("nodes"))
    if not nodes:
        eks_findings.not_applicable("the cluster has no EC2 node")
    eks_findings.judged(AWS_NODE)
    pods = eks_snapshot.read("pods")
    for name, state in nodes_without_cni(nodes, pods):
        eks_findings.add(
            f"node {name}",
            owner=AWS_NODE,
            reason="not-ready",
            symptom=f"aws-node {state} on it: new pods there get no address",
            cause="its container fails, lacks permissions (AmazonEKS_CNI_Policy), or was kept off",
            confirm="kubectl -n kube-system get pods -l k8s-app=aws-node -o wide "
            f"--field-selector spec.nodeName={name}",
            fix="read the pod's events and logs; give aws-node its role, or its tolerations back",
        )
    for pod, event in stuck_pods(pods, eks_snapshot.read("warning_events")):
        _stuck(eks_findings, pod, event)


def nodes_without_cni(
    nodes: list[dict[str, Any]], pods: list[dict[str, Any]]
) -> list[tuple[str, str]]:
    """Ready nodes with no ready aws-node pod, and in what state it is.

    A node becomes Ready only once the CNI has run there; one that is not is nodes-joined's.
    """
    state: dict[str, bool] = {}
    for pod in pods:
        if pod["metadata"]["namespace"] == "kube-system" and controller_of(pod) == (
            "DaemonSet",
            "aws-node",
        ):
            on = pod["spec"].get("nodeName", "")
            state[on] = state.get(on, False) or is_ready(pod)
    found = []
    for node in nodes:
        name = node["metadata"]["name"]
        ready = (condition(node, "Ready") or {}).get("status") == "True"
        if ready and not state.get(name):
            found.append((name, "is not ready" if name in state else "does not run"))
    return found


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether the pod is active and its condition Ready is true."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return is_active(pod) and ready


def stuck_pods(
    pods: list[dict[str, Any]], events: list[dict[str, Any]]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Pods that still wait for a sandbox or an address, each with one event that says so."""
    waiting = {
        (pod["metadata"]["namespace"], pod["metadata"]["name"]): pod
        for pod in pods
        if is_active(pod) and (pod.get("status") or {}).get("phase") == "Pending"
    }
    found = {}
    for event in events:
        about = event.get("involvedObject") or {}
        key = (about.get("namespace", ""), about.get("name", ""))
        if key in waiting and about.get("kind") == "Pod" and _is_network(event):
            found[key] = (waiting[key], event)
    return list(found.values())


def _is_network(event: dict[str, Any]) -> bool:
    message = str(event.get("message", ""))
    if _count(event) < _REPEATED:
        return False
    return event.get("reason") == "FailedCreatePodSandBox" or any(
        mark in message for mark in _ADDRESS_MARKS
    )


def _count(event: dict[str, Any]) -> int:
    return int((event.get("series") or event).get("count") or 1)


def _stuck(findings: Findings, pod: dict[str, Any], event: dict[str, Any]) -> None:
    message = " ".join(str(event.get("message", "")).split())[:160]
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    findings.add(
        f"pod {qualified(pod)}",
        owner=workload_of(pod),
        reason="no-sandbox",
        symptom=f"it hangs in ContainerCreating: {event.get('reason')}: {message}",
        cause="the CNI could not give it a network: no addresses, no prefixes, or no CNI there",
        confirm=f"kubectl -n {namespace} get events --field-selector involvedObject.name={name}",
        fix="look at the ipamd log on its node; free addresses, or use prefixes or another subnet",
    )

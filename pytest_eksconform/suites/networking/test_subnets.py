"""Subnets: of the control plane, and the addresses left for nodes and pods."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, EksCluster, Findings, NotApplicable, Snapshot
from pytest_eksconform.suites.support.address_demand import addresses_a_node, nodes_to_come
from pytest_eksconform.suites.support.cni import CniSettings, aws_node, cni_settings
from pytest_eksconform.suites.support.node_groups import node_group_resource

UNSUPPORTED_ZONES = frozenset({"use1-az3", "usw1-az2", "cac1-az3"})
"""AZ ids in which EKS puts no control-plane interface."""
FOR_AN_UPGRADE = 5
"""Free addresses that a control-plane upgrade may take."""


@pytest.mark.eks_control(
    "net-subnets",
    severity="high",
    reads=("cluster", "subnets"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html",
        "S3",
        "U",
    ),
    applies="every cluster",
)
def test_net_subnets(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """The control plane's subnets exist, span two zones that EKS supports, and have addresses."""
    wanted = eks_snapshot.read("cluster")["resourcesVpcConfig"].get("subnetIds") or []
    if not wanted:
        eks_findings.not_applicable("EKS names no subnet of the control plane")
    subnets = eks_snapshot.read("subnets")
    for subnet_id in wanted:
        resource = eks_findings.judged(f"subnet {subnet_id}")
        problem = subnet_problem(subnets.get(subnet_id))
        if problem:
            _subnet(eks_findings, resource, subnet_id, problem)
    known = [subnets[subnet_id] for subnet_id in wanted if subnet_id in subnets]
    resource = eks_findings.judged(f"cluster {eks_cluster.name}")
    for reason, symptom in together_problems(known):
        eks_findings.add(
            resource,
            reason=reason,
            symptom=symptom,
            cause="the control plane's interfaces need two zones and free addresses",
            confirm=f"aws eks describe-cluster --name {eks_cluster.name} "
            "--query 'cluster.resourcesVpcConfig.subnetIds'",
            fix="add subnets with free addresses in another zone: aws eks update-cluster-config "
            "--resources-vpc-config",
        )


def subnet_problem(subnet: dict[str, Any] | None) -> tuple[str, str] | None:
    """Reason and symptom of what is wrong with one subnet; None if nothing is."""
    if subnet is None:
        return "gone", "it does not exist any more"
    if subnet.get("AvailabilityZoneId") in UNSUPPORTED_ZONES:
        return "unsupported-zone", f"EKS does not support {subnet['AvailabilityZoneId']}"
    return None


def together_problems(subnets: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Reason and symptom of what is wrong with the control plane's subnets as a whole."""
    problems = []
    zones = {subnet["AvailabilityZone"] for subnet in subnets}
    if len(zones) < 2:
        names = ", ".join(sorted(zones)) or "no zone"
        problems.append(("one-zone", f"its control-plane subnets lie in {names} only"))
    free = sum(subnet["AvailableIpAddressCount"] for subnet in subnets)
    if free < FOR_AN_UPGRADE:
        problems.append(
            (
                "no-addresses",
                f"its subnets have {free} free addresses: an upgrade may need {FOR_AN_UPGRADE}",
            )
        )
    return problems


def _subnet(findings: Findings, resource: str, subnet_id: str, problem: tuple[str, str]) -> None:
    findings.add(
        resource,
        reason=problem[0],
        symptom=problem[1],
        cause="the cluster was made with it; upgrades and repairs of the control plane use it",
        confirm=f"aws ec2 describe-subnets --filters Name=subnet-id,Values={subnet_id}",
        fix="replace it in the cluster: aws eks update-cluster-config --resources-vpc-config",
    )


@pytest.mark.eks_control(
    "net-ip-headroom",
    severity="medium",
    reads=(
        "cluster",
        "subnets",
        "node_groups",
        "autoscaling_groups",
        "instances",
        "instance_types",
        "daemon_sets",
    ),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/best-practices/ip-opt.html",
        "S3",
        "S4",
        "U",
    ),
    applies="managed node groups whose pods get IPv4 addresses from the VPC CNI",
)
def test_net_ip_headroom(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """The subnets of each node group have addresses for all nodes up to its maximum size."""
    groups = eks_snapshot.read("node_groups")
    if not groups:
        eks_findings.not_applicable("the cluster has no managed node group")
    settings = _ipv4_settings(eks_snapshot)
    for group in groups:
        _judge_headroom(eks_findings, eks_snapshot, group, settings)


def _ipv4_settings(snapshot: Snapshot) -> CniSettings:
    """The CNI's settings.

    Raises:
        NotApplicable: pods do not take IPv4 addresses of the subnets.
    """
    network = snapshot.read("cluster").get("kubernetesNetworkConfig") or {}
    if network.get("ipFamily") == "ipv6":
        raise NotApplicable("pods have IPv6 addresses, which do not run out")
    daemon_set = aws_node(snapshot.read("daemon_sets"))
    if daemon_set is None:
        raise NotApplicable("no aws-node DaemonSet: pods take no addresses from the subnets")
    return cni_settings(daemon_set)


def _judge_headroom(
    findings: Findings, snapshot: Snapshot, group: dict[str, Any], settings: CniSettings
) -> None:
    types, subnets = snapshot.read("instance_types"), snapshot.read("subnets")
    kinds = [types[name] for name in group.get("instanceTypes") or [] if name in types]
    known = [subnets[name] for name in group["subnets"] if name in subnets]
    if not known:
        raise CouldNotRead(f"the subnets of {node_group_resource(group)}", "EC2 gave none")
    each = max((addresses_a_node(kind, settings) for kind in kinds), default=1)
    more = nodes_to_come(group, snapshot.read("autoscaling_groups"))
    free = sum(subnet["AvailableIpAddressCount"] for subnet in known)
    resource = findings.judged(node_group_resource(group))
    if free < more * each:
        findings.add(
            resource,
            reason="no-headroom",
            symptom=f"it may grow by {more} nodes of about {each} addresses each; its subnets "
            f"have {free} left",
            cause="nodes and pods share the addresses of small subnets",
            confirm="aws ec2 describe-subnets --subnet-ids "
            f"{' '.join(group['subnets'])} --query 'Subnets[].[SubnetId,AvailableIpAddressCount]'",
            fix="lower maxSize or WARM_ENI_TARGET, or add a secondary CIDR with custom networking",
        )

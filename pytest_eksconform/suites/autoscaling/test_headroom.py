"""Whether the groups of the Cluster Autoscaler can grow: bounds, addresses, quota."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, Findings, Snapshot
from pytest_eksconform.suites.support.cluster_autoscaler import discovery_of, running_autoscalers

STANDARD = frozenset("acdhimrtz")
"""First letters of the instance families that the quota of On-Demand Standard instances counts."""
_OTHER_FAMILIES = frozenset({"dl", "hpc", "inf", "mac", "trn"})


@dataclass(frozen=True)
class Growth:
    """How far one Auto Scaling group may still grow.

    Attributes:
        group: its name.
        instance_type: of a new node.
        nodes: that it may add before its maximum.
        fixed: whether its minimum is its maximum.
        free_addresses: in its subnets together.
        addresses: that one network interface of a new node takes.
        vcpus: of a new node; 0 if its family counts against another quota.
    """

    group: str
    instance_type: str
    nodes: int
    fixed: bool
    free_addresses: int
    addresses: int
    vcpus: int


@pytest.mark.eks_control(
    "ca-headroom",
    severity="medium",
    reads=(
        "deployments",
        "autoscaling_groups",
        "node_groups",
        "subnets",
        "instances",
        "instance_types",
        "vcpu_quota",
    ),
    sources=("https://docs.aws.amazon.com/eks/latest/best-practices/cas.html", "S2"),
    applies="clusters where the Cluster Autoscaler runs and discovers groups",
)
def test_ca_headroom(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Each group of the Cluster Autoscaler can grow: its maximum, its subnets, the vCPU quota."""
    discoveries = [discovery_of(a) for a in running_autoscalers(eks_snapshot, eks_findings)]
    groups = [
        group
        for group in eks_snapshot.read("autoscaling_groups")
        if any(discovery.takes(group) for discovery in discoveries)
    ]
    if not groups:
        eks_findings.not_applicable("the Cluster Autoscaler discovers no Auto Scaling group")
    types = eks_snapshot.read("instance_types")
    subnets = eks_snapshot.read("subnets")
    owners = _node_groups(eks_snapshot.read("node_groups"))
    running = standard_vcpus(eks_snapshot.read("instances"), types)
    left = int(eks_snapshot.read("vcpu_quota")) - running
    for group in groups:
        node_group = owners.get(group["AutoScalingGroupName"]) or {}
        resource = eks_findings.judged(f"Auto Scaling group {group['AutoScalingGroupName']}")
        growth = growth_of(group, node_group, types, subnets)
        name = node_group.get("nodegroupName")
        for problem in problems_of(growth, left):
            eks_findings.add(resource, owner=f"node group {name}" if name else None, **problem)


def _node_groups(node_groups: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        group["name"]: node_group
        for node_group in node_groups
        for group in (node_group.get("resources") or {}).get("autoScalingGroups") or []
    }


def growth_of(
    group: dict[str, Any],
    node_group: dict[str, Any],
    types: dict[str, Any],
    subnets: dict[str, Any],
) -> Growth:
    """How far `group` may grow, by its own bounds and its subnets.

    Raises:
        CouldNotRead: its instance type or one of its subnets is not known.
    """
    name = group["AutoScalingGroupName"]
    kinds = [i["InstanceType"] for i in group.get("Instances") or [] if i.get("InstanceType")]
    kinds += node_group.get("instanceTypes") or []
    if not kinds or kinds[0] not in types:
        raise CouldNotRead(f"the instance type of {name}", "neither its instances nor EKS name it")
    ids = [part for part in group.get("VPCZoneIdentifier", "").split(",") if part]
    if unknown := [subnet for subnet in ids if subnet not in subnets]:
        raise CouldNotRead(f"the subnet {unknown[0]} of {name}", "it is none of the cluster's")
    kind = types[kinds[0]]
    return Growth(
        group=name,
        instance_type=kinds[0],
        nodes=group["MaxSize"] - group["DesiredCapacity"],
        fixed=group["MinSize"] == group["MaxSize"],
        free_addresses=sum(subnets[subnet]["AvailableIpAddressCount"] for subnet in ids),
        addresses=kind["NetworkInfo"]["Ipv4AddressesPerInterface"],
        vcpus=kind["VCpuInfo"]["DefaultVCpus"] if is_standard(kinds[0]) else 0,
    )


def is_standard(instance_type: str) -> bool:
    """Whether the quota of On-Demand Standard instances counts `instance_type`."""
    match = re.match(r"[a-z]+", instance_type)
    letters = match.group() if match else ""
    return letters[:1] in STANDARD and letters not in _OTHER_FAMILIES


def standard_vcpus(instances: list[dict[str, Any]], types: dict[str, Any]) -> int:
    """The vCPUs of the On-Demand Standard instances among `instances`."""
    return sum(
        types[instance["InstanceType"]]["VCpuInfo"]["DefaultVCpus"]
        for instance in instances
        if is_standard(instance["InstanceType"])
        and instance.get("InstanceLifecycle") != "spot"
        and instance["InstanceType"] in types
    )


def problems_of(growth: Growth, vcpus_left: int) -> Iterator[dict[str, str]]:
    """What keeps the group from growing, as parts of findings.

    Args:
        growth: of the group.
        vcpus_left: of the quota, when only this cluster's instances count.
    """
    if growth.nodes <= 0:
        yield _at_max(growth)
        return
    yield from _addresses(growth)
    if growth.vcpus:
        yield from _vcpus(growth, vcpus_left)


def _at_max(growth: Growth) -> dict[str, str]:
    return {
        "severity": "advice" if growth.fixed else "medium",
        "reason": "at-max",
        "symptom": "pending pods get no node from this group",
        "cause": "its minimum is its maximum"
        if growth.fixed
        else "its desired capacity is its maximum",
        "confirm": "aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "
        f"{growth.group} --query 'AutoScalingGroups[].[MinSize,DesiredCapacity,MaxSize]'",
        "fix": "raise maxSize of the node group, or take the group from the autoscaler",
    }


def _addresses(growth: Growth) -> Iterator[dict[str, str]]:
    if growth.free_addresses >= growth.addresses * growth.nodes:
        return
    none = growth.free_addresses < growth.addresses
    yield {
        "severity": "medium" if none else "advice",
        "reason": "addresses",
        "symptom": f"its subnets have {growth.free_addresses} free addresses; "
        + ("one more node" if none else f"the {growth.nodes} nodes up to its maximum")
        + f" takes {growth.addresses * (1 if none else growth.nodes)}",
        "cause": f"one network interface of {growth.instance_type} takes {growth.addresses} "
        "addresses",
        "confirm": "aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "
        f"{growth.group} --query 'AutoScalingGroups[].VPCZoneIdentifier'",
        "fix": "give the node group larger subnets, or the VPC a second CIDR block",
    }


def _vcpus(growth: Growth, left: int) -> Iterator[dict[str, str]]:
    if left >= growth.vcpus * growth.nodes:
        return
    none = left < growth.vcpus
    yield {
        "severity": "medium" if none else "advice",
        "reason": "vcpu-quota",
        "symptom": f"the vCPU quota leaves {max(left, 0)}; "
        + ("one more node" if none else f"the {growth.nodes} nodes up to its maximum")
        + f" takes {growth.vcpus * (1 if none else growth.nodes)}",
        "cause": "the account's quota of running On-Demand Standard instances is nearly used up",
        "confirm": "aws service-quotas get-service-quota --service-code ec2 "
        "--quota-code L-1216C47A --query Quota.Value",
        "fix": "ask for a higher quota, or use Spot for part of the nodes",
    }

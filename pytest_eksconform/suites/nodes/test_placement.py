"""Where nodes stand: Availability Zones, and public or private subnets."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, Findings, Snapshot
from pytest_eksconform.suites.support.instances import asg_resource, instance_owner
from pytest_eksconform.suites.support.node_groups import asg_names, node_group_resource
from pytest_eksconform.suites.support.nodes import on_ec2, zone_of
from pytest_eksconform.suites.support.routes import default_gateway


@pytest.mark.eks_control(
    "nodes-spread",
    severity="medium",
    reads=("nodes", "node_groups", "autoscaling_groups"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/best-practices/data-plane.html",
        "S3",
        "S4",
        "P",
    ),
    applies="clusters with EC2 nodes",
)
def test_nodes_spread(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Nodes stand in two or more zones, and can start in every subnet of their node group."""
    nodes = on_ec2(eks_snapshot.read("nodes"))
    if not nodes:
        eks_findings.not_applicable("the cluster has no EC2 node")
    zones = {zone_of(node) for node in nodes}
    if None in zones:
        raise CouldNotRead("the zones of the nodes", "a node has no topology.kubernetes.io/zone")
    resource = eks_findings.judged("the cluster's nodes")
    if len(zones) < 2:
        eks_findings.add(
            resource,
            reason="one-zone",
            symptom=f"all {len(nodes)} nodes stand in {next(iter(zones))}",
            cause="the node groups have subnets of one zone only, or did not spread",
            confirm="kubectl get nodes -L topology.kubernetes.io/zone",
            fix="give the node groups subnets in two or more zones and let them start nodes there",
        )
    scaling = {g["AutoScalingGroupName"]: g for g in eks_snapshot.read("autoscaling_groups")}
    for group in eks_snapshot.read("node_groups"):
        eks_findings.judged(node_group_resource(group))
        for name in asg_names(group):
            if name in scaling:
                _narrowed(eks_findings, group, scaling[name])


def _narrowed(findings: Findings, group: dict[str, Any], asg: dict[str, Any]) -> None:
    missing = set(group["subnets"]) - set(asg.get("VPCZoneIdentifier", "").split(","))
    if missing:
        findings.add(
            node_group_resource(group),
            reason="asg-narrowed",
            symptom=f"it never starts nodes in {', '.join(sorted(missing))}",
            cause=f"{asg_resource(asg)} was edited by hand: it has fewer subnets than the group",
            confirm="aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "
            f"{asg['AutoScalingGroupName']} --query 'AutoScalingGroups[].VPCZoneIdentifier'",
            fix="give the Auto Scaling group the node group's subnets back",
        )


@pytest.mark.eks_control(
    "nodes-private",
    severity="advice",
    reads=("instances", "route_tables"),
    sources=("https://docs.aws.amazon.com/eks/latest/best-practices/subnets.html", "S3", "H"),
    applies="clusters with EC2 nodes",
)
def test_nodes_private(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Every instance stands in a private subnet: its default route is no internet gateway."""
    instances = eks_snapshot.read("instances")
    if not instances:
        eks_findings.not_applicable("the cluster has no EC2 node")
    tables = eks_snapshot.read("route_tables")
    if not tables:
        raise CouldNotRead("the route tables of the VPC", "none was listed")
    for instance in instances:
        resource = eks_findings.judged(f"instance {instance['InstanceId']}")
        subnet = instance["SubnetId"]
        if default_gateway(subnet, tables).startswith("igw-"):
            address = instance.get("PublicIpAddress")
            eks_findings.add(
                resource,
                owner=instance_owner(instance),
                reason="public-subnet",
                symptom=f"it stands in the public subnet {subnet}, "
                + (f"with public address {address}" if address else "without a public address"),
                cause="the subnet's default route is an internet gateway",
                confirm="aws ec2 describe-route-tables --filters "
                f"Name=association.subnet-id,Values={subnet} --query 'RouteTables[].Routes[]'",
                fix="give the node group private subnets, with a NAT gateway or VPC endpoints",
            )

"""Nodes as EKS nodes register themselves."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform.emulation.node_objects import InstanceType, NodeGroup, node_object

LARGE = InstanceType("m6i.large", 2, 8192, 3, 10, "amd64")
INSTANCE: dict[str, Any] = {
    "InstanceId": "i-0123456789abcdef0",
    "ImageId": "ami-1",
    "PrivateDnsName": "ip-10-0-0-5.ec2.internal",
    "PrivateIpAddress": "10.0.0.5",
    "Placement": {"AvailabilityZone": "us-east-1a"},
}
GROUP = NodeGroup(
    "general",
    "SPOT",
    "AL2023_x86_64_STANDARD",
    "1.35.2-20261101",
    {"workload": "general"},
    ({"key": "team", "value": "a", "effect": "NO_SCHEDULE"},),
)


@pytest.mark.parametrize(
    ("shape", "pods"),
    [
        (LARGE, 29),
        (InstanceType("m6i.4xlarge", 16, 65536, 8, 30, "amd64"), 110),
        (InstanceType("m6i.16xlarge", 64, 262144, 15, 50, "amd64"), 250),
        (InstanceType("t3.small", 2, 2048, 3, 4, "amd64"), 11),
    ],
)
def test_max_pods_follow_the_interfaces(shape: InstanceType, pods: int) -> None:
    assert shape.max_pods == pods


def test_allocatable_leaves_room_for_the_system() -> None:
    assert LARGE.allocatable()["cpu"] == "1930m"
    allocatable = int(LARGE.allocatable()["memory"].removesuffix("Ki"))
    assert allocatable < int(LARGE.capacity()["memory"].removesuffix("Ki"))


def test_node_carries_group_labels_and_taints() -> None:
    node = node_object(INSTANCE, LARGE, GROUP, "us-east-1", "v1.35.4")
    labels = node["metadata"]["labels"]
    assert labels["eks.amazonaws.com/nodegroup"] == "general"
    assert labels["eks.amazonaws.com/capacityType"] == "SPOT"
    assert labels["workload"] == "general"
    taint = {"key": "team", "value": "a", "effect": "NoSchedule"}
    assert node["spec"]["taints"] == [taint]
    assert node["spec"]["providerID"] == "aws:///us-east-1a/i-0123456789abcdef0"


def test_kubelet_has_the_release_of_the_group() -> None:
    grouped = node_object(INSTANCE, LARGE, GROUP, "us-east-1", "v1.35.4")
    single = node_object(INSTANCE, LARGE, None, "us-east-1", "v1.35.4")
    assert grouped["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.35.2-eks-")
    assert single["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.35.4-eks-")

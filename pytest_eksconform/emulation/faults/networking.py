"""Ways to break subnets and the VPC CNI."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from pytest_eksconform.emulation.faults import fault
from pytest_eksconform.emulation.faults.spare_node_groups import spare_node_group
from pytest_eksconform.emulation.world import World

TINY_CIDRS = ("10.0.200.0/28", "10.0.200.16/28")
_LEFT_FREE = 2
_AWS_NODE = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "aws-node", "namespace": "kube-system"},
}
_HAND = "kubectl"
"""The field manager of someone who changes an object by hand."""


@contextlib.contextmanager
def _tiny_subnets(world: World) -> Iterator[list[str]]:
    """Two private subnets of sixteen addresses, in two zones."""
    ec2 = world.aws("ec2")
    config = world.aws("eks").describe_cluster(name=world.cluster)["cluster"]["resourcesVpcConfig"]
    likes = ec2.describe_subnets(SubnetIds=config["subnetIds"])["Subnets"]
    made: list[str] = []
    try:
        for like, cidr in zip(likes, TINY_CIDRS, strict=False):
            created = ec2.create_subnet(
                VpcId=config["vpcId"], CidrBlock=cidr, AvailabilityZone=like["AvailabilityZone"]
            )
            made.append(created["Subnet"]["SubnetId"])
        yield made
    finally:
        for subnet in made:
            ec2.delete_subnet(SubnetId=subnet)


@fault("net-control-plane-subnets-full", breaks=("net-subnets",))
def control_plane_subnets_full(world: World) -> Iterator[None]:
    """The control plane's subnets have hardly an address left."""
    eks = world.aws("eks")
    config = eks.describe_cluster(name=world.cluster)["cluster"]["resourcesVpcConfig"]
    with _tiny_subnets(world) as subnets, _filled(world, subnets):
        _set_subnets(eks, world.cluster, subnets)
        try:
            yield
        finally:
            _set_subnets(eks, world.cluster, config["subnetIds"])


def _set_subnets(eks: Any, cluster: str, subnets: list[str]) -> None:
    eks.update_cluster_config(name=cluster, resourcesVpcConfig={"subnetIds": subnets})


@contextlib.contextmanager
def _filled(world: World, subnets: list[str]) -> Iterator[None]:
    """Network interfaces take all but a few addresses of the subnets."""
    ec2 = world.aws("ec2")
    made: list[str] = []
    try:
        for found in ec2.describe_subnets(SubnetIds=subnets)["Subnets"]:
            for _ in range(found["AvailableIpAddressCount"] - _LEFT_FREE):
                interface = ec2.create_network_interface(SubnetId=found["SubnetId"])
                made.append(interface["NetworkInterface"]["NetworkInterfaceId"])
        yield
    finally:
        for name in made:
            ec2.delete_network_interface(NetworkInterfaceId=name)


@fault("net-node-subnets-tiny", breaks=("net-ip-headroom",))
def node_subnets_tiny(world: World) -> Iterator[None]:
    """A node group may grow by more nodes than its subnets have addresses for."""
    sizes = {"minSize": 0, "maxSize": 2, "desiredSize": 0}
    with (
        _tiny_subnets(world) as subnets,
        spare_node_group(world, "tiny-subnets", subnets=subnets, scalingConfig=sizes),
    ):
        yield


@fault("net-prefixes-with-old-limit", breaks=("net-cni-mode", "addons-config"))
def prefixes_with_old_limit(world: World) -> Iterator[None]:
    """Somebody switched prefix delegation on; the nodes keep the max-pods of single addresses."""
    variable = {"name": "ENABLE_PREFIX_DELEGATION", "value": "true"}
    yield from _by_hand(world, {"containers": [{"name": "aws-node", "env": [variable]}]})


@fault("net-cni-kept-off-a-node", breaks=("net-cni-healthy", "addons-config"))
def cni_kept_off_a_node(world: World) -> Iterator[None]:
    """Somebody gave aws-node an affinity that keeps it off one node."""
    name = min(str(node["metadata"]["name"]) for node in world.kube.list("v1", "Node"))
    others = {"key": "kubernetes.io/hostname", "operator": "NotIn", "values": [name]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [others]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": terms}
    yield from _by_hand(world, {"affinity": {"nodeAffinity": required}})


def _by_hand(world: World, pod: dict[str, Any]) -> Iterator[None]:
    """Fields of aws-node's pods are set with kubectl, and taken back by the add-on."""
    world.kube.apply({**_AWS_NODE, "spec": {"template": {"spec": pod}}}, manager=_HAND)
    try:
        _wait_for_roll_out(world)
        yield
    finally:
        # To apply nothing gives up the fields; the add-on then sets its own again.
        world.kube.apply(_AWS_NODE, manager=_HAND)
        world.aws("eks").update_addon(
            clusterName=world.cluster, addonName="vpc-cni", resolveConflicts="OVERWRITE"
        )
        _wait_for_roll_out(world)


def _wait_for_roll_out(world: World) -> None:
    world.wait_until("aws-node is rolled out", lambda: _is_out(world), 60.0)


def _is_out(world: World) -> bool:
    found = world.kube.get("apps/v1", "DaemonSet", "aws-node", "kube-system")
    status = found["status"]
    wanted = status.get("desiredNumberScheduled")
    return bool(
        status.get("observedGeneration") == found["metadata"]["generation"]
        and status.get("updatedNumberScheduled") == wanted
        and status.get("numberReady") == wanted
        and not status.get("numberMisscheduled")
    )

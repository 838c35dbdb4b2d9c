"""Ways to break nodes, their instances and their node groups."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from typing import Any

from pytest_eksconform.emulation.faults import fault
from pytest_eksconform.emulation.faults.spare_node_groups import (
    LIKE,
    spare_launch_template,
    spare_node_group,
    template,
)
from pytest_eksconform.emulation.world import World

STRAY = "stray-node"
_OLD_BOOTSTRAP = "#!/bin/bash\n/etc/eks/bootstrap.sh conform\n"


@fault("nodes-amazon-linux-2", breaks=("nodes-ami-family",))
def amazon_linux_2(world: World) -> Iterator[None]:
    """One node runs Amazon Linux 2."""
    yield from _status(world, {"nodeInfo": {"osImage": "Amazon Linux 2"}})


@fault("nodes-kubelet-too-old", breaks=("nodes-version-skew",))
def kubelet_too_old(world: World) -> Iterator[None]:
    """One kubelet was left four minors behind the API server."""
    node = _node(world)
    _, minor, _ = node["status"]["nodeInfo"]["kubeletVersion"].split(".", 2)
    old = f"v1.{int(minor) - 4}.0-eks-0000000"
    yield from _status(world, {"nodeInfo": {"kubeletVersion": old}})


@fault("nodes-memory-pressure", breaks=("nodes-conditions",))
def memory_pressure(world: World) -> Iterator[None]:
    """One node is short of memory."""
    conditions = _node(world)["status"]["conditions"]
    short = [
        {**c, "status": "True", "reason": "KubeletHasInsufficientMemory"}
        if c["type"] == "MemoryPressure"
        else c
        for c in conditions
    ]
    yield from _status(world, {"conditions": short})


@fault("nodes-too-many-pods", breaks=("nodes-max-pods",))
def too_many_pods(world: World) -> Iterator[None]:
    """The kubelet of one node takes more pods than the node has addresses."""
    yield from _status(world, {"allocatable": {"pods": "110"}, "capacity": {"pods": "110"}})


def _node(world: World) -> dict[str, Any]:
    nodes = world.kube.list("v1", "Node")
    return min(nodes, key=lambda node: str(node["metadata"]["name"]))


def _status(world: World, broken: dict[str, Any]) -> Iterator[None]:
    """One node's status says `broken` for a while, then what it said of the same before."""
    node = _node(world)
    name, status = node["metadata"]["name"], node["status"]
    sound = {part: _same_parts(status[part], value) for part, value in broken.items()}
    _patch_status(world, name, broken)
    try:
        yield
    finally:
        _patch_status(world, name, sound)


def _same_parts(before: Any, value: Any) -> Any:
    return {key: before[key] for key in value} if isinstance(value, dict) else before


def _patch_status(world: World, name: str, status: dict[str, Any]) -> None:
    world.kube.patch("v1", "Node", name, {"status": status}, subresource="status")


@fault("nodes-bootstrap-of-al2", breaks=("nodes-bootstrap",))
def bootstrap_of_al2(world: World) -> Iterator[None]:
    """A node group starts a custom AL2023 AMI with the bootstrap script of Amazon Linux 2."""
    data = {"UserData": base64.b64encode(_OLD_BOOTSTRAP.encode()).decode()}
    data["ImageId"] = _image_in_use(world)
    with spare_launch_template(world, "old-bootstrap", **data) as template_id:
        used = {"id": template_id, "version": "1"}
        with spare_node_group(world, "old-bootstrap", launchTemplate=used):
            yield


def _image_in_use(world: World) -> str:
    described = world.aws("ec2").describe_instances(
        Filters=[{"Name": "tag:eks:nodegroup-name", "Values": [LIKE]}]
    )
    return str(described["Reservations"][0]["Instances"][0]["ImageId"])


@fault("nodes-template-not-rolled-out", breaks=("nodes-template-current",))
def template_not_rolled_out(world: World) -> Iterator[None]:
    """A launch template has a newer default version than its node group runs."""
    ec2 = world.aws("ec2")
    with spare_launch_template(world, "not-rolled-out") as template_id:
        used = {"id": template_id, "version": "1"}
        with spare_node_group(world, "not-rolled-out", launchTemplate=used):
            newer = template(Monitoring={"Enabled": True})
            ec2.create_launch_template_version(
                LaunchTemplateId=template_id, LaunchTemplateData=newer
            )
            ec2.modify_launch_template(LaunchTemplateId=template_id, DefaultVersion="2")
            yield


@fault("nodes-group-without-asg", breaks=("nodes-group-health",))
def group_without_asg(world: World) -> Iterator[None]:
    """Somebody deleted the Auto Scaling group of a node group."""
    scaling = world.aws("autoscaling")
    with spare_node_group(world, "without-asg") as group:
        name = group["resources"]["autoScalingGroups"][0]["name"]
        found = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        made = found["AutoScalingGroups"][0]["MixedInstancesPolicy"]["LaunchTemplate"]
        scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
        try:
            yield
        finally:
            _delete_template(world, made["LaunchTemplateSpecification"]["LaunchTemplateId"])


def _delete_template(world: World, template_id: str) -> None:
    """Delete a template that EKS made and, as it no longer can, the profile that it names."""
    ec2, iam = world.aws("ec2"), world.aws("iam")
    versions = ec2.describe_launch_template_versions(
        LaunchTemplateId=template_id, Versions=["$Default"]
    )["LaunchTemplateVersions"]
    profile = versions[0]["LaunchTemplateData"]["IamInstanceProfile"]["Name"]
    ec2.delete_launch_template(LaunchTemplateId=template_id)
    _delete_profile(iam, profile)


def _delete_profile(iam: Any, profile: str) -> None:
    roles = iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
    for role in roles:
        iam.remove_role_from_instance_profile(
            InstanceProfileName=profile, RoleName=role["RoleName"]
        )
    iam.delete_instance_profile(InstanceProfileName=profile)


@fault("nodes-asg-edited", breaks=("nodes-group-bounds",))
def asg_edited(world: World) -> Iterator[None]:
    """Somebody raised the maximum of a node group on its Auto Scaling group."""
    group = _scaling_group(world)
    yield from _edited(world, group, {"MaxSize": group["MaxSize"] + 1})


@fault("nodes-asg-in-one-zone", breaks=("nodes-spread",))
def asg_in_one_zone(world: World) -> Iterator[None]:
    """The Auto Scaling group of a node group was narrowed to the subnet of one zone."""
    group = _scaling_group(world)
    subnet = group["VPCZoneIdentifier"].split(",")[0]
    yield from _edited(world, group, {"VPCZoneIdentifier": subnet})


def _scaling_group(world: World) -> dict[str, Any]:
    described = world.aws("eks").describe_nodegroup(clusterName=world.cluster, nodegroupName=LIKE)[
        "nodegroup"
    ]
    name = described["resources"]["autoScalingGroups"][0]["name"]
    found = world.aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    group: dict[str, Any] = found["AutoScalingGroups"][0]
    return group


def _edited(world: World, group: dict[str, Any], broken: dict[str, Any]) -> Iterator[None]:
    scaling, same = world.aws("autoscaling"), _kept(group)
    try:
        scaling.update_auto_scaling_group(**same, **broken)
        yield
    finally:
        scaling.update_auto_scaling_group(**same, **{member: group[member] for member in broken})


def _kept(group: dict[str, Any]) -> dict[str, Any]:
    """Name and instances policy of a group, as an update takes them: one name of the template."""
    policy = copy.deepcopy(group["MixedInstancesPolicy"])
    policy["LaunchTemplate"]["LaunchTemplateSpecification"].pop("LaunchTemplateName", None)
    return {
        "AutoScalingGroupName": group["AutoScalingGroupName"],
        "MixedInstancesPolicy": policy,
    }


@fault("nodes-role-without-trust", breaks=("nodes-instance-profile",))
def role_without_trust(world: World) -> Iterator[None]:
    """The node role no longer trusts EC2."""
    iam, name = world.aws("iam"), f"{world.cluster}-node"
    sound = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    broken = json.dumps(sound).replace("ec2.amazonaws.com", "ecs-tasks.amazonaws.com")
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=broken)
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(sound))


@fault("nodes-role-without-entry", breaks=("nodes-joined",))
def role_without_entry(world: World) -> Iterator[None]:
    """An instance was started with a role whose access entry is not that of nodes."""
    iam, eks, trust = world.aws("iam"), world.aws("eks"), _ec2_trust()
    role = iam.create_role(RoleName=STRAY, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    entry = {"clusterName": world.cluster, "principalArn": role}
    eks.create_access_entry(**entry, type="STANDARD")
    iam.create_instance_profile(InstanceProfileName=STRAY)
    iam.add_role_to_instance_profile(InstanceProfileName=STRAY, RoleName=STRAY)
    try:
        yield from _stray_instance(world)
    finally:
        _delete_profile(iam, STRAY)
        eks.delete_access_entry(**entry)
        iam.delete_role(RoleName=STRAY)


def _ec2_trust() -> str:
    principal = {"Service": "ec2.amazonaws.com"}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _stray_instance(world: World) -> Iterator[None]:
    cluster = world.aws("eks").describe_cluster(name=world.cluster)["cluster"]
    network = cluster["resourcesVpcConfig"]
    tags = [{"Key": f"kubernetes.io/cluster/{world.cluster}", "Value": "owned"}]
    ec2 = world.aws("ec2")
    started = ec2.run_instances(
        ImageId=_image_in_use(world),
        InstanceType="m6i.large",
        MinCount=1,
        MaxCount=1,
        SubnetId=network["subnetIds"][0],
        SecurityGroupIds=[network["clusterSecurityGroupId"]],
        IamInstanceProfile={"Name": STRAY},
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )["Instances"]
    try:
        yield
    finally:
        ec2.terminate_instances(InstanceIds=[started[0]["InstanceId"]])


@fault("nodes-in-public-subnet", breaks=("nodes-private",))
def in_public_subnet(world: World) -> Iterator[None]:
    """The default route of a node subnet leads to the internet gateway."""
    ec2 = world.aws("ec2")
    instance = ec2.describe_instances(
        Filters=[{"Name": "tag:eks:nodegroup-name", "Values": [LIKE]}]
    )["Reservations"][0]["Instances"][0]
    table = ec2.describe_route_tables(
        Filters=[{"Name": "association.subnet-id", "Values": [instance["SubnetId"]]}]
    )["RouteTables"][0]
    gateway = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [instance["VpcId"]]}]
    )["InternetGateways"][0]["InternetGatewayId"]
    route = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
    nat = next(r["NatGatewayId"] for r in table["Routes"] if r.get("NatGatewayId"))
    ec2.replace_route(**route, GatewayId=gateway)
    try:
        yield
    finally:
        ec2.replace_route(**route, NatGatewayId=nat)

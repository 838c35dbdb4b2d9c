"""The managed-nodes blueprint is what it says it is, and healthy."""

from __future__ import annotations

from pytest_eksconform.emulation.blueprints.readiness import is_settled
from pytest_eksconform.emulation.nodes import is_ready
from pytest_eksconform.emulation.world import World


def test_blueprint_is_settled(world: World) -> None:
    assert world.wait_until("the blueprint is settled", lambda: is_settled(world), 20)


def test_each_instance_is_a_ready_node(world: World) -> None:
    nodes = world.kube.list("v1", "Node")
    reservations = world.aws("ec2").describe_instances()["Reservations"]
    running = {
        instance["InstanceId"]
        for reservation in reservations
        for instance in reservation["Instances"]
        if instance["State"]["Name"] == "running"
    }
    assert {node["spec"]["providerID"].rpartition("/")[2] for node in nodes} == running
    assert all(is_ready(node) for node in nodes)


def test_nodes_span_three_zones(world: World) -> None:
    label = "topology.kubernetes.io/zone"
    zones = {node["metadata"]["labels"][label] for node in world.kube.list("v1", "Node")}
    assert len(zones) == 3


def test_nodes_look_like_eks_nodes(world: World) -> None:
    for node in world.kube.list("v1", "Node"):
        info = node["status"]["nodeInfo"]
        assert info["kubeletVersion"].startswith("v1.35.")
        assert "-eks-" in info["kubeletVersion"]
        assert info["osImage"].startswith("Amazon Linux 2023")
        assert node["status"]["capacity"]["pods"] == "29"


def test_instances_require_imdsv2_with_one_hop(world: World) -> None:
    reservations = world.aws("ec2").describe_instances()["Reservations"]
    options = [item["Instances"][0]["MetadataOptions"] for item in reservations]
    assert {(o["HttpTokens"], o["HttpPutResponseHopLimit"]) for o in options} == {("required", 1)}


def test_node_role_lacks_what_pods_need(world: World) -> None:
    found = world.aws("iam").list_attached_role_policies(RoleName="conform-node")
    names = {policy["PolicyName"] for policy in found["AttachedPolicies"]}
    assert names == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


def test_addon_images_have_the_version_that_eks_reports(world: World) -> None:
    addon = world.aws("eks").describe_addon(clusterName=world.cluster, addonName="coredns")
    deployment = world.kube.get("apps/v1", "Deployment", "coredns", "kube-system")
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(f":{addon['addon']['addonVersion']}")


def test_autoscaler_status_names_every_group(world: World) -> None:
    groups = world.aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    status = world.kube.get("v1", "ConfigMap", "cluster-autoscaler-status", "kube-system")
    for group in groups:
        assert f"name: {group['AutoScalingGroupName']}" in status["data"]["status"]


def test_autoscaler_quotes_what_aws_refuses(world: World) -> None:
    iam, name = world.aws("iam"), {"RoleName": "conform-autoscaler"}
    name["PolicyName"] = "conform-autoscaler"
    policy = iam.get_role_policy(**name)["PolicyDocument"]
    iam.delete_role_policy(**name)
    try:
        world.wait_until("the status quotes AWS", lambda: "AccessDenied" in _status(world), 15)
    finally:
        import json

        iam.put_role_policy(**name, PolicyDocument=json.dumps(policy))
    world.wait_until("it is healthy again", lambda: "Unhealthy" not in _status(world), 15)


def _status(world: World) -> str:
    found = world.kube.get("v1", "ConfigMap", "cluster-autoscaler-status", "kube-system")
    return str(found["data"]["status"])

"""Node groups: launch template, Auto Scaling group, instances."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError


def make(cluster: Any, name: str = "blue", **more: Any) -> dict[str, Any]:
    sizes = {"minSize": 1, "maxSize": 6, "desiredSize": 3}
    values = {"scalingConfig": sizes, "nodeRole": cluster.node_role, **more}
    eks = cluster.eks()
    eks.create_nodegroup(
        clusterName="conform", nodegroupName=name, subnets=cluster.subnets, **values
    )
    return dict(eks.describe_nodegroup(clusterName="conform", nodegroupName=name)["nodegroup"])


def group_of(cluster: Any, nodegroup: dict[str, Any]) -> dict[str, Any]:
    name = nodegroup["resources"]["autoScalingGroups"][0]["name"]
    found = cluster.lab.client("autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[name]
    )
    return dict(found["AutoScalingGroups"][0])


def instances_of(cluster: Any, nodegroup: dict[str, Any]) -> list[dict[str, Any]]:
    ids = [i["InstanceId"] for i in group_of(cluster, nodegroup)["Instances"]]
    found = cluster.lab.client("ec2").describe_instances(
        InstanceIds=ids, IncludeManagedResources=True
    )
    return [i for r in found["Reservations"] for i in r["Instances"]]


def test_group_carries_the_tags_of_eks(cluster: Any) -> None:
    nodegroup = make(cluster)
    tags = {t["Key"]: t["Value"] for t in group_of(cluster, nodegroup)["Tags"]}
    assert tags == {
        "eks:cluster-name": "conform",
        "eks:nodegroup-name": "blue",
        "kubernetes.io/cluster/conform": "owned",
        "k8s.io/cluster-autoscaler/enabled": "true",
        "k8s.io/cluster-autoscaler/conform": "owned",
    }


def test_instances_spread_over_zones_inside_their_subnets(cluster: Any) -> None:
    instances = instances_of(cluster, make(cluster))
    zones = Counter(i["Placement"]["AvailabilityZone"] for i in instances)
    assert zones == {"eu-west-1a": 1, "eu-west-1b": 1, "eu-west-1c": 1}
    assert all(i["PrivateIpAddress"].startswith("10.7.") for i in instances)
    assert {i["SubnetId"] for i in instances} == set(cluster.subnets)


def test_instances_of_al2023_hold_pods_off_the_metadata_service(cluster: Any) -> None:
    nodegroup = make(cluster)
    assert nodegroup["amiType"] == "AL2023_x86_64_STANDARD"
    for instance in instances_of(cluster, nodegroup):
        options = instance["MetadataOptions"]
        assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1)
        assert instance["IamInstanceProfile"]["Arn"].startswith("arn:aws:iam::111122223333:")
        tags = {t["Key"] for t in instance["Tags"]}
        assert {"aws:autoscaling:groupName", "eks:nodegroup-name"} <= tags


def test_users_launch_template_reaches_the_instances(cluster: Any) -> None:
    ec2 = cluster.lab.client("ec2")
    ec2.create_launch_template(LaunchTemplateName="own", LaunchTemplateData={"KeyName": "old"})
    ec2.create_launch_template_version(
        LaunchTemplateName="own",
        LaunchTemplateData={
            "InstanceType": "m6i.large",
            "MetadataOptions": {"HttpTokens": "optional", "HttpPutResponseHopLimit": 3},
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "a"}]}
            ],
        },
    )
    nodegroup = make(cluster, launchTemplate={"name": "own", "version": "2"})
    assert nodegroup["launchTemplate"]["version"] == "2"
    for instance in instances_of(cluster, nodegroup):
        assert instance["InstanceType"] == "m6i.large"
        assert instance["MetadataOptions"]["HttpPutResponseHopLimit"] == 3
        assert {"Key": "team", "Value": "a"} in instance["Tags"]


def test_nodegroup_waits_for_its_nodes(cluster: Any) -> None:
    cluster.lab.workloads.ready_nodes = 2
    assert make(cluster)["status"] == "CREATING"
    cluster.lab.workloads.ready_nodes = 3
    cluster.eks().get_waiter("nodegroup_active").wait(
        clusterName="conform", nodegroupName="blue", WaiterConfig={"Delay": 1, "MaxAttempts": 2}
    )


def test_update_config_drives_the_group(cluster: Any) -> None:
    nodegroup, eks = make(cluster), cluster.eks()
    update = eks.update_nodegroup_config(
        clusterName="conform",
        nodegroupName="blue",
        scalingConfig={"minSize": 2, "maxSize": 8, "desiredSize": 5},
        labels={"addOrUpdateLabels": {"tier": "web"}},
        taints={"addOrUpdateTaints": [{"key": "a", "value": "b", "effect": "NO_SCHEDULE"}]},
    )["update"]
    assert update["type"] == "ConfigUpdate"
    group = group_of(cluster, nodegroup)
    assert (group["MinSize"], group["MaxSize"], len(group["Instances"])) == (2, 8, 5)
    found = eks.describe_nodegroup(clusterName="conform", nodegroupName="blue")["nodegroup"]
    assert found["labels"] == {"tier": "web"}
    assert found["taints"] == [{"key": "a", "value": "b", "effect": "NO_SCHEDULE"}]
    assert found["scalingConfig"]["desiredSize"] == 5
    ids = eks.list_updates(name="conform", nodegroupName="blue")["updateIds"]
    assert ids == [update["id"]]


@pytest.mark.parametrize(
    "sizes", [{"minSize": 3, "maxSize": 2, "desiredSize": 2}, {"minSize": 0, "desiredSize": 99}]
)
def test_sizes_that_contradict_each_other_are_refused(cluster: Any, sizes: dict[str, int]) -> None:
    make(cluster)
    with pytest.raises(cluster.eks().exceptions.InvalidParameterException) as error:
        cluster.eks().update_nodegroup_config(
            clusterName="conform", nodegroupName="blue", scalingConfig=sizes
        )
    assert error.value.response["Error"]["Code"] == "InvalidParameterException"


def test_node_role_gets_an_access_entry(cluster: Any) -> None:
    make(cluster)
    entry = cluster.eks().describe_access_entry(
        clusterName="conform", principalArn=cluster.node_role
    )["accessEntry"]
    assert (entry["type"], entry["kubernetesGroups"]) == ("EC2_LINUX", ["system:nodes"])
    assert entry["username"] == "system:node:{{EC2PrivateDNSName}}"


def test_group_that_vanished_degrades_the_nodegroup(cluster: Any) -> None:
    nodegroup = make(cluster)
    name = nodegroup["resources"]["autoScalingGroups"][0]["name"]
    cluster.lab.client("autoscaling").delete_auto_scaling_group(
        AutoScalingGroupName=name, ForceDelete=True
    )
    found = cluster.eks().describe_nodegroup(clusterName="conform", nodegroupName="blue")
    assert found["nodegroup"]["status"] == "DEGRADED"
    assert found["nodegroup"]["health"]["issues"][0]["code"] == "AutoScalingGroupNotFound"


def test_deleted_nodegroup_leaves_nothing(cluster: Any) -> None:
    nodegroup = make(cluster)
    ids = [i["InstanceId"] for i in instances_of(cluster, nodegroup)]
    eks, ec2 = cluster.eks(), cluster.lab.client("ec2")
    with pytest.raises(eks.exceptions.ResourceInUseException):
        eks.delete_cluster(name="conform")
    eks.delete_nodegroup(clusterName="conform", nodegroupName="blue")
    states = {
        i["State"]["Name"]
        for r in ec2.describe_instances(InstanceIds=ids)["Reservations"]
        for i in r["Instances"]
    }
    assert states == {"terminated"}
    assert ec2.describe_launch_templates()["LaunchTemplates"] == []
    assert eks.list_nodegroups(clusterName="conform")["nodegroups"] == []


def test_bounds_hold_and_activities_tell(cluster: Any) -> None:
    nodegroup = make(cluster)
    scaling = cluster.lab.client("autoscaling")
    name = nodegroup["resources"]["autoScalingGroups"][0]["name"]
    with pytest.raises(ClientError, match="above max value 6"):
        scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=9)
    with pytest.raises(ClientError, match="AutoScalingGroup name not found"):
        scaling.set_desired_capacity(AutoScalingGroupName="other", DesiredCapacity=1)
    victim = group_of(cluster, nodegroup)["Instances"][0]["InstanceId"]
    scaling.terminate_instance_in_auto_scaling_group(
        InstanceId=victim, ShouldDecrementDesiredCapacity=True
    )
    assert len(group_of(cluster, nodegroup)["Instances"]) == 2
    activities = scaling.describe_scaling_activities(AutoScalingGroupName=name)["Activities"]
    assert activities[0]["Description"] == f"Terminating EC2 instance: {victim}"
    with pytest.raises(ClientError, match="No managed instance found"):
        scaling.terminate_instance_in_auto_scaling_group(
            InstanceId="i-0", ShouldDecrementDesiredCapacity=True
        )


def test_subnet_without_addresses_fails_the_launch(cluster: Any) -> None:
    ec2 = cluster.lab.client("ec2")
    vpc = ec2.describe_subnets(SubnetIds=cluster.subnets[:1])["Subnets"][0]["VpcId"]
    tiny = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.200.0/28", AvailabilityZone="eu-west-1a")[
        "Subnet"
    ]["SubnetId"]
    cluster.subnets[:] = [tiny]
    sizes = {"minSize": 0, "maxSize": 40, "desiredSize": 20}
    nodegroup = make(cluster, scalingConfig=sizes)
    group = group_of(cluster, nodegroup)
    assert 0 < len(group["Instances"]) < 20
    newest = cluster.lab.client("autoscaling").describe_scaling_activities()["Activities"][0]
    assert newest["StatusCode"] == "Failed"
    assert "not enough free addresses" in newest["StatusMessage"]


def test_metadata_options_change_one_by_one(cluster: Any) -> None:
    ec2 = cluster.lab.client("ec2")
    instance = instances_of(cluster, make(cluster))[0]["InstanceId"]
    ec2.modify_instance_metadata_options(InstanceId=instance, HttpPutResponseHopLimit=2)
    found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    options = found["MetadataOptions"]
    assert options["HttpPutResponseHopLimit"] == 2
    assert (options["HttpTokens"], options["HttpEndpoint"]) == ("required", "enabled")


def test_account_defaults_rule_over_the_images(cluster: Any) -> None:
    ec2 = cluster.lab.client("ec2")
    ec2.modify_instance_metadata_defaults(HttpPutResponseHopLimit=1)
    assert ec2.get_instance_metadata_defaults()["AccountLevel"] == {"HttpPutResponseHopLimit": 1}
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, SubnetId=cluster.subnets[0], InstanceType="m6i.large"
    )["Instances"][0]
    assert made["MetadataOptions"]["HttpPutResponseHopLimit"] == 1


def test_image_of_the_minor_is_the_recommended_one(cluster: Any) -> None:
    nodegroup = make(cluster)
    prefix = "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/standard/recommended"
    ssm = cluster.lab.client("ssm")
    image = ssm.get_parameter(Name=f"{prefix}/image_id")["Parameter"]["Value"]
    release = ssm.get_parameter(Name=f"{prefix}/release_version")["Parameter"]["Value"]
    assert {i["ImageId"] for i in instances_of(cluster, nodegroup)} == {image}
    assert nodegroup["releaseVersion"] == release
    found = cluster.lab.client("ec2").describe_images(ImageIds=[image])["Images"][0]
    assert found["Name"].startswith("amazon-eks-node-al2023-x86_64-standard-1.35-v")
    assert found["ImdsSupport"] == "v2.0"


def test_empty_lists_and_quotas_answer(lab: Any) -> None:
    ec2 = lab.client("ec2")
    assert ec2.describe_capacity_reservations()["CapacityReservations"] == []
    assert ec2.describe_placement_groups()["PlacementGroups"] == []
    quotas = lab.client("service-quotas")
    quota = quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")["Quota"]
    assert quota["Value"] > 0
    assert quotas.list_service_quotas(ServiceCode="eks")["Quotas"]


def test_instance_has_one_disk_as_its_template_says(cluster: Any) -> None:
    instance = instances_of(cluster, make(cluster, diskSize=50))[0]
    assert [d["DeviceName"] for d in instance["BlockDeviceMappings"]] == ["/dev/xvda"]
    volume = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    found = cluster.lab.client("ec2").describe_volumes(VolumeIds=[volume])["Volumes"][0]
    assert (found["Size"], found["VolumeType"]) == (50, "gp3")


def test_health_names_what_is_gone(cluster: Any) -> None:
    make(cluster)
    iam, eks = cluster.lab.client("iam"), cluster.eks()
    profile = iam.list_instance_profiles_for_role(RoleName="node")["InstanceProfiles"][0]
    name = profile["InstanceProfileName"]
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName="node")
    iam.delete_instance_profile(InstanceProfileName=name)
    iam.delete_role(RoleName="node")
    iam.delete_role(RoleName="cluster")
    found = eks.describe_nodegroup(clusterName="conform", nodegroupName="blue")["nodegroup"]
    codes = {issue["code"] for issue in found["health"]["issues"]}
    assert (found["status"], codes) == (
        "DEGRADED",
        {"IamNodeRoleNotFound", "IamInstanceProfileNotFound"},
    )
    health = eks.describe_cluster(name="conform")["cluster"]["health"]
    assert [issue["code"] for issue in health["issues"]] == ["IamRoleNotFound"]

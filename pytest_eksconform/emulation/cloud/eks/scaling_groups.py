"""What a managed node group owns outside EKS: launch template, profile, Auto Scaling group."""

from __future__ import annotations

import uuid
from typing import Any

from pytest_eksconform.emulation.cloud.context import Cloud
from pytest_eksconform.emulation.cloud.ec2.eks_images import image_for

from .errors import invalid
from .state import Description

# The hop limit that managed node groups set when the user's template says nothing: pods on the
# AL2 images could reach the metadata service, on all later ones they cannot.
AL2_METADATA = {"HttpTokens": "optional", "HttpPutResponseHopLimit": 2}
METADATA = {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
TERMINATION_POLICIES = ["AllocationStrategy", "OldestLaunchTemplate", "OldestInstance"]


def find_template(cloud: Cloud, given: dict[str, str]) -> Any | None:
    """Return the launch template with that id or name, None without one."""
    ec2 = cloud.stores.ec2
    name = given.get("id") or ec2.launch_template_name_to_ids.get(given.get("name"))
    return ec2.launch_templates.get(name)


def make(cloud: Cloud, cluster: Description, nodegroup: Description) -> str:
    """Make template and group of a node group and return the group's name."""
    name = f"eks-{nodegroup['nodegroupName']}-{uuid.uuid4()}"
    data = _template_data(cloud, cluster, nodegroup)
    template = cloud.stores.ec2.create_launch_template(
        f"eks-{uuid.uuid4()}",
        "",
        data,
        {"launch-template": _tags(cluster, nodegroup)},
    )
    scaling = nodegroup["scalingConfig"]
    types = nodegroup["instanceTypes"] or [data["InstanceType"]]
    cloud.stores.autoscaling.create_auto_scaling_group(
        name=name,
        availability_zones=[],
        desired_capacity=scaling["desiredSize"],
        max_size=scaling["maxSize"],
        min_size=scaling["minSize"],
        launch_config_name="",
        launch_template={},
        vpc_zone_identifier=",".join(nodegroup["subnets"]),
        default_cooldown=300,
        health_check_period=15,
        health_check_type="EC2",
        load_balancers=[],
        target_group_arns=[],
        placement_group=None,
        termination_policies=list(TERMINATION_POLICIES),
        tags=_group_tags(name, cluster, nodegroup),
        capacity_rebalance=nodegroup["capacityType"] == "SPOT",
        mixed_instances_policy=_mixed_instances(template, nodegroup, types),
    )
    return name


def _mixed_instances(template: Any, nodegroup: Description, types: list[str]) -> dict[str, Any]:
    spot = nodegroup["capacityType"] == "SPOT"
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template.id, "Version": "1"},
            "Overrides": [{"InstanceType": name} for name in types],
        },
        "InstancesDistribution": {
            "OnDemandAllocationStrategy": "prioritized",
            "OnDemandBaseCapacity": 0,
            "OnDemandPercentageAboveBaseCapacity": 0 if spot else 100,
            "SpotAllocationStrategy": "price-capacity-optimized" if spot else "lowest-price",
        },
    }


def _template_data(cloud: Cloud, cluster: Description, nodegroup: Description) -> dict[str, Any]:
    data = _users_data(cloud, nodegroup)
    data.setdefault("ImageId", image_for(nodegroup["version"], nodegroup["amiType"]))
    data.setdefault("InstanceType", (nodegroup["instanceTypes"] or ["t3.medium"])[0])
    profile = _instance_profile(cloud, nodegroup["nodeRole"])
    data["IamInstanceProfile"] = {"Name": profile}
    if "launchTemplate" not in nodegroup:
        old = nodegroup["amiType"].startswith("AL2_")
        data["MetadataOptions"] = dict(AL2_METADATA if old else METADATA)
        data["BlockDeviceMappings"] = [_root_disk(nodegroup)]
    if not data.get("SecurityGroupIds") and not data.get("NetworkInterfaces"):
        group = cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
        data["SecurityGroupIds"] = [group]
    data["TagSpecifications"] = _tag_specifications(data, cluster, nodegroup)
    return data


def _users_data(cloud: Cloud, nodegroup: Description) -> dict[str, Any]:
    given = nodegroup.get("launchTemplate")
    if not given:
        return {}
    template = find_template(cloud, given)
    if template is None:
        raise invalid("Launch template details can't be found: it does not exist")
    return dict(template.get_version(given["version"]).data)


def _root_disk(nodegroup: Description) -> dict[str, Any]:
    disk = {"VolumeSize": nodegroup["diskSize"], "VolumeType": "gp3", "DeleteOnTermination": True}
    return {"DeviceName": "/dev/xvda", "Ebs": disk}


def _instance_profile(cloud: Cloud, role_arn: str) -> str:
    iam, role = cloud.stores.iam, cloud.stores.role(role_arn)
    name = f"eks-{uuid.uuid4()}"
    iam.create_instance_profile(name=name, path="/", role_names=[])
    iam.add_role_to_instance_profile(name, role.name if role else role_arn.rpartition("/")[2])
    return name


def _tags(cluster: Description, nodegroup: Description) -> dict[str, str]:
    return {
        "eks:cluster-name": cluster["name"],
        "eks:nodegroup-name": nodegroup["nodegroupName"],
    }


def _tag_specifications(
    data: dict[str, Any], cluster: Description, nodegroup: Description
) -> list[dict[str, Any]]:
    own = _tags(cluster, nodegroup)
    kept = [s for s in data.get("TagSpecifications") or [] if s.get("ResourceType") != "instance"]
    given = {
        tag["Key"]: tag["Value"]
        for s in data.get("TagSpecifications") or []
        if s.get("ResourceType") == "instance"
        for tag in s.get("Tags") or s.get("Tag") or []
    }
    tags = [{"Key": key, "Value": value} for key, value in {**given, **own}.items()]
    return [*kept, {"ResourceType": "instance", "Tags": tags}]


def _group_tags(group: str, cluster: Description, nodegroup: Description) -> list[dict[str, Any]]:
    name = cluster["name"]
    tags = {
        **_tags(cluster, nodegroup),
        f"kubernetes.io/cluster/{name}": "owned",
        "k8s.io/cluster-autoscaler/enabled": "true",
        f"k8s.io/cluster-autoscaler/{name}": "owned",
    }
    return [
        {
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": True,
            "ResourceId": group,
            "ResourceType": "auto-scaling-group",
        }
        for key, value in tags.items()
    ]


def _group(cloud: Cloud, nodegroup: Description) -> Any | None:
    name = nodegroup["resources"]["autoScalingGroups"][0]["name"]
    return cloud.stores.autoscaling.autoscaling_groups.get(name)


def resize(cloud: Cloud, nodegroup: Description, scaling: dict[str, int]) -> None:
    """Give the group a node group's new sizes."""
    group = _group(cloud, nodegroup)
    if group is None:
        raise invalid("The Auto Scaling group of the node group does not exist")
    group.min_size, group.max_size = scaling["minSize"], scaling["maxSize"]
    cloud.stores.autoscaling.set_desired_capacity(group.name, scaling["desiredSize"])


def remove(cloud: Cloud, nodegroup: Description) -> None:
    """Delete group, instances, template and instance profile."""
    group = _group(cloud, nodegroup)
    if group is None:
        return
    template = group.ec2_launch_template
    cloud.stores.autoscaling.delete_auto_scaling_group(group.name)
    if template is None:
        return
    profile = template.latest_version().data["IamInstanceProfile"]["Name"]
    cloud.stores.ec2.delete_launch_template("", template.id)
    iam = cloud.stores.iam
    for role in list(iam.get_instance_profile(profile).roles):
        iam.remove_role_from_instance_profile(profile, role.name)
    iam.delete_instance_profile(profile)

"""The EC2 and Auto Scaling sections, as boto3 gives them."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.snapshot.sections import Reader, Section, allowed
from pytest_eksconform.snapshot.user_data import digest_of_user_data

IDS_AT_ONCE = 100


def _autoscaling_groups(reader: Reader) -> Any:
    """The groups of the managed node groups, and those tagged for the Cluster Autoscaler."""
    named = [
        group["name"]
        for node_group in reader.read("node_groups")
        for group in node_group.get("resources", {}).get("autoScalingGroups", [])
    ]
    operation, key = "describe_auto_scaling_groups", "AutoScalingGroups"
    tag = {"Name": "tag-key", "Values": [f"k8s.io/cluster-autoscaler/{reader.cluster}"]}
    found = reader.pages("autoscaling", operation, key, Filters=[tag])
    for names in _chunks(named, 50):
        found += reader.pages("autoscaling", operation, key, AutoScalingGroupNames=names)
    return list({group["AutoScalingGroupName"]: group for group in found}.values())


def _instances(reader: Reader) -> Any:
    filters = [
        {"Name": "tag-key", "Values": [f"kubernetes.io/cluster/{reader.cluster}"]},
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
    ]
    # Without IncludeManagedResources the instances of EKS Auto Mode stay hidden.
    reservations = reader.pages(
        "ec2", "describe_instances", "Reservations", Filters=filters, IncludeManagedResources=True
    )
    return [i for reservation in reservations for i in reservation["Instances"]]


def _instance_types(reader: Reader) -> Any:
    wanted = {i["InstanceType"] for i in reader.read("instances")}
    for group in reader.read("node_groups"):
        wanted.update(group.get("instanceTypes") or [])
    found = []
    for names in _chunks(sorted(wanted), IDS_AT_ONCE):
        found += reader.pages(
            "ec2", "describe_instance_types", "InstanceTypes", InstanceTypes=names
        )
    return {entry["InstanceType"]: entry for entry in found}


def _launch_templates(reader: Reader) -> Any:
    """The versions that node groups and Auto Scaling groups use, as ``ID:VERSION``."""
    used = _templates_of_groups(reader.read("autoscaling_groups"))
    for node_group in reader.read("node_groups"):
        template = node_group.get("launchTemplate") or {}
        if template.get("id"):
            used.add((template["id"], str(template.get("version", "$Default"))))

    def versions(template: tuple[str, str]) -> Any:
        found = reader.pages(
            "ec2",
            "describe_launch_template_versions",
            "LaunchTemplateVersions",
            LaunchTemplateId=template[0],
            Versions=[template[1]],
        )
        return [(f"{template[0]}:{template[1]}", _without_user_data(v)) for v in found]

    return dict(entry for found in reader.each(versions, sorted(used)) for entry in found)


def _templates_of_groups(groups: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Id and version of the template of each Auto Scaling group, mixed instances included."""
    used = set()
    for group in groups:
        mixed = (group.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
        template = group.get("LaunchTemplate") or mixed.get("LaunchTemplateSpecification") or {}
        if template.get("LaunchTemplateId"):
            used.add((template["LaunchTemplateId"], str(template.get("Version", "$Default"))))
    return used


def _launch_template_heads(reader: Reader) -> Any:
    """Default and latest version number of each template in use, by id."""
    ids = sorted({key.split(":")[0] for key in reader.read("launch_templates")})
    found = []
    for some in _chunks(ids, IDS_AT_ONCE):
        found += reader.pages(
            "ec2", "describe_launch_templates", "LaunchTemplates", LaunchTemplateIds=some
        )
    return {template["LaunchTemplateId"]: template for template in found}


def _without_user_data(version: dict[str, Any]) -> dict[str, Any]:
    # User data is free text that people put passwords into: only its outline is kept.
    data = dict(version["LaunchTemplateData"])
    user_data = data.pop("UserData", None)
    data["UserDataDigest"] = digest_of_user_data(user_data) if user_data else None
    return {**version, "LaunchTemplateData": data}


def _metadata_defaults(reader: Reader) -> Any:
    return reader.aws("ec2").get_instance_metadata_defaults().get("AccountLevel") or {}


def _images(reader: Reader) -> Any:
    sources = [v["LaunchTemplateData"] for v in reader.read("launch_templates").values()]
    ids = {s["ImageId"] for s in (*reader.read("instances"), *sources) if s.get("ImageId")}
    found = []
    for some in _chunks(sorted(ids), IDS_AT_ONCE):
        found += reader.aws("ec2").describe_images(
            Filters=[{"Name": "image-id", "Values": some}], IncludeDeprecated=True
        )["Images"]
    return {image["ImageId"]: image for image in found}


def _subnets(reader: Reader) -> Any:
    ids = set(reader.read("cluster")["resourcesVpcConfig"].get("subnetIds") or [])
    for group in reader.read("node_groups"):
        ids.update(group.get("subnets") or [])
    ids.update(i["SubnetId"] for i in reader.read("instances") if i.get("SubnetId"))
    found = []
    for some in _chunks(sorted(ids), IDS_AT_ONCE):
        # A filter, as asking by id fails altogether when one subnet is gone.
        named = [{"Name": "subnet-id", "Values": some}]
        found += reader.pages("ec2", "describe_subnets", "Subnets", Filters=named)
    return {subnet["SubnetId"]: subnet for subnet in found}


def _route_tables(reader: Reader) -> Any:
    vpc = reader.read("cluster")["resourcesVpcConfig"]["vpcId"]
    return reader.pages(
        "ec2", "describe_route_tables", "RouteTables", Filters=[{"Name": "vpc-id", "Values": [vpc]}]
    )


def _chunks(items: list[str], size: int) -> list[list[str]]:
    return [items[i : i + size] for i in range(0, len(items), size)]


SECTIONS = (
    Section(
        "autoscaling_groups",
        "the Auto Scaling groups",
        _autoscaling_groups,
        allowed("autoscaling", "DescribeAutoScalingGroups"),
        needs=("node_groups",),
    ),
    Section(
        "instances",
        "the EC2 instances of the cluster",
        _instances,
        allowed("ec2", "DescribeInstances"),
    ),
    Section(
        "instance_types",
        "the instance types in use",
        _instance_types,
        allowed("ec2", "DescribeInstanceTypes"),
        needs=("instances", "node_groups"),
    ),
    Section(
        "launch_templates",
        "the launch templates in use",
        _launch_templates,
        allowed("ec2", "DescribeLaunchTemplateVersions"),
        needs=("autoscaling_groups", "node_groups"),
    ),
    Section(
        "launch_template_heads",
        "the launch templates' default and latest versions",
        _launch_template_heads,
        allowed("ec2", "DescribeLaunchTemplates"),
        needs=("launch_templates",),
    ),
    Section(
        "metadata_defaults",
        "the account's IMDS defaults",
        _metadata_defaults,
        allowed("ec2", "GetInstanceMetadataDefaults"),
    ),
    Section(
        "images",
        "the AMIs in use",
        _images,
        allowed("ec2", "DescribeImages"),
        needs=("instances", "launch_templates"),
    ),
    Section(
        "subnets",
        "the subnets",
        _subnets,
        allowed("ec2", "DescribeSubnets"),
        needs=("cluster", "node_groups", "instances"),
    ),
    Section(
        "route_tables",
        "the VPC's route tables",
        _route_tables,
        allowed("ec2", "DescribeRouteTables"),
        needs=("cluster",),
    ),
)

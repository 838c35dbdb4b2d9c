"""The AWS sections: EKS, EC2, Auto Scaling, logs and quotas, as boto3 gives them."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.errors import CouldNotRead
from pytest_eksconform.snapshot.sections import Reader, Rights, Section
from pytest_eksconform.snapshot.user_data import digest_of_user_data

VCPU_QUOTA = "L-1216C47A"
"""Running On-Demand Standard instances, in vCPUs."""
IDS_AT_ONCE = 100


def _cluster(reader: Reader) -> Any:
    return reader.aws("eks").describe_cluster(name=reader.cluster)["cluster"]


def _cluster_versions(reader: Reader) -> Any:
    return reader.pages("eks", "describe_cluster_versions", "clusterVersions", includeAll=True)


def _node_groups(reader: Reader) -> Any:
    eks, cluster = reader.aws("eks"), reader.cluster
    names = reader.pages("eks", "list_nodegroups", "nodegroups", clusterName=cluster)

    def describe(name: str) -> Any:
        return eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]

    return reader.each(describe, names)


def _fargate_profiles(reader: Reader) -> Any:
    eks, cluster = reader.aws("eks"), reader.cluster
    names = reader.pages("eks", "list_fargate_profiles", "fargateProfileNames", clusterName=cluster)

    def describe(name: str) -> Any:
        answer = eks.describe_fargate_profile(clusterName=cluster, fargateProfileName=name)
        return answer["fargateProfile"]

    return reader.each(describe, names)


def _addons(reader: Reader) -> Any:
    eks, cluster = reader.aws("eks"), reader.cluster
    names = reader.pages("eks", "list_addons", "addons", clusterName=cluster)

    def describe(name: str) -> Any:
        return eks.describe_addon(clusterName=cluster, addonName=name)["addon"]

    return reader.each(describe, names)


def _addon_versions(reader: Reader) -> Any:
    def versions(addon: Any) -> Any:
        return reader.pages(
            "eks", "describe_addon_versions", "addons", addonName=addon["addonName"]
        )

    found = reader.each(versions, reader.read("addons"))
    return {entry["addonName"]: entry["addonVersions"] for answer in found for entry in answer}


def _addon_schemas(reader: Reader) -> Any:
    eks = reader.aws("eks")

    def schema(addon: Any) -> Any:
        answer = eks.describe_addon_configuration(
            addonName=addon["addonName"], addonVersion=addon["addonVersion"]
        )
        return addon["addonName"], answer.get("configurationSchema") or "{}"

    configured = [a for a in reader.read("addons") if a.get("configurationValues")]
    return dict(reader.each(schema, configured))


def _access_entries(reader: Reader) -> Any:
    """The access entries with their policies; none where aws-auth alone gives access."""
    eks, cluster = reader.aws("eks"), reader.cluster
    access = reader.read("cluster").get("accessConfig") or {}
    if access.get("authenticationMode", "CONFIG_MAP") == "CONFIG_MAP":
        return []  # EKS refuses to list them in this mode
    principals = reader.pages("eks", "list_access_entries", "accessEntries", clusterName=cluster)

    def describe(principal: str) -> Any:
        named = {"clusterName": cluster, "principalArn": principal}
        entry = eks.describe_access_entry(**named)["accessEntry"]
        policies = reader.pages(
            "eks", "list_associated_access_policies", "associatedAccessPolicies", **named
        )
        return {**entry, "associatedAccessPolicies": policies}

    return reader.each(describe, principals)


def _access_policies(reader: Reader) -> Any:
    return reader.pages("eks", "list_access_policies", "accessPolicies")


def _pod_identity_associations(reader: Reader) -> Any:
    eks, cluster = reader.aws("eks"), reader.cluster
    found = reader.pages(
        "eks", "list_pod_identity_associations", "associations", clusterName=cluster
    )

    def describe(association: Any) -> Any:
        answer = eks.describe_pod_identity_association(
            clusterName=cluster, associationId=association["associationId"]
        )
        return answer["association"]

    return reader.each(describe, found)


def _insights(reader: Reader) -> Any:
    return reader.pages("eks", "list_insights", "insights", clusterName=reader.cluster)


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


def _log_groups(reader: Reader) -> Any:
    """The cluster's log group with the newest stream of each kind; empty if there is none."""
    logs, name = reader.aws("logs"), f"/aws/eks/{reader.cluster}/cluster"
    groups = reader.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    return [
        {
            **group,
            "logStreams": logs.describe_log_streams(
                logGroupName=name, orderBy="LastEventTime", descending=True
            )["logStreams"],
        }
        for group in groups
        if group["logGroupName"] == name
    ]


def _secrets_key(reader: Reader) -> Any:
    for config in reader.read("cluster").get("encryptionConfig") or []:
        key = (config.get("provider") or {}).get("keyArn")
        if key and "secrets" in (config.get("resources") or []):
            return reader.aws("kms").describe_key(KeyId=key)["KeyMetadata"]
    return None


def _vcpu_quota(reader: Reader) -> Any:
    answer = reader.aws("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=VCPU_QUOTA)
    value = answer["Quota"].get("Value")
    if value is None:
        raise CouldNotRead("the vCPU quota", "Service Quotas gave no value")
    return value


def _chunks(items: list[str], size: int) -> list[list[str]]:
    return [items[i : i + size] for i in range(0, len(items), size)]


def _eks(*operations: str) -> Rights:
    return Rights(iam=tuple(f"eks:{operation}" for operation in operations))


def _ec2(*operations: str) -> Rights:
    return Rights(iam=tuple(f"ec2:{operation}" for operation in operations))


SECTIONS = (
    Section("cluster", "the cluster", _cluster, _eks("DescribeCluster")),
    Section(
        "cluster_versions",
        "the Kubernetes versions that EKS offers",
        _cluster_versions,
        _eks("DescribeClusterVersions"),
    ),
    Section(
        "node_groups",
        "the managed node groups",
        _node_groups,
        _eks("ListNodegroups", "DescribeNodegroup"),
    ),
    Section(
        "fargate_profiles",
        "the Fargate profiles",
        _fargate_profiles,
        _eks("ListFargateProfiles", "DescribeFargateProfile"),
    ),
    Section("addons", "the add-ons", _addons, _eks("ListAddons", "DescribeAddon")),
    Section(
        "addon_versions",
        "the add-on versions on offer",
        _addon_versions,
        _eks("DescribeAddonVersions"),
        needs=("addons",),
    ),
    Section(
        "addon_schemas",
        "the add-ons' configuration schemas",
        _addon_schemas,
        _eks("DescribeAddonConfiguration"),
        needs=("addons",),
    ),
    Section(
        "access_entries",
        "the access entries",
        _access_entries,
        _eks("ListAccessEntries", "DescribeAccessEntry", "ListAssociatedAccessPolicies"),
        needs=("cluster",),
    ),
    Section(
        "access_policies",
        "the access policies of EKS",
        _access_policies,
        _eks("ListAccessPolicies"),
    ),
    Section(
        "pod_identity_associations",
        "the Pod Identity associations",
        _pod_identity_associations,
        _eks("ListPodIdentityAssociations", "DescribePodIdentityAssociation"),
    ),
    Section("insights", "the upgrade insights", _insights, _eks("ListInsights", "DescribeInsight")),
    Section(
        "autoscaling_groups",
        "the Auto Scaling groups",
        _autoscaling_groups,
        Rights(iam=("autoscaling:DescribeAutoScalingGroups",)),
        needs=("node_groups",),
    ),
    Section("instances", "the EC2 instances of the cluster", _instances, _ec2("DescribeInstances")),
    Section(
        "instance_types",
        "the instance types in use",
        _instance_types,
        _ec2("DescribeInstanceTypes"),
        needs=("instances", "node_groups"),
    ),
    Section(
        "launch_templates",
        "the launch templates in use",
        _launch_templates,
        _ec2("DescribeLaunchTemplateVersions"),
        needs=("autoscaling_groups", "node_groups"),
    ),
    Section(
        "metadata_defaults",
        "the account's IMDS defaults",
        _metadata_defaults,
        _ec2("GetInstanceMetadataDefaults"),
    ),
    Section(
        "launch_template_heads",
        "the launch templates' default and latest versions",
        _launch_template_heads,
        _ec2("DescribeLaunchTemplates"),
        needs=("launch_templates",),
    ),
    Section(
        "images",
        "the AMIs in use",
        _images,
        _ec2("DescribeImages"),
        needs=("instances", "launch_templates"),
    ),
    Section(
        "subnets",
        "the subnets",
        _subnets,
        _ec2("DescribeSubnets"),
        needs=("cluster", "node_groups", "instances"),
    ),
    Section(
        "route_tables",
        "the VPC's route tables",
        _route_tables,
        _ec2("DescribeRouteTables"),
        needs=("cluster",),
    ),
    Section(
        "log_groups",
        "the control plane's log group",
        _log_groups,
        Rights(iam=("logs:DescribeLogGroups", "logs:DescribeLogStreams")),
    ),
    Section(
        "secrets_key",
        "the KMS key of the Secrets",
        _secrets_key,
        Rights(iam=("kms:DescribeKey",)),
        needs=("cluster",),
    ),
    Section(
        "vcpu_quota", "the vCPU quota", _vcpu_quota, Rights(iam=("servicequotas:GetServiceQuota",))
    ),
)

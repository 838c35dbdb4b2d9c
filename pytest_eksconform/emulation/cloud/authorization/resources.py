"""The resources an operation acts on, as IAM names them, with their tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_eksconform.emulation.cloud.context import Cloud

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """An ARN with the tags of what it names."""

    arn: str
    tags: Mapping[str, str] = field(default_factory=dict)


EVERYTHING = (Resource("*"),)
Finder = Callable[[Cloud, str, Parameters], Iterable[Resource]]

EKS_WITHOUT_RESOURCE = frozenset(
    {
        "ListClusters",
        "DescribeAddonVersions",
        "DescribeAddonConfiguration",
        "DescribeClusterVersions",
        "ListAccessPolicies",
        "RegisterCluster",
        "CreateEksAnywhereSubscription",
        "ListEksAnywhereSubscriptions",
    }
)
EKS_CHILDREN = (
    ("nodegroupName", "nodegroup"),
    ("addonName", "addon"),
    ("fargateProfileName", "fargateprofile"),
    ("associationId", "podidentityassociation"),
    ("principalArn", "access-entry"),
)


def resources_of(
    cloud: Cloud, service: str, operation: str, parameters: Parameters
) -> list[Resource]:
    """Return what an operation acts on; ``*`` where IAM knows no resource for it."""
    finder = FINDERS.get(service)
    found = list(finder(cloud, operation, parameters)) if finder else []
    return found or list(EVERYTHING)


def _eks(cloud: Cloud, operation: str, parameters: Parameters) -> Iterable[Resource]:
    if operation in EKS_WITHOUT_RESOURCE:
        return
    if "resourceArn" in parameters:
        arn = str(parameters["resourceArn"])
        yield Resource(arn, cloud.eks.tags_of(arn))
        return
    cluster = parameters.get("clusterName") or parameters.get("name")
    if not cluster:
        return
    prefix = f"arn:aws:eks:{cloud.region}:{cloud.account_id}"
    if not operation.startswith(("Create", "List")) or operation == "ListAssociatedAccessPolicies":
        for member, kind in EKS_CHILDREN:
            if parameters.get(member):
                name = str(parameters[member])
                known = cloud.eks.arn_of(kind, str(cluster), name)
                child = known or f"{prefix}:{kind}/{cluster}/{name}/unknown"
                yield Resource(child, cloud.eks.tags_of(child))
                return
    arn = f"{prefix}:cluster/{cluster}"
    yield Resource(arn, cloud.eks.tags_of(arn))


IAM_NAMES = (
    ("RoleName", "role"),
    ("UserName", "user"),
    ("GroupName", "group"),
    ("InstanceProfileName", "instance-profile"),
    ("PolicyName", "policy"),
)


def _iam(cloud: Cloud, operation: str, parameters: Parameters) -> Iterable[Resource]:
    for member in ("PolicySourceArn", "OpenIDConnectProviderArn", "PolicyArn"):
        if member in parameters and "Attach" not in operation and "Detach" not in operation:
            yield Resource(str(parameters[member]))
            return
    for member, kind in IAM_NAMES:
        if parameters.get(member):
            yield _iam_named(cloud, kind, str(parameters[member]))
            return


def _iam_named(cloud: Cloud, kind: str, name: str) -> Resource:
    iam = cloud.stores.iam
    stores = {"role": iam.roles, "user": iam.users, "instance-profile": iam.instance_profiles}
    entity = next((e for e in stores.get(kind, {}).values() if e.name == name), None)
    if entity is None:
        return Resource(f"arn:aws:iam::{cloud.account_id}:{kind}/{name}")
    tags = entity.tags if isinstance(entity.tags, list) else []
    return Resource(entity.arn, {tag["Key"]: tag["Value"] for tag in tags})


def _autoscaling(cloud: Cloud, operation: str, parameters: Parameters) -> Iterable[Resource]:
    if operation.startswith("Describe"):
        return
    groups = cloud.stores.autoscaling.autoscaling_groups
    names = {parameters.get("AutoScalingGroupName")}
    names |= {tag.get("ResourceId") for tag in parameters.get("Tags", [])}
    instance = parameters.get("InstanceId")
    for name, group in list(groups.items()):
        holds = instance and any(s.instance.id == instance for s in group.instance_states)
        if name in names or holds:
            yield Resource(group.arn, {tag["Key"]: tag["Value"] for tag in group.tags})
    for name in names - set(groups) - {None}:
        prefix = f"arn:aws:autoscaling:{cloud.region}:{cloud.account_id}"
        yield Resource(f"{prefix}:autoScalingGroup:*:autoScalingGroupName/{name}")


EC2_KINDS = (
    ("InstanceId", "instance"),
    ("InstanceIds", "instance"),
    ("VolumeId", "volume"),
    ("SubnetId", "subnet"),
    ("VpcId", "vpc"),
    ("GroupId", "security-group"),
    ("NetworkInterfaceId", "network-interface"),
    ("LaunchTemplateId", "launch-template"),
    ("SnapshotId", "snapshot"),
    ("ImageId", "image"),
)


def _ec2(cloud: Cloud, operation: str, parameters: Parameters) -> Iterable[Resource]:
    if operation.startswith(("Describe", "Get")):
        return
    prefix = f"arn:aws:ec2:{cloud.region}:{cloud.account_id}"
    if operation == "RunInstances":
        yield Resource(f"{prefix}:instance/*")
        return
    if operation in ("CreateTags", "DeleteTags"):
        for name in parameters.get("Resources", []):
            kind = EC2_PREFIXES.get(str(name).rpartition("-")[0], "*")
            yield Resource(f"{prefix}:{kind}/{name}", _ec2_tags(cloud, str(name)))
        return
    for member, kind in EC2_KINDS:
        names = parameters.get(member) or []
        for name in [names] if isinstance(names, str) else names:
            yield Resource(f"{prefix}:{kind}/{name}", _ec2_tags(cloud, str(name)))


EC2_PREFIXES = {
    "i": "instance",
    "vol": "volume",
    "subnet": "subnet",
    "vpc": "vpc",
    "sg": "security-group",
    "eni": "network-interface",
    "lt": "launch-template",
    "snap": "snapshot",
    "ami": "image",
}


def _ec2_tags(cloud: Cloud, name: str) -> Mapping[str, str]:
    return dict(cloud.stores.ec2.tags.get(name, {}))


def _ssm(cloud: Cloud, _: str, parameters: Parameters) -> Iterable[Resource]:
    names = list(parameters.get("Names") or [])
    names += [parameters[member] for member in ("Name", "Path") if parameters.get(member)]
    for name in names:
        account = "" if str(name).startswith("/aws/service/") else cloud.account_id
        path = str(name).lstrip("/")
        yield Resource(f"arn:aws:ssm:{cloud.region}:{account}:parameter/{path}")


def _logs(cloud: Cloud, operation: str, parameters: Parameters) -> Iterable[Resource]:
    prefix = f"arn:aws:logs:{cloud.region}:{cloud.account_id}:log-group"
    if operation == "DescribeLogGroups":
        yield Resource(f"{prefix}::log-stream:")
        return
    name = parameters.get("logGroupName") or parameters.get("logGroupIdentifier")
    if name:
        yield Resource(f"{prefix}:{name}:log-stream:")


def _kms(cloud: Cloud, _: str, parameters: Parameters) -> Iterable[Resource]:
    key = str(parameters.get("KeyId", ""))
    if key:
        arn = f"arn:aws:kms:{cloud.region}:{cloud.account_id}:key/{key}"
        yield Resource(key if key.startswith("arn:") else arn)


def _sts(_: Cloud, __: str, parameters: Parameters) -> Iterable[Resource]:
    if parameters.get("RoleArn"):
        yield Resource(str(parameters["RoleArn"]))


FINDERS: dict[str, Finder] = {
    "eks": _eks,
    "iam": _iam,
    "autoscaling": _autoscaling,
    "ec2": _ec2,
    "ssm": _ssm,
    "logs": _logs,
    "kms": _kms,
    "sts": _sts,
}

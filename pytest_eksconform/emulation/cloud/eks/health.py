"""Health issues of clusters and node groups, read from what they hang on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_eksconform.emulation.cloud.context import Cloud

from .state import Description

Issue = dict[str, Any]


def cluster_issues(cloud: Cloud, cluster: Description) -> list[Issue]:
    """Return what EKS would complain of: role, subnets or security group that are gone."""
    config = cluster["resourcesVpcConfig"]
    issues = list(_missing_subnets(cloud, config["subnetIds"]))
    role, group = cluster["roleArn"], config["clusterSecurityGroupId"]
    if cloud.stores.role(role) is None:
        issues.append(_issue("IamRoleNotFound", "The cluster's role does not exist", role))
    if cloud.stores.ec2.get_security_group_from_id(group) is None:
        text = "The cluster security group does not exist"
        issues.append(_issue("Ec2SecurityGroupNotFound", text, group))
    return issues


def nodegroup_issues(cloud: Cloud, nodegroup: Description) -> list[Issue]:
    """Return what EKS would complain of: group, template, role, profile, subnets, launches."""
    name = nodegroup["resources"]["autoScalingGroups"][0]["name"]
    issues = list(_missing_subnets(cloud, nodegroup["subnets"]))
    if cloud.stores.role(nodegroup["nodeRole"]) is None:
        text = "The node role does not exist"
        issues.append(_issue("IamNodeRoleNotFound", text, nodegroup["nodeRole"]))
    group = cloud.stores.autoscaling.autoscaling_groups.get(name)
    if group is None:
        text = f"We couldn't find the Auto Scaling group {name}: it may have been deleted"
        return [*issues, _issue("AutoScalingGroupNotFound", text, name)]
    issues += _template_issues(cloud, group.ec2_launch_template)
    activities = cloud.stores.autoscaling.activities.get(name) or [{"StatusCode": "Successful"}]
    if activities[0]["StatusCode"] == "Failed":
        issues.append(_issue("AsgInstanceLaunchFailures", activities[0]["StatusMessage"], name))
    return issues


def _template_issues(cloud: Cloud, template: Any) -> Iterator[Issue]:
    if template is None or template.id not in cloud.stores.ec2.launch_templates:
        name = template.id if template else "unknown"
        yield _issue("Ec2LaunchTemplateNotFound", "The launch template does not exist", name)
        return
    profile = template.latest_version().data["IamInstanceProfile"]["Name"]
    if profile not in cloud.stores.iam.instance_profiles:
        yield _issue("IamInstanceProfileNotFound", "The instance profile does not exist", profile)


def _missing_subnets(cloud: Cloud, names: list[str]) -> Iterator[Issue]:
    known = {subnet.id for subnet in cloud.stores.ec2.describe_subnets()}
    for name in names:
        if name not in known:
            yield _issue("Ec2SubnetNotFound", f"The subnet {name} does not exist", name)


def _issue(code: str, message: str, resource: str) -> Issue:
    return {"code": code, "message": message, "resourceIds": [resource]}

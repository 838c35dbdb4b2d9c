"""EC2 instances, as the snapshot has them."""

from __future__ import annotations

from typing import Any


def tags_of(resource: dict[str, Any]) -> dict[str, str]:
    """Tags of an EC2 or Auto Scaling resource as a dict."""
    return {tag["Key"]: tag.get("Value", "") for tag in resource.get("Tags") or []}


def instance_owner(instance: dict[str, Any]) -> str:
    """The stable thing behind an instance: its node group, NodePool or Auto Scaling group."""
    tags = tags_of(instance)
    for key, kind in (
        ("eks:nodegroup-name", "node group"),
        ("karpenter.sh/nodepool", "NodePool"),
        ("aws:autoscaling:groupName", "Auto Scaling group"),
    ):
        if tags.get(key):
            return f"{kind} {tags[key]}"
    return f"instance {instance['InstanceId']}"


def profile_name(instance: dict[str, Any]) -> str:
    """Name of the instance profile, or ``none``."""
    arn: str = (instance.get("IamInstanceProfile") or {}).get("Arn", "none")
    return arn.rsplit("/", 1)[-1]


def autoscaling_group_owner(group: dict[str, Any]) -> str:
    """The node group that an Auto Scaling group belongs to, or the group itself."""
    node_group = tags_of(group).get("eks:nodegroup-name")
    return f"node group {node_group}" if node_group else asg_resource(group)


def asg_resource(group: dict[str, Any]) -> str:
    """How findings name an Auto Scaling group."""
    return f"Auto Scaling group {group['AutoScalingGroupName']}"

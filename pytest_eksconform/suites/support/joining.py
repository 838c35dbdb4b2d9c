"""Why an instance did not become a Node, as far as the AWS and Kubernetes APIs tell."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.suites.support.instances import profile_name

NODE_ENTRY_TYPES = frozenset({"EC2_LINUX", "EC2_WINDOWS", "EC2"})


def join_obstacle(
    instance: dict[str, Any],
    profiles: dict[str, dict[str, Any]],
    entries: list[dict[str, Any]],
    aws_auth: dict[str, Any] | None,
) -> str | None:
    """Why an instance can never join, however long one waits; None if nothing is known of that."""
    arn = (instance.get("IamInstanceProfile") or {}).get("Arn", "")
    roles = profiles.get(arn, {}).get("roles") or []
    if not roles:
        return f"its instance profile ({profile_name(instance)}) gives it no role"
    if not may_join(roles[0]["arn"], entries, aws_auth):
        return f"its role {roles[0]['arn']} has no access entry of type EC2_LINUX or EC2_WINDOWS"
    return None


def likely_cause(instance: dict[str, Any], cluster: dict[str, Any]) -> str:
    """What keeps an instance away that may join: its security group, else what cannot be seen."""
    group = cluster["resourcesVpcConfig"].get("clusterSecurityGroupId")
    if group and group not in {g["GroupId"] for g in instance.get("SecurityGroups") or []}:
        return f"it lacks the cluster security group {group}: are 443 and 10250 open to it?"
    return "its user data, or the way from its subnet to the API server, EC2 and ECR"


def may_join(role_arn: str, entries: list[dict[str, Any]], aws_auth: dict[str, Any] | None) -> bool:
    """Whether a role is known to the cluster as a node's, by access entry or aws-auth."""
    mapped = str(((aws_auth or {}).get("data") or {}).get("mapRoles", ""))
    return f"/{role_arn.rsplit('/', 1)[-1]}" in mapped or any(
        entry["principalArn"] == role_arn and entry.get("type") in NODE_ENTRY_TYPES
        for entry in entries
    )

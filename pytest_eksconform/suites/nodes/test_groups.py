"""Managed node groups: their health, their bounds, and the template they roll out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_eksconform import Findings, Snapshot
from pytest_eksconform.suites.support.instances import asg_resource, autoscaling_group_owner
from pytest_eksconform.suites.support.launch_templates import asg_template
from pytest_eksconform.suites.support.node_groups import (
    asg_names,
    describe_node_group,
    node_group_resource,
)

UNHEALTHY = frozenset({"DEGRADED", "CREATE_FAILED", "DELETE_FAILED"})


@pytest.mark.eks_control(
    "nodes-group-health",
    severity="high",
    reads=("node_groups",),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html",
        "https://docs.aws.amazon.com/eks/latest/APIReference/API_Issue.html",
        "S3",
        "U",
    ),
    applies="clusters with managed node groups",
)
def test_nodes_group_health(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Every managed node group is sound: EKS reports no issue and no failed state."""
    groups = eks_snapshot.read("node_groups")
    if not groups:
        eks_findings.not_applicable("the cluster has no managed node group")
    for group in groups:
        resource = eks_findings.judged(node_group_resource(group))
        issues = (group.get("health") or {}).get("issues") or []
        for issue in issues:
            _issue(eks_findings, resource, group, issue)
        if group["status"] in UNHEALTHY and not issues:
            _issue(eks_findings, resource, group, {"code": group["status"]})


def _issue(findings: Findings, resource: str, group: dict[str, Any], issue: dict[str, Any]) -> None:
    concerned = ", ".join(issue.get("resourceIds") or []) or "the group as a whole"
    said = " ".join(str(issue.get("message", "no message")).split())
    findings.add(
        resource,
        reason=str(issue["code"]).lower(),
        symptom=f"status {group['status']}; EKS reports {issue['code']} for {concerned}",
        cause=f"EKS says: {said}",
        confirm=describe_node_group(group, "{status: status, issues: health.issues}"),
        fix="mend what the issue names, then update the node group or let EKS retry",
    )


@pytest.mark.eks_control(
    "nodes-group-bounds",
    severity="medium",
    reads=("node_groups", "autoscaling_groups"),
    sources=("https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html", "S3"),
    applies="clusters with managed node groups",
)
def test_nodes_group_bounds(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Each node group keeps min ≤ desired ≤ max, has room to grow, and its ASG agrees with it."""
    groups = eks_snapshot.read("node_groups")
    if not groups:
        eks_findings.not_applicable("the cluster has no managed node group")
    scaling = {g["AutoScalingGroupName"]: g for g in eks_snapshot.read("autoscaling_groups")}
    for group in groups:
        resource = eks_findings.judged(node_group_resource(group))
        known = [scaling[name] for name in asg_names(group) if name in scaling]
        for reason, symptom, severity in bound_problems(group, known):
            eks_findings.add(
                resource,
                reason=reason,
                severity=severity,
                symptom=symptom,
                cause="its scaling configuration, or its Auto Scaling group, was set so by hand",
                confirm=_confirm_bounds(group, known),
                fix="set minSize, desiredSize and maxSize with aws eks update-nodegroup-config, "
                "never on the Auto Scaling group",
            )


def _confirm_bounds(group: dict[str, Any], scaling: list[dict[str, Any]]) -> str:
    if not scaling:
        return describe_node_group(group, "scalingConfig")
    names = " ".join(asg["AutoScalingGroupName"] for asg in scaling)
    return (
        f"aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names {names} "
        "--query 'AutoScalingGroups[].[MinSize,DesiredCapacity,MaxSize]'"
    )


def bound_problems(
    group: dict[str, Any], scaling: list[dict[str, Any]]
) -> Iterator[tuple[str, str, str]]:
    """Reason, symptom and severity of what is wrong with a node group's bounds."""
    config = group["scalingConfig"]
    low, high = config["minSize"], config["maxSize"]
    for asg in scaling:
        if (asg["MinSize"], asg["MaxSize"]) != (low, high):
            yield (
                "asg-edited",
                f"the node group says {low} to {high} nodes, its {asg_resource(asg)} "
                f"{asg['MinSize']} to {asg['MaxSize']}",
                "medium",
            )
    # The Cluster Autoscaler moves the desired size on the Auto Scaling group.
    desired = sum(asg["DesiredCapacity"] for asg in scaling) if scaling else config["desiredSize"]
    if not low <= desired <= high and not scaling:
        yield "out-of-bounds", f"desired size {desired} is outside {low} to {high}", "high"
    if low < high <= desired:
        yield "no-room", f"it stands at its maximum of {high} nodes", "advice"


@pytest.mark.eks_control(
    "nodes-template-current",
    severity="medium",
    reads=("node_groups", "autoscaling_groups", "launch_templates", "launch_template_heads"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/update-managed-node-group.html",
        "S3",
        "U",
    ),
    applies="clusters with managed node groups or tagged Auto Scaling groups",
)
def test_nodes_template_current(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Nodes run what their launch template and AMI release say: no update is left half done."""
    groups, scaling = eks_snapshot.read("node_groups"), eks_snapshot.read("autoscaling_groups")
    if not groups and not scaling:
        eks_findings.not_applicable("the cluster has neither node groups nor Auto Scaling groups")
    heads = eks_snapshot.read("launch_template_heads")
    newest = newest_releases(groups)
    for group in groups:
        eks_findings.judged(node_group_resource(group))
        _pending_template(eks_findings, group, heads)
        _older_release(eks_findings, group, newest)
    versions = eks_snapshot.read("launch_templates")
    for asg in scaling:
        _old_instances(eks_findings, asg, versions)


def _pending_template(
    findings: Findings, group: dict[str, Any], heads: dict[str, dict[str, Any]]
) -> None:
    template = group.get("launchTemplate") or {}
    head = heads.get(template.get("id", ""))
    if head is None or not str(template.get("version", "")).isdigit():
        return
    used, default = int(template["version"]), head["DefaultVersionNumber"]
    latest = head["LatestVersionNumber"]
    if used < latest:
        findings.add(
            node_group_resource(group),
            reason="template-pending",
            severity="medium" if used < default else "advice",
            symptom=f"it runs version {used} of launch template {template['id']}; the default is "
            f"{default}, the latest {latest}",
            cause="a newer version was made and the node group was not updated to it",
            confirm=f"aws ec2 describe-launch-templates --launch-template-ids {template['id']}",
            fix="aws eks update-nodegroup-version with --launch-template, or delete the version",
        )


def newest_releases(groups: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """AMI type and Kubernetes version to the newest AMI release that any node group runs."""
    newest: dict[tuple[str, str], str] = {}
    for group in groups:
        kind, release = _kind(group), _release_date(group)
        if release:
            newest[kind] = max(newest.get(kind, ""), release)
    return newest


def _kind(group: dict[str, Any]) -> tuple[str, str]:
    return str(group.get("amiType", "")), str(group.get("version", ""))


def _release_date(group: dict[str, Any]) -> str:
    """The date in a release such as ``1.35.0-20261101``; empty for other forms."""
    date = str(group.get("releaseVersion", "")).rpartition("-")[2]
    return date if len(date) == 8 and date.isdigit() else ""


def _older_release(
    findings: Findings, group: dict[str, Any], newest: dict[tuple[str, str], str]
) -> None:
    date = _release_date(group)
    if date and date < newest[_kind(group)]:
        findings.add(
            node_group_resource(group),
            reason="release-behind",
            severity="advice",
            symptom=f"its AMI release is {group['releaseVersion']}, another node group has "
            f"{newest[_kind(group)]}",
            cause="it was not updated with the others",
            confirm=describe_node_group(group, "releaseVersion"),
            fix="aws eks update-nodegroup-version for this node group",
        )


def _old_instances(
    findings: Findings, asg: dict[str, Any], versions: dict[str, dict[str, Any]]
) -> None:
    template = asg_template(asg)
    key = f"{template.get('LaunchTemplateId')}:{template.get('Version', '$Default')}"
    if key not in versions:
        return
    wanted = (versions[key]["LaunchTemplateId"], str(versions[key]["VersionNumber"]))
    resource = findings.judged(asg_resource(asg))
    for instance in asg.get("Instances") or []:
        used = instance.get("LaunchTemplate") or {}
        if used and (used.get("LaunchTemplateId"), str(used.get("Version"))) != wanted:
            findings.add(
                resource,
                owner=autoscaling_group_owner(asg),
                reason="old-instances",
                symptom=f"{instance['InstanceId']} was started from version {used.get('Version')} "
                f"of its template, new ones from {wanted[1]}",
                cause="the template changed after the instance was started",
                confirm="aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "
                f"{asg['AutoScalingGroupName']} --query 'AutoScalingGroups[].Instances[]'",
                fix="update the node group, or start an instance refresh",
            )

"""Whether instances become Nodes, and by which role."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform import Findings, Snapshot
from pytest_eksconform.suites.support.instances import instance_owner, profile_name
from pytest_eksconform.suites.support.joining import join_obstacle, likely_cause
from pytest_eksconform.suites.support.nodes import (
    condition,
    instance_id,
    is_young,
    node_owner,
    node_resource,
    on_ec2,
)
from pytest_eksconform.trust import ASSUME, service_actions

_LEAVING = frozenset({"ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted"})


@pytest.mark.eks_control(
    "nodes-joined",
    severity="high",
    reads=(
        "cluster",
        "instances",
        "nodes",
        "autoscaling_groups",
        "access_entries",
        "config_maps",
        "instance_profiles",
    ),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html",
        "S1",
        "S3",
    ),
    applies="clusters with EC2 nodes",
)
def test_nodes_joined(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Every running instance is a Ready Node, and every Node is a running instance."""
    instances, nodes = eks_snapshot.read("instances"), on_ec2(eks_snapshot.read("nodes"))
    if not instances and not nodes:
        eks_findings.not_applicable("the cluster has no EC2 node")
    warm = warm_pool(eks_snapshot.read("autoscaling_groups"))
    joined = {instance_id(node) for node in nodes}
    for instance in instances:
        eks_findings.judged(f"instance {instance['InstanceId']}")
        if instance["InstanceId"] not in joined | warm:
            _not_joined(eks_findings, eks_snapshot, instance)
    running = {instance["InstanceId"] for instance in instances}
    for node in nodes:
        eks_findings.judged(node_resource(node))
        if instance_id(node) not in running:
            _without_instance(eks_findings, node)
        else:
            _readiness(eks_findings, node)


def warm_pool(groups: list[dict[str, Any]]) -> set[str]:
    """Ids of the instances that wait in a warm pool, which are not to be Nodes yet."""
    return {
        instance["InstanceId"]
        for group in groups
        for instance in group.get("Instances") or []
        if str(instance.get("LifecycleState", "")).startswith("Warmed")
    }


def _not_joined(findings: Findings, snapshot: Snapshot, instance: dict[str, Any]) -> None:
    obstacle = join_obstacle(
        instance,
        snapshot.read("instance_profiles"),
        snapshot.read("access_entries"),
        snapshot.read("config_maps").get("aws-auth"),
    )
    if obstacle is None and is_young(instance["LaunchTime"]):
        return
    findings.add(
        f"instance {instance['InstanceId']}",
        owner=instance_owner(instance),
        reason="not-joined",
        symptom="it runs, and no Node belongs to it",
        cause=obstacle or likely_cause(instance, snapshot.read("cluster")),
        confirm=f"aws ec2 describe-instances --instance-ids {instance['InstanceId']} --query "
        "'Reservations[].Instances[].[LaunchTime,IamInstanceProfile.Arn,SecurityGroups[].GroupId]'",
        fix="mend the cause (aws ec2 get-console-output tells more), then terminate the instance, "
        "so that its group starts another",
    )


def _without_instance(findings: Findings, node: dict[str, Any]) -> None:
    taints = {taint["key"] for taint in node["spec"].get("taints") or []}
    if node["spec"].get("unschedulable") or taints & _LEAVING:
        return  # it is being removed: the instance goes first
    findings.add(
        node_resource(node),
        owner=node_owner(node),
        reason="no-instance",
        symptom=f"no running instance {instance_id(node)} is behind it",
        cause="the instance is gone, or lost its kubernetes.io/cluster tag",
        confirm=f"aws ec2 describe-instances --instance-ids {instance_id(node)} "
        "--query 'Reservations[].Instances[].State.Name'",
        fix="delete the Node if the instance is gone, else give it its tag back",
    )


def _readiness(findings: Findings, node: dict[str, Any]) -> None:
    ready = condition(node, "Ready") or {"status": "Unknown", "reason": "no condition"}
    # A kubelet that stopped reporting once ran: that is no node on its way in.
    settling = is_young(node["metadata"]["creationTimestamp"]) and ready["status"] != "Unknown"
    if ready["status"] == "True" or settling:
        return
    findings.add(
        node_resource(node),
        owner=node_owner(node),
        reason="not-ready",
        symptom=f"it is not Ready: {ready.get('reason', '')} {ready.get('message', '')}".strip(),
        cause="its kubelet does not report, or its network plugin does not run"
        if ready["status"] == "Unknown"
        else "its kubelet reports a fault",
        confirm=f"kubectl describe node {node['metadata']['name']}",
        fix="look into kubelet and aws-node on it; replace the node if it does not come back",
    )


@pytest.mark.eks_control(
    "nodes-instance-profile",
    severity="high",
    reads=("instances", "instance_profiles"),
    sources=("https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html", "S3"),
    applies="clusters with EC2 nodes",
)
def test_nodes_instance_profile(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Every instance has an instance profile whose role exists and trusts EC2."""
    instances = eks_snapshot.read("instances")
    if not instances:
        eks_findings.not_applicable("the cluster has no EC2 node")
    profiles = eks_snapshot.read("instance_profiles")
    for instance in instances:
        resource = eks_findings.judged(f"instance {instance['InstanceId']}")
        problem = profile_problem(instance, profiles)
        if problem:
            eks_findings.add(
                resource,
                owner=instance_owner(instance),
                reason=problem[0],
                symptom="its kubelet cannot authenticate, pull from ECR or attach addresses",
                cause=problem[1],
                confirm=_confirm_profile(instance),
                fix="give the node role a trust policy for ec2.amazonaws.com, put it into the "
                "profile, and name the profile in the launch template",
            )


def profile_problem(
    instance: dict[str, Any], profiles: dict[str, dict[str, Any]]
) -> tuple[str, str] | None:
    """Reason and cause of what is wrong with an instance's profile; None if nothing is."""
    arn = (instance.get("IamInstanceProfile") or {}).get("Arn")
    if arn is None:
        return "no-profile", "it has no instance profile"
    profile = profiles.get(arn, {"missing": True, "roles": []})
    if profile["missing"]:
        return "profile-gone", f"its instance profile {profile_name(instance)} does not exist"
    if not profile["roles"]:
        return "no-role", f"its instance profile {profile_name(instance)} holds no role"
    role = profile["roles"][0]
    trusted = service_actions(role["trust"], "ec2.amazonaws.com")
    trusted |= service_actions(role["trust"], "ec2.amazonaws.com.cn")
    if ASSUME not in trusted:
        return "ec2-not-trusted", f"{role['arn']} does not let ec2.amazonaws.com assume it"
    return None


def _confirm_profile(instance: dict[str, Any]) -> str:
    if profile_name(instance) == "none":
        return (
            f"aws ec2 describe-instances --instance-ids {instance['InstanceId']} "
            "--query 'Reservations[].Instances[].IamInstanceProfile'"
        )
    return f"aws iam get-instance-profile --instance-profile-name {profile_name(instance)}"

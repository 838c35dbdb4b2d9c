"""Ways to break the Cluster Autoscaler and what it works on."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pytest_eksconform.emulation.faults import fault
from pytest_eksconform.emulation.faults.autoscaler_reports import forget_warnings, wait_for_health
from pytest_eksconform.emulation.world import World

_NAMESPACE = "kube-system"
_NAME = "cluster-autoscaler"
_ENABLED = "k8s.io/cluster-autoscaler/enabled"
_SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"


@fault("autoscaler-twice", breaks=("autoscaling-present",))
def autoscaler_twice(world: World) -> Iterator[None]:
    """A second Cluster Autoscaler, with a lease of its own, takes the same groups."""
    name = f"{_NAME}-two"
    twin = copy.deepcopy(_deployment(world))
    labels = {"app": name}
    twin["metadata"] = {"name": name, "namespace": _NAMESPACE, "labels": labels}
    twin["spec"]["selector"]["matchLabels"] = labels
    template = twin["spec"]["template"]
    template["metadata"]["labels"] = labels
    template["spec"]["containers"][0]["command"].append(f"--leader-elect-resource-name={name}")
    twin.pop("status", None)
    world.kube.create(twin)
    try:
        _wait_until_rolled_out(world, name)
        yield
    finally:
        world.kube.delete("apps/v1", "Deployment", name, _NAMESPACE)
        world.wait_until(
            f"the pods of {name} are gone",
            lambda: not world.kube.list("v1", "Pod", _NAMESPACE, labels=f"app={name}"),
            30.0,
        )


@fault("autoscaler-other-minor", breaks=("ca-version",))
def autoscaler_other_minor(world: World) -> Iterator[None]:
    """The Cluster Autoscaler's image is of an older Kubernetes minor."""

    def older(container: dict[str, Any]) -> None:
        container["image"] = container["image"].rsplit(":", 1)[0] + ":v1.33.0"

    with _changed_container(world, older):
        yield


@fault("autoscaler-other-expander", breaks=("ca-flags",))
def autoscaler_other_expander(world: World) -> Iterator[None]:
    """The Cluster Autoscaler is told to choose by price, which it cannot on AWS."""

    def by_price(container: dict[str, Any]) -> None:
        container["command"].append("--expander=price")

    with _changed_container(world, by_price):
        yield


@fault("asg-tag-misspelt", breaks=("ca-asg-tags",))
def asg_tag_misspelt(world: World) -> Iterator[None]:
    """A group is tagged eks:cluster-autoscaler/enabled instead of the key that is looked for."""
    tags = _tags(world)
    right = next(tag for tag in tags if tag["Key"] == _ENABLED)
    wrong = {**right, "Key": "eks:cluster-autoscaler/enabled"}
    autoscaling = world.aws("autoscaling")
    autoscaling.delete_tags(Tags=[right])
    autoscaling.create_or_update_tags(Tags=[wrong])
    try:
        yield
    finally:
        # All anew, as a tag that comes back goes to the end of the list.
        autoscaling.delete_tags(Tags=[wrong, *tags])
        autoscaling.create_or_update_tags(Tags=tags)


@fault("asg-tag-value-not-owned", breaks=("ca-permissions",))
def asg_tag_value_not_owned(world: World) -> Iterator[None]:
    """A group's tag has a value that the autoscaler's policy does not accept."""
    key = f"k8s.io/cluster-autoscaler/{world.cluster}"
    right = next(tag for tag in _tags(world) if tag["Key"] == key)
    autoscaling = world.aws("autoscaling")
    autoscaling.create_or_update_tags(Tags=[{**right, "Value": "shared"}])
    try:
        yield
    finally:
        autoscaling.create_or_update_tags(Tags=[right])


@fault("autoscaler-may-not-evict", breaks=("ca-permissions",))
def autoscaler_may_not_evict(world: World) -> Iterator[None]:
    """The Cluster Autoscaler's ClusterRole has no rule for evictions."""
    group = "rbac.authorization.k8s.io/v1"
    rules = world.kube.get(group, "ClusterRole", _NAME)["rules"]
    fewer = [rule for rule in rules if "pods/eviction" not in rule["resources"]]
    world.kube.patch(group, "ClusterRole", _NAME, {"rules": fewer})
    try:
        yield
    finally:
        world.kube.patch(group, "ClusterRole", _NAME, {"rules": rules})


@fault(
    "autoscaler-denied",
    breaks=(
        "ca-permissions",
        "ca-status",
        "identity-controller-permissions",
        "identity-live-controllers",
    ),
)
def autoscaler_denied(world: World) -> Iterator[None]:
    """The Cluster Autoscaler's role may no longer describe Auto Scaling groups."""
    iam, role = world.aws("iam"), f"{world.cluster}-autoscaler"
    policy = {"RoleName": role, "PolicyName": role}
    document = iam.get_role_policy(**policy)["PolicyDocument"]
    less = copy.deepcopy(document)
    for statement in less["Statement"]:
        denied = "autoscaling:DescribeAutoScalingGroups"
        statement["Action"] = [action for action in statement["Action"] if action != denied]
    iam.put_role_policy(**policy, PolicyDocument=json.dumps(less))
    try:
        wait_for_health(world, "Unhealthy")
        yield
    finally:
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))
        wait_for_health(world, "Healthy")
        forget_warnings(world)


@fault("group-at-maximum", breaks=("ca-headroom", "nodes-group-bounds"))
def group_at_maximum(world: World) -> Iterator[None]:
    """A node group already has as many nodes as it may have."""
    eks, names = world.aws("eks"), {"clusterName": world.cluster, "nodegroupName": "general"}
    before = eks.describe_nodegroup(**names)["nodegroup"]["scalingConfig"]
    _scale(world, names, {**before, "maxSize": before["desiredSize"], "minSize": 1})
    try:
        yield
    finally:
        _scale(world, names, before)


@fault("pod-not-safe-to-evict", breaks=("ca-blockers",))
def pod_not_safe_to_evict(world: World) -> Iterator[None]:
    """A pod is annotated so that its node is never removed."""
    pod = world.kube.list("v1", "Pod", "shop", labels="app=billing")[0]["metadata"]["name"]
    _annotate(world, pod, "false")
    try:
        yield
    finally:
        _annotate(world, pod, None)


def _deployment(world: World, name: str = _NAME) -> dict[str, Any]:
    return world.kube.get("apps/v1", "Deployment", name, _NAMESPACE)


@contextmanager
def _changed_container(world: World, change: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """The autoscaler's container changed for the length of the block, both times rolled out."""
    before = _deployment(world)["spec"]["template"]["spec"]["containers"]
    after = copy.deepcopy(before)
    change(after[0])
    _set_containers(world, after)
    try:
        yield
    finally:
        _set_containers(world, before)


def _set_containers(world: World, containers: list[dict[str, Any]]) -> None:
    body = {"spec": {"template": {"spec": {"containers": containers}}}}
    world.kube.patch("apps/v1", "Deployment", _NAME, body, _NAMESPACE)
    _wait_until_rolled_out(world, _NAME)


def _wait_until_rolled_out(world: World, name: str) -> None:
    def rolled_out() -> bool:
        found = _deployment(world, name)
        status, wanted = found.get("status") or {}, found["spec"]["replicas"]
        seen = status.get("observedGeneration") == found["metadata"]["generation"]
        counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "readyReplicas")]
        return seen and counts == [wanted] * 3

    world.wait_until(f"deployment {name} is rolled out", rolled_out, 30.0)


def _group(world: World) -> str:
    node_group = world.aws("eks").describe_nodegroup(
        clusterName=world.cluster, nodegroupName="general"
    )["nodegroup"]
    return str(node_group["resources"]["autoScalingGroups"][0]["name"])


def _tags(world: World) -> list[dict[str, Any]]:
    """The tags of the group, as the API takes them back."""
    groups = world.aws("autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[_group(world)]
    )["AutoScalingGroups"]
    tags: list[dict[str, Any]] = groups[0]["Tags"]
    return tags


def _scale(world: World, names: dict[str, str], config: dict[str, int]) -> None:
    eks = world.aws("eks")
    eks.update_nodegroup_config(**names, scalingConfig=config)

    def settled() -> bool:
        found = eks.describe_nodegroup(**names)["nodegroup"]
        return bool(found["status"] == "ACTIVE" and found["scalingConfig"] == config)

    world.wait_until("the node group has its new bounds", settled, 30.0)


def _annotate(world: World, pod: str, value: str | None) -> None:
    body = {"metadata": {"annotations": {_SAFE_TO_EVICT: value}}}
    world.kube.patch("v1", "Pod", pod, body, "shop")

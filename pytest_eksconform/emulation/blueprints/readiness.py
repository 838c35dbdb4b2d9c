"""Whether what a blueprint has made is ready, asked through the public APIs."""

from __future__ import annotations

from typing import Any

import yaml

from pytest_eksconform.emulation.addons import is_available
from pytest_eksconform.emulation.kube import Kube
from pytest_eksconform.emulation.nodes import is_ready
from pytest_eksconform.emulation.world import World


def addons_active(world: World) -> bool:
    """Whether every add-on of the cluster is ACTIVE."""
    eks, name = world.aws("eks"), world.cluster
    names = eks.list_addons(clusterName=name)["addons"]
    described = (eks.describe_addon(clusterName=name, addonName=addon) for addon in names)
    return all(item["addon"]["status"] == "ACTIVE" for item in described)


def autoscaler_healthy(kube: Kube) -> bool:
    """Whether the Cluster Autoscaler's status says that it is healthy and has found its groups."""
    found = kube.find("v1", "ConfigMap", "cluster-autoscaler-status", "kube-system")
    if found is None:
        return False
    status = yaml.load(found["data"]["status"], yaml.CSafeLoader)
    return bool(status["clusterWide"]["health"]["status"] == "Healthy" and status["nodeGroups"])


def nodegroups_active(world: World) -> bool:
    """Whether every node group is ACTIVE and has as many Ready nodes as it wants."""
    eks, name = world.aws("eks"), {"clusterName": world.cluster}
    groups = eks.list_nodegroups(**name)["nodegroups"]
    described = [
        eks.describe_nodegroup(**name, nodegroupName=group)["nodegroup"] for group in groups
    ]
    wanted = sum(group["scalingConfig"]["desiredSize"] for group in described)
    ready = sum(is_ready(node) for node in world.kube.list("v1", "Node"))
    return all(group["status"] == "ACTIVE" for group in described) and ready >= wanted


def is_settled(world: World) -> bool:
    """Whether nodes, pods, add-ons and the autoscaler are all as a healthy cluster has them."""
    return (
        nodegroups_active(world)
        and pods_running(world.kube)
        and addons_active(world)
        and autoscaler_healthy(world.kube)
    )


def pods_running(kube: Kube) -> bool:
    """Whether every workload has all its pods, and every pod is Running and Ready."""
    workloads = [*kube.list("apps/v1", "Deployment"), *kube.list("apps/v1", "DaemonSet")]
    if not all(is_available(workload) for workload in workloads):
        return False
    pods = kube.list("v1", "Pod")
    return all(pod["status"]["phase"] == "Succeeded" or _is_running(pod) for pod in pods)


def _is_running(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions") or ()
    has_passed = any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
    return bool(pod["status"]["phase"] == "Running" and has_passed)

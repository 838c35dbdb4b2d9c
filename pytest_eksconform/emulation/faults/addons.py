"""Ways to break EKS add-ons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_eksconform.emulation.faults import fault
from pytest_eksconform.emulation.faults.what_aws_says import ADDONS, aws_says
from pytest_eksconform.emulation.world import World

_NAMESPACE = "kube-system"
_PROXY = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "kube-proxy", "namespace": _NAMESPACE},
}
_HAND = "kubectl"
"""The field manager of someone who changes an object by hand."""


@fault("addon-not-managed", breaks=("addons-managed",))
def addon_not_managed(world: World) -> Iterator[None]:
    """The kube-proxy add-on is removed, and what it runs is kept."""
    addon = _described(world, "kube-proxy")
    _delete(world, "kube-proxy", preserve=True)
    try:
        yield
    finally:
        _install(world, "kube-proxy", addon["addonVersion"])


@fault("addon-missing", breaks=("addons-required",))
def addon_missing(world: World) -> Iterator[None]:
    """The kube-proxy add-on is removed with all that it runs."""
    addon = _described(world, "kube-proxy")
    _delete(world, "kube-proxy", preserve=False)
    try:
        yield
    finally:
        _install(world, "kube-proxy", addon["addonVersion"])


@fault("addon-workload-deleted", breaks=("addons-active",))
def addon_workload_deleted(world: World) -> Iterator[None]:
    """Someone deletes kube-proxy's DaemonSet, which the add-on should run."""
    world.kube.delete("apps/v1", "DaemonSet", "kube-proxy", _NAMESPACE)
    try:
        yield
    finally:
        _update(world, "kube-proxy", resolveConflicts="OVERWRITE")


@fault("addon-outdated", breaks=("addons-current",))
def addon_outdated(world: World) -> Iterator[None]:
    """The Pod Identity agent stays on the version before the default."""
    name = "eks-pod-identity-agent"
    eks, current = world.aws("eks"), _described(world, name)["addonVersion"]
    minor = eks.describe_cluster(name=world.cluster)["cluster"]["version"]
    offered = eks.describe_addon_versions(addonName=name, kubernetesVersion=minor)
    versions = [entry["addonVersion"] for entry in offered["addons"][0]["addonVersions"]]
    _update(world, name, addonVersion=versions[versions.index(current) + 1])
    try:
        yield
    finally:
        _update(world, name, addonVersion=current)


@fault("addon-version-withdrawn", breaks=("addons-compatible",))
def addon_version_withdrawn(world: World) -> Iterator[None]:
    """EKS no longer offers the installed CoreDNS version for the cluster's Kubernetes version."""
    installed = _described(world, "coredns")["addonVersion"]

    def withdraw(data: dict[str, Any]) -> None:
        versions = data["addons"]["coredns"]["versions"]
        version = next(entry for entry in versions if entry["version"] == installed)
        version.update(minors=["1.30"], defaultFor=[])

    with aws_says(world, ADDONS, withdraw):
        yield


@fault("addon-field-by-hand", breaks=("addons-config",))
def addon_field_by_hand(world: World) -> Iterator[None]:
    """Someone sets a field of kube-proxy's DaemonSet with kubectl."""
    world.kube.apply({**_PROXY, "spec": {"revisionHistoryLimit": 3}}, manager=_HAND)
    try:
        yield
    finally:
        # To apply nothing gives back what this manager had set.
        world.kube.apply(_PROXY, manager=_HAND)


@fault("addon-other-image", breaks=("addons-image",))
def addon_other_image(world: World) -> Iterator[None]:
    """One pod of kube-proxy runs another version than EKS reports."""
    pod = world.kube.list("v1", "Pod", _NAMESPACE, labels="k8s-app=kube-proxy")[0]
    image = pod["spec"]["containers"][0]["image"]
    _set_image(world, pod, image.rsplit(":", 1)[0] + ":v1.34.0-minimal-eksbuild.2")
    try:
        yield
    finally:
        _set_image(world, pod, image)


@fault("addon-without-role", breaks=("addons-role",))
def addon_without_role(world: World) -> Iterator[None]:
    """The EBS CSI driver is installed without a role of its own."""
    name = "aws-ebs-csi-driver"
    _install(world, name)
    try:
        yield
    finally:
        _delete(world, name, preserve=False)


def _described(world: World, name: str) -> dict[str, Any]:
    answer = world.aws("eks").describe_addon(clusterName=world.cluster, addonName=name)
    described: dict[str, Any] = answer["addon"]
    return described


def _delete(world: World, name: str, *, preserve: bool) -> None:
    eks = world.aws("eks")
    eks.delete_addon(clusterName=world.cluster, addonName=name, preserve=preserve)


def _install(world: World, name: str, version: str | None = None) -> None:
    chosen = {"addonVersion": version} if version else {}
    world.aws("eks").create_addon(
        clusterName=world.cluster, addonName=name, resolveConflicts="OVERWRITE", **chosen
    )
    _wait_until_active(world, name)


def _update(world: World, name: str, **changes: str) -> None:
    world.aws("eks").update_addon(clusterName=world.cluster, addonName=name, **changes)
    _wait_until_active(world, name)


def _wait_until_active(world: World, name: str) -> None:
    world.wait_until(
        f"add-on {name} is ACTIVE",
        lambda: _described(world, name)["status"] == "ACTIVE",
        30.0,
    )


def _set_image(world: World, pod: dict[str, Any], image: str) -> None:
    containers = [dict(container) for container in pod["spec"]["containers"]]
    containers[0]["image"] = image
    name = pod["metadata"]["name"]
    world.kube.patch("v1", "Pod", name, {"spec": {"containers": containers}}, _NAMESPACE)

"""Ways to stand in the way of an upgrade."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_eksconform.emulation.faults import fault
from pytest_eksconform.emulation.faults.what_aws_says import INSIGHTS, VERSIONS, aws_says
from pytest_eksconform.emulation.world import World

_NAMESPACE, _NAME = "shop", "all-of-billing"


@fault("pdb-allows-nothing", breaks=("upgrade-pdb-blocks", "ca-blockers"))
def pdb_allows_nothing(world: World) -> Iterator[None]:
    """A PodDisruptionBudget wants all pods of a Deployment at all times."""
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": _NAME, "namespace": _NAMESPACE},
        "spec": {"minAvailable": "100%", "selector": {"matchLabels": {"app": "billing"}}},
    }
    world.kube.create(budget)
    try:
        world.wait_until("the budget has counted its pods", lambda: _expected_pods(world) > 0)
        yield
    finally:
        world.kube.delete("policy/v1", "PodDisruptionBudget", _NAME, _NAMESPACE)


def _expected_pods(world: World) -> int:
    budget = world.kube.get("policy/v1", "PodDisruptionBudget", _NAME, _NAMESPACE)
    return int((budget.get("status") or {}).get("expectedPods", 0))


@fault("support-ended", breaks=("upgrade-support",))
def support_ended(world: World) -> Iterator[None]:
    """Standard support of the cluster's Kubernetes version has ended."""

    def end(data: dict[str, Any]) -> None:
        _version(data, world)["endOfStandardSupport"] = "2026-03-01"

    with aws_says(world, VERSIONS, end):
        yield


@fault("next-minor-skipped", breaks=("upgrade-next",))
def next_minor_skipped(world: World) -> Iterator[None]:
    """EKS offers a later Kubernetes version, but not the one that comes next."""

    def skip(data: dict[str, Any]) -> None:
        major, minor = _version(data, world)["version"].split(".")
        later = {**_version(data, world), "version": f"{major}.{int(minor) + 2}"}
        data["versions"].insert(0, later)

    with aws_says(world, VERSIONS, skip):
        yield


@fault("insight-with-error", breaks=("upgrade-insights",))
def insight_with_error(world: World) -> Iterator[None]:
    """EKS finds something that keeps the cluster from being upgraded."""

    def fail(data: dict[str, Any]) -> None:
        data["insights"][0] |= {"status": "ERROR", "reason": "Kubelets are three minors behind."}

    with aws_says(world, INSIGHTS, fail):
        yield


def _version(data: dict[str, Any], world: World) -> dict[str, Any]:
    described = world.aws("eks").describe_cluster(name=world.cluster)["cluster"]
    versions: list[dict[str, Any]] = data["versions"]
    return next(entry for entry in versions if entry["version"] == described["version"])

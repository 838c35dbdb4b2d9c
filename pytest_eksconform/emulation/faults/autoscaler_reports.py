"""What the Cluster Autoscaler reports of itself, for faults that wait for it."""

from __future__ import annotations

from pytest_eksconform.emulation.world import World

_NAMESPACE = "kube-system"
_NAME = "cluster-autoscaler"


def wait_for_health(world: World, wanted: str) -> None:
    """Wait until the status ConfigMap says `wanted`: ``Healthy`` or ``Unhealthy``.

    Raises:
        EmulationError: it did not within 30 s.
    """

    def said() -> bool:
        found = world.kube.find("v1", "ConfigMap", f"{_NAME}-status", _NAMESPACE)
        return found is not None and f"status: {wanted}" in found["data"]["status"]

    world.wait_until(f"the autoscaler says {wanted}", said, 30.0)


def forget_warnings(world: World) -> None:
    """Delete the Warning events of the autoscaler's pods, which would outlive what they tell."""
    for event in world.kube.list("v1", "Event", _NAMESPACE, fields="type=Warning"):
        if event["involvedObject"].get("name", "").startswith(f"{_NAME}-"):
            world.kube.delete("v1", "Event", event["metadata"]["name"], _NAMESPACE)

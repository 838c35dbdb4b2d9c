"""The workloads of the add-ons: applied as EKS applies them, and as healthy as their pods are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from pytest_eksconform.emulation.addon_manifests import Manifests, Object
from pytest_eksconform.emulation.cloud.providers import Issue
from pytest_eksconform.emulation.kube import Kube

FIELD_MANAGER = "eks"
_WORKLOAD_KINDS = ("Deployment", "DaemonSet")


class AddonWorkloads:
    """Puts add-ons into the cluster and reads their health from it.

    Args:
        kube: waits for the control plane and gives a client that may write everything.
        manifests: the add-ons' objects.
    """

    def __init__(self, kube: Callable[[], Kube], manifests: Manifests) -> None:
        self._kube = kube
        self._manifests = manifests
        self._applied: dict[str, list[Object]] = {}
        self._lock = threading.Lock()

    def apply(
        self,
        cluster_name: str,  # noqa: ARG002 - the one cluster
        addon_name: str,
        addon_version: str,
        configuration: dict[str, Any],
        service_account_role_arn: str | None,
    ) -> None:
        """Create or update the workloads of one add-on; one without a manifest has none."""
        objects = self._manifests.objects(
            addon_name, addon_version, configuration, service_account_role_arn
        )
        self._kube().apply(*objects, manager=FIELD_MANAGER)
        with self._lock:
            self._applied[addon_name] = objects

    def remove(
        self,
        cluster_name: str,  # noqa: ARG002
        addon_name: str,
        preserve: bool,
    ) -> None:
        """Delete the workloads, or leave them self-managed when ``preserve`` is set."""
        with self._lock:
            objects = self._applied.pop(addon_name, [])
        for item in [] if preserve else reversed(objects):
            metadata = item["metadata"]
            self._kube().delete(
                item["apiVersion"], item["kind"], metadata["name"], metadata.get("namespace")
            )

    def health(
        self,
        cluster_name: str,  # noqa: ARG002
        addon_name: str,
    ) -> tuple[bool, list[Issue]]:
        """Whether the workloads are ready, with the issues that stop them."""
        with self._lock:
            objects = list(self._applied.get(addon_name, ()))
        workloads = [item for item in objects if item["kind"] in _WORKLOAD_KINDS]
        issues = [issue for item in workloads for issue in self._issues(item)]
        return not issues, issues

    def _issues(self, workload: Object) -> list[Issue]:
        metadata = workload["metadata"]
        live = self._kube().find(
            workload["apiVersion"], workload["kind"], metadata["name"], metadata["namespace"]
        )
        name = f"{metadata['namespace']}/{metadata['name']}"
        if live is None:
            text = f"The add-on's {workload['kind']} {name} was not found in the cluster."
            return [Issue("K8sResourceNotFound", text, (name,))]
        return [] if is_available(live) else [_too_few(name)]


def _too_few(name: str) -> Issue:
    text = "The add-on is unhealthy because it doesn't have the desired number of replicas."
    return Issue("InsufficientNumberOfReplicas", text, (name,))


def is_available(workload: Object) -> bool:
    """Whether a Deployment or DaemonSet has all the pods that it wants, of its latest template."""
    status = workload.get("status") or {}
    if status.get("observedGeneration", 0) < workload["metadata"]["generation"]:
        return False
    if workload["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return bool(status.get("numberAvailable", 0) >= wanted)
    wanted = workload["spec"].get("replicas", 1)
    return bool(status.get("availableReplicas", 0) >= wanted)

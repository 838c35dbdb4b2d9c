"""Pods and the workloads behind them, as the snapshot has them."""

from __future__ import annotations

from typing import Any


def metadata(item: dict[str, Any], part: str) -> dict[str, str]:
    """The ``labels`` or ``annotations`` of an object, empty if it has none."""
    found: dict[str, str] = item["metadata"].get(part) or {}
    return found


def qualified(item: dict[str, Any]) -> str:
    """``namespace/name`` of an object."""
    return f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}"


def controller_of(pod: dict[str, Any]) -> tuple[str, str] | None:
    """Kind and name of what keeps `pod` alive, the Deployment rather than its ReplicaSet."""
    for owner in pod["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            return _deployment_of(owner, pod) or (str(owner["kind"]), str(owner["name"]))
    return None


def _deployment_of(owner: dict[str, Any], pod: dict[str, Any]) -> tuple[str, str] | None:
    suffix = "-" + metadata(pod, "labels").get("pod-template-hash", "")
    if owner["kind"] != "ReplicaSet" or suffix == "-" or not owner["name"].endswith(suffix):
        return None
    return "Deployment", owner["name"].removesuffix(suffix)


def workload_of(pod: dict[str, Any]) -> str:
    """The stable thing behind `pod`: ``deployment shop/orders``, or the pod itself."""
    controller = controller_of(pod)
    if controller is None:
        return f"pod {qualified(pod)}"
    kind, name = controller
    return f"{kind.lower()} {pod['metadata'].get('namespace', '')}/{name}"


def is_active(pod: dict[str, Any]) -> bool:
    """Whether `pod` is still to run: neither finished nor being deleted."""
    finished = (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}
    return not finished and not pod["metadata"].get("deletionTimestamp")

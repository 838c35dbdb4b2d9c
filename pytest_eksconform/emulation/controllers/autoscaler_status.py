"""The Cluster Autoscaler's status, as its releases since 1.30 write it into a ConfigMap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

CONFIG_MAP, NAMESPACE = "cluster-autoscaler-status", "kube-system"


@dataclass(frozen=True)
class GroupStatus:
    """A node group as the autoscaler sees it: its sizes, and its nodes, all and ready."""

    name: str
    target: int
    least: int
    most: int
    registered: int
    ready: int

    @property
    def is_healthy(self) -> bool:
        """Whether its nodes are there and ready."""
        return self.ready >= min(self.target, self.registered)


@dataclass(frozen=True)
class Observation:
    """What one scan saw; ``error`` quotes AWS when it refused."""

    groups: tuple[GroupStatus, ...] = ()
    error: str | None = None


def config_map(seen: Observation, nodes: tuple[int, int], since: datetime) -> dict[str, Any]:
    """The ConfigMap of a scan.

    Args:
        seen: what the scan saw.
        nodes: how many nodes are registered, and how many of them are ready.
        since: when the health last changed (UTC).
    """
    now = datetime.now(UTC)
    status = yaml.safe_dump(_document(seen, nodes, now, since), sort_keys=False)
    updated = {"cluster-autoscaler.kubernetes.io/last-updated": _go_time(now)}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": CONFIG_MAP, "namespace": NAMESPACE, "annotations": updated},
        "data": {"status": status},
    }


def _document(
    seen: Observation, nodes: tuple[int, int], now: datetime, since: datetime
) -> dict[str, Any]:
    times = {"lastProbeTime": _rfc3339(now), "lastTransitionTime": _rfc3339(since)}
    is_healthy = seen.error is None and all(group.is_healthy for group in seen.groups)
    document: dict[str, Any] = {"time": _go_time(now), "autoscalerStatus": "Running"}
    if seen.error is not None:
        document["message"] = seen.error
    document["clusterWide"] = {
        "health": {"status": _health(is_healthy), "nodeCounts": _counts(*nodes), **times},
        **_activity(times),
    }
    return {**document, "nodeGroups": _groups(seen.groups, times)}


def _groups(groups: Sequence[GroupStatus], times: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "name": group.name,
            "health": {
                "status": _health(group.is_healthy),
                "nodeCounts": _counts(group.registered, group.ready),
                "cloudProviderTarget": group.target,
                "minSize": group.least,
                "maxSize": group.most,
                **times,
            },
            **_activity(times),
        }
        for group in groups
    ]


def _activity(times: dict[str, str]) -> dict[str, Any]:
    return {
        "scaleUp": {"status": "NoActivity", **times},
        "scaleDown": {"status": "NoCandidates", **times},
    }


def _health(is_healthy: bool) -> str:
    return "Healthy" if is_healthy else "Unhealthy"


def _counts(registered: int, ready: int) -> dict[str, Any]:
    counts = {"total": registered, "ready": ready, "notStarted": 0}
    return {"registered": counts, "longUnregistered": 0, "unregistered": 0}


def _rfc3339(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _go_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f +0000 UTC")

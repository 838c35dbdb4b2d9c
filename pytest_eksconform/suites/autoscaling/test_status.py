"""What the Cluster Autoscaler says of itself in its status ConfigMap."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from pytest_eksconform import CouldNotRead, Findings, Snapshot
from pytest_eksconform.suites.support.cluster_autoscaler import (
    ClusterAutoscaler,
    running_autoscalers,
)

NAME = "cluster-autoscaler-status"
FRESH = timedelta(minutes=3)
"""The age after which upstream's FAQ takes the autoscaler for stopped; it writes every 10 s."""
_CONFIRM = f"kubectl -n kube-system get configmap {NAME} -o 'jsonpath={{.data.status}}'"


@pytest.mark.eks_control(
    "ca-status",
    severity="high",
    reads=("deployments", "config_maps"),
    sources=(
        "https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md#how-can-i-check-what-is-going-on-in-ca-",
        "S0",
    ),
    applies="clusters where the Cluster Autoscaler runs and writes its status to the usual place",
)
def test_ca_status(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """The Cluster Autoscaler's status is fresh and healthy, and no group is in back-off."""
    autoscalers = running_autoscalers(eks_snapshot, eks_findings)
    writers = [autoscaler for autoscaler in autoscalers if _writes(autoscaler)]
    if not writers:
        eks_findings.not_applicable(
            f"by its flags the Cluster Autoscaler does not write kube-system/{NAME}"
        )
    resource = eks_findings.judged(writers[0].resource)
    config_map = eks_snapshot.read("config_maps").get(NAME)
    if config_map is None:
        problems: Iterator[dict[str, str]] = iter([_ABSENT])
    else:
        problems = problems_of(parsed_status(config_map), datetime.now(UTC))
    for problem in problems:
        eks_findings.add(resource, confirm=_CONFIRM, **problem)


_ABSENT = {
    "reason": "no-status",
    "symptom": f"there is no ConfigMap kube-system/{NAME}",
    "cause": "the autoscaler never finished a first loop: it cannot reach AWS or the API server",
    "fix": "read its log, and mend the first error in it",
}


def _writes(autoscaler: ClusterAutoscaler) -> bool:
    return (
        autoscaler.switched_on("write-status-configmap", default=True)
        and autoscaler.flag("status-config-map-name", NAME) == NAME
        and autoscaler.flag("namespace", "kube-system") == "kube-system"
    )


def parsed_status(config_map: dict[str, Any]) -> dict[str, Any]:
    """The status in the ConfigMap, as releases since 1.30 write it.

    Raises:
        CouldNotRead: it is not that format.
    """
    try:
        status = yaml.safe_load((config_map.get("data") or {}).get("status", ""))
    except yaml.YAMLError:
        status = None
    if not isinstance(status, dict) or "time" not in status:
        raise CouldNotRead(
            f"the ConfigMap kube-system/{NAME}",
            "its status is not the YAML that releases since 1.30 write",
        )
    return status


def written_at(status: dict[str, Any]) -> datetime:
    """When `status` was written: Go's ``2026-03-01 10:00:00.123456789 +0000 UTC``.

    Raises:
        CouldNotRead: the time is in no such form.
    """
    text = str(status["time"])
    try:
        day, clock, offset = text.split()[:3]
        return datetime.strptime(f"{day} {clock.split('.')[0]} {offset}", "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        raise CouldNotRead(f"the time in kube-system/{NAME}", f"{text!r} is no time") from None


def problems_of(status: dict[str, Any], now: datetime) -> Iterator[dict[str, str]]:
    """What is wrong with `status`, as parts of findings.

    Args:
        status: as `parsed_status` gives it.
        now: the time to measure its age by, with a time zone.
    """
    age = now - written_at(status)
    if age > FRESH:
        yield {
            "reason": "stale",
            "symptom": f"its status is {int(age.total_seconds() // 60)} minutes old",
            "cause": "the autoscaler hangs, crashes or lost its lease: it writes every 10 seconds",
            "fix": "read its log, and mend what stops its loop",
        }
    if status.get("autoscalerStatus") != "Running":
        yield {
            "reason": "not-running",
            "symptom": f"it says that it is {status.get('autoscalerStatus')}",
            "cause": str(status.get("message") or "it has not finished its start"),
            "fix": "read its log, and mend what keeps it from starting",
        }
    if _word(status.get("clusterWide"), "health") == "Unhealthy":
        said = " ".join(str(status.get("message") or "").split())
        yield _unhealthy("the cluster", said or "too many nodes are not ready: it stops scaling")
    for group in status.get("nodeGroups") or []:
        yield from _problems_of_group(group)


def _problems_of_group(group: dict[str, Any]) -> Iterator[dict[str, str]]:
    name = group.get("name", "")
    if _word(group, "health") == "Unhealthy":
        yield _unhealthy(f"group {name}", "its nodes do not become ready")
    if _word(group, "scaleUp") == "Backoff":
        info = group["scaleUp"].get("backoffInfo") or {}
        said = f"{info.get('errorCode', '')}: {info.get('errorMessage', '')}".strip(": ")
        yield {
            "reason": f"backoff-{name}",
            "symptom": f"it has stopped adding nodes to {name} for now (Backoff)",
            "cause": " ".join(said.split()) or "the last scale-up failed; the log says why",
            "fix": "mend what the error names; the autoscaler tries again by itself",
        }


def _unhealthy(what: str, cause: str) -> dict[str, str]:
    return {
        "reason": f"unhealthy-{what.rsplit(' ', 1)[-1]}",
        "symptom": f"it calls {what} Unhealthy",
        "cause": cause,
        "fix": "mend what its log names: nodes that are not ready, or calls that are refused",
    }


def _word(part: Any, name: str) -> str:
    return str(((part or {}).get(name) or {}).get("status", ""))

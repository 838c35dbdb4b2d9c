"""The control plane's logs: which types are on, and whether their events arrive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_eksconform import EksCluster, Expectations, Findings, Snapshot

ADVISED = ("api", "audit")
"""Asked for, as advice, when the team has said nothing."""
HOUR_MILLISECONDS = 3_600_000
QUIET_MILLISECONDS = 2 * HOUR_MILLISECONDS
"""An hour without events, and the hour by which CloudWatch may date a stream too late."""


@pytest.mark.eks_control(
    "observability-control-plane-logs",
    severity="medium",
    reads=("cluster", "log_groups"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
        "S3",
        "S4",
        "H",
        "K",
        "W",
    ),
    applies="every cluster; types other than api and audit may be silent for hours",
)
def test_observability_control_plane_logs(
    eks_snapshot: Snapshot,
    eks_findings: Findings,
    eks_expectations: Expectations,
    eks_cluster: EksCluster,
) -> None:
    """The expected control-plane log types are on, and API and audit events arrive."""
    enabled = enabled_types(eks_snapshot.read("cluster"))
    expected = eks_expectations.get("observability.log_types")
    cluster = eks_findings.judged(f"cluster {eks_cluster.name}")
    missing = [kind for kind in (ADVISED if expected is None else expected) if kind not in enabled]
    if missing:
        severity = "advice" if expected is None else None
        _add_off(eks_findings, cluster, eks_cluster.name, missing, severity)
    if not enabled:
        return
    groups = eks_snapshot.read("log_groups")
    name = f"/aws/eks/{eks_cluster.name}/cluster"
    if not groups:
        _add_no_group(eks_findings, name)
        return
    resource = eks_findings.judged(f"log group {name}")
    for problem in _problems_of(groups[0], enabled, datetime.now(UTC)):
        eks_findings.add(resource, **problem)


def enabled_types(cluster: dict[str, Any]) -> set[str]:
    """The log types that are on, of ``logging.clusterLogging``."""
    setups = (cluster.get("logging") or {}).get("clusterLogging") or []
    return {kind for setup in setups if setup.get("enabled") for kind in setup.get("types") or []}


def newest_event(log_group: dict[str, Any], kind: str) -> int | None:
    """When the newest event of `kind` (``api`` or ``audit``) came, in milliseconds of the epoch."""
    times = [
        max(stream.get("lastEventTimestamp", 0), stream.get("lastIngestionTime", 0))
        for stream in log_group.get("logStreams") or []
        if _kind_of(stream["logStreamName"]) == kind
    ]
    return max(times, default=None)


def _kind_of(stream: str) -> str | None:
    if stream.startswith("kube-apiserver-audit-"):
        return "audit"
    return "api" if stream.startswith("kube-apiserver-") else None


def _problems_of(
    log_group: dict[str, Any], enabled: set[str], now: datetime
) -> Iterator[dict[str, str]]:
    name = log_group["logGroupName"]
    for kind in (kind for kind in ADVISED if kind in enabled):
        newest = newest_event(log_group, kind)
        age = now.timestamp() * 1000 - (newest or 0)
        if age > QUIET_MILLISECONDS:
            yield _silent(name, kind, age if newest else None)
    if not log_group.get("retentionInDays"):
        yield {
            "severity": "advice",
            "reason": "no-retention",
            "symptom": "its events are kept, and paid for, for ever",
            "cause": "the log group has no retention",
            "confirm": f"aws logs describe-log-groups --log-group-name-prefix {name} "
            "--query 'logGroups[].retentionInDays'",
            "fix": "set a retention with aws logs put-retention-policy",
        }


def _silent(name: str, kind: str, age: float | None) -> dict[str, str]:
    since = "ever came" if age is None else f"came for {int(age // HOUR_MILLISECONDS)} hours"
    return {
        "reason": f"no-{kind}-events",
        "symptom": f"no {kind} event {since}, though the type is on",
        "cause": "EKS cannot write to the log group: a resource policy, a KMS key or the service "
        "quota of CloudWatch Logs stops it",
        "confirm": f"aws logs describe-log-streams --log-group-name {name} "
        "--order-by LastEventTime --descending "
        "--query 'logStreams[].[logStreamName,lastEventTimestamp]'",
        "fix": "mend what keeps EKS from writing, or switch the type off and on again",
    }


def _add_off(
    findings: Findings, resource: str, cluster: str, missing: list[str], severity: str | None
) -> None:
    findings.add(
        resource,
        severity=severity,
        reason="types-off",
        symptom=f"the control plane does not log {', '.join(missing)}",
        cause="EKS logs nothing until a type is switched on",
        confirm=f"aws eks describe-cluster --name {cluster} --query cluster.logging",
        fix=f"switch {', '.join(missing)} on with aws eks update-cluster-config --logging",
    )


def _add_no_group(findings: Findings, name: str) -> None:
    findings.add(
        f"log group {name}",
        reason="no-log-group",
        symptom="no control-plane event is kept, though types are on",
        cause="the log group was deleted, or EKS could not make it",
        confirm=f"aws logs describe-log-groups --log-group-name-prefix {name}",
        fix="switch the types off and on again: EKS makes the log group anew",
    )

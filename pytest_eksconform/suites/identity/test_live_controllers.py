"""What the controllers themselves say of their latest calls to AWS."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest

from pytest_eksconform import Findings, Snapshot
from pytest_eksconform.suites.support.controllers import (
    CLUSTER_AUTOSCALER,
    NO_CONTROLLERS,
    RunningController,
    controllers_of,
)
from pytest_eksconform.suites.support.nodes import seconds_since
from pytest_eksconform.suites.support.workloads import qualified

RECENT_SECONDS = 900
"""An event that was not repeated for this long tells of a denial that is over."""
_DENIALS = re.compile(
    r"AccessDenied|UnauthorizedOperation|Unauthorized operation|not authorized to perform"
    r"|MissingIAMPermissions|ExpiredToken|InvalidIdentityToken|NoCredentialProviders"
    r"|WebIdentityErr|no EC2 IMDS role found|failed to refresh cached credentials",
    re.IGNORECASE,
)
SHOW_STATUS = "kubectl -n kube-system get configmap cluster-autoscaler-status -o yaml"


@pytest.mark.eks_control(
    "identity-live-controllers",
    severity="high",
    reads=("cluster", "deployments", "daemon_sets", "config_maps", "warning_events"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/security-iam-troubleshoot.html",
        "S0",
        "S2",
    ),
    applies="clusters where a known controller that calls AWS runs; judged by the Cluster "
    "Autoscaler's status ConfigMap and by Warning events, logs are not read",
)
def test_live_controllers(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """No controller reports that AWS denied its latest calls."""
    controllers = controllers_of(eks_snapshot)
    if not controllers:
        eks_findings.not_applicable(NO_CONTROLLERS)
    events = [e for e in eks_snapshot.read("warning_events") if is_denial(e) and is_recent(e)]
    status = _status(eks_snapshot.read("config_maps"))
    for running in controllers:
        eks_findings.judged(running.resource)
        is_autoscaler = running.controller is CLUSTER_AUTOSCALER
        if is_autoscaler and (said := denial_in(status)):
            _add_denied(eks_findings, running, said, SHOW_STATUS)
        elif not (is_autoscaler and is_over(status)) and (told := events_of(running, events)):
            _add_denied(eks_findings, running, _message(told[0]), _show(told[0]))


def _status(config_maps: dict[str, Any]) -> str:
    found = config_maps.get("cluster-autoscaler-status") or {}
    return str((found.get("data") or {}).get("status", ""))


def denial_in(status: str) -> str | None:
    """The message in the autoscaler's status that tells of a denied call, if there is one."""
    flat = " ".join(status.split())
    found = _DENIALS.search(flat)
    if found is None:
        return None
    return flat[max(flat.rfind("message:", 0, found.start()), 0) :]


def is_over(status: str) -> bool:
    """Whether the autoscaler's status shows that its calls have succeeded since any event."""
    return bool(status) and "Unhealthy" not in status and "Backoff" not in status


def is_denial(event: dict[str, Any]) -> bool:
    """Whether an event tells that AWS denied a call."""
    return bool(_DENIALS.search(f"{event.get('reason', '')} {event.get('message', '')}"))


def is_recent(event: dict[str, Any]) -> bool:
    """Whether an event happened, or was repeated, in the last `RECENT_SECONDS`."""
    series = event.get("series") or {}
    last = (
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp")
    )
    return last is None or seconds_since(last) < RECENT_SECONDS


def events_of(running: RunningController, events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of `events` that the controller wrote."""
    return [
        event
        for event in events
        if any(_source(event).startswith(name) for name in running.controller.event_sources)
    ]


def _source(event: dict[str, Any]) -> str:
    source = event.get("source") or {}
    return str(event.get("reportingComponent") or source.get("component") or "")


def _message(event: dict[str, Any]) -> str:
    return f"{event.get('reason', '')}: {event.get('message', '')}"


def _show(event: dict[str, Any]) -> str:
    namespace, name = qualified(event).split("/", 1)
    return f"kubectl -n {namespace} get events --field-selector metadata.name={name}"


def _add_denied(findings: Findings, running: RunningController, said: str, confirm: str) -> None:
    findings.add(
        running.resource,
        reason="denied-live",
        symptom=f"it says: {' '.join(said.split())[:200]}",
        cause=f"AWS refuses the credentials of the {running.controller.title}, or what it asks "
        "with them",
        confirm=confirm,
        fix="see what identity-irsa-trust, identity-pod-identity-association and "
        "identity-controller-permissions say of its service account",
    )

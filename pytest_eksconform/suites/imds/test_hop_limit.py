"""The IMDS hop limit: whether the token for IMDSv2 reaches pods."""

from __future__ import annotations

import pytest

from pytest_eksconform import Expectations, Findings, Snapshot
from pytest_eksconform.suites.support.imds_consumers import known_consumers, needs_of
from pytest_eksconform.suites.support.metadata_options import MetadataSettings, metadata_settings
from pytest_eksconform.suites.support.service_accounts import accounts_with_role
from pytest_eksconform.suites.support.workloads import workload_of


def expected_limits(expectations: Expectations) -> tuple[int, ...] | None:
    """The hop limits that the team's words allow; None if they said nothing of it."""
    limit = expectations.get("imds.hop_limit")
    if limit is not None:
        return (int(limit),)
    words = {"blocked": (1,), "reachable": (2,)}
    return words.get(expectations.get("imds.pods", ""))


def would_break(snapshot: Snapshot) -> str:
    """Who would lose IMDS at hop limit 1, in words."""
    with_role = accounts_with_role(
        snapshot.read("service_accounts"), snapshot.read("pod_identity_associations")
    )
    consumers = known_consumers(snapshot.read("pods"))
    names = sorted({workload_of(pod) for pod in consumers if needs_of(pod, with_role)})
    if not names:
        return "no known controller needs IMDS from the pod network"
    return f"at hop limit 1 these would break: {', '.join(names)}"


@pytest.mark.eks_control(
    "imds-hop-limit",
    severity="advice",
    reads=(
        "instances",
        "autoscaling_groups",
        "launch_templates",
        "metadata_defaults",
        "images",
        "pods",
        "service_accounts",
        "pod_identity_associations",
    ),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
        "https://docs.aws.amazon.com/eks/latest/userguide/al2023.html",
        "S0",
        "S1",
        "H",
    ),
    applies="clusters with EC2 nodes whose IMDS is enabled",
)
def test_imds_hop_limit(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_expectations: Expectations
) -> None:
    """The hop limit is what the team expects or, if it said nothing, keeps IMDS from pods."""
    settings = [setting for setting in metadata_settings(eks_snapshot) if setting.enabled]
    if not settings:
        eks_findings.not_applicable("no EC2 node of the cluster has IMDS enabled")
    expected = expected_limits(eks_expectations)
    breaks = would_break(eks_snapshot)
    for setting in settings:
        eks_findings.judged(setting.resource)
        if expected is not None and setting.hop_limit not in expected:
            _unexpected(eks_findings, setting, expected[0], breaks)
        elif expected is None and setting.hop_limit > 1:
            _leaks(eks_findings, setting, breaks)


def _leaks(findings: Findings, setting: MetadataSettings, breaks: str) -> None:
    findings.add(
        setting.resource,
        owner=setting.owner,
        reason="reaches-pods",
        symptom=f"HttpPutResponseHopLimit is {setting.hop_limit}: pods get an IMDSv2 token",
        cause="any pod on the pod network can take the credentials of instance profile "
        f"{setting.profile}; {breaks}",
        confirm=setting.confirm,
        fix="give controllers roles of their own, set HttpPutResponseHopLimit=1 and roll the "
        "nodes; or say imds.hop_limit = 2 in eksconform.toml if pods need IMDS",
    )


def _unexpected(findings: Findings, setting: MetadataSettings, limit: int, breaks: str) -> None:
    consequence = breaks if limit < setting.hop_limit else "pods on the pod network get no token"
    findings.add(
        setting.resource,
        owner=setting.owner,
        reason="unexpected-hop-limit",
        severity="high",
        symptom=f"HttpPutResponseHopLimit is {setting.hop_limit}, the team expects {limit}",
        cause=f"the launch template or the account's default says otherwise; {consequence}",
        confirm=setting.confirm,
        fix=f"set HttpPutResponseHopLimit={limit} in the launch template and roll the nodes",
    )

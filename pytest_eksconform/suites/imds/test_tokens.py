"""IMDSv2: whether a session token is required to read instance metadata."""

from __future__ import annotations

import pytest

from pytest_eksconform import Findings, Snapshot
from pytest_eksconform.suites.support.metadata_options import metadata_settings


@pytest.mark.eks_control(
    "imds-v2-required",
    severity="high",
    reads=("instances", "autoscaling_groups", "launch_templates", "metadata_defaults", "images"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html",
        "S1",
        "H",
        "W",
    ),
    applies="clusters with EC2 nodes",
)
def test_imds_v2_required(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Every instance, and every launch template in use, requires IMDSv2 session tokens."""
    settings = metadata_settings(eks_snapshot)
    if not settings:
        eks_findings.not_applicable("the cluster has neither EC2 nodes nor launch templates")
    for setting in settings:
        eks_findings.judged(setting.resource)
        if setting.enabled and setting.tokens != "required":
            eks_findings.add(
                setting.resource,
                owner=setting.owner,
                reason="tokens-optional",
                symptom=f"IMDSv1 requests are answered (HttpTokens={setting.tokens})",
                cause="a pod reads the node role's credentials without a session token, at any "
                "hop limit: the limit holds back only the answer to the token request",
                confirm=setting.confirm,
                fix="set MetadataOptions.HttpTokens=required in the launch template (or the "
                "account's default) and roll the nodes",
            )

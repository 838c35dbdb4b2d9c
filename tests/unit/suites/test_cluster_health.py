"""cluster-health on literal clusters."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.cluster import test_health as suite


def _run(run_control, status="ACTIVE", *issues):
    cluster = {"status": status, "health": {"issues": list(issues)}}
    return run_control(suite.test_cluster_health, sections={"cluster": cluster})


@pytest.mark.parametrize("status", ["ACTIVE", "UPDATING"])
def test_working_without_issues_passes(run_control, status):
    assert _run(run_control, status).passed


def test_a_failed_cluster_and_its_issues_are_found(run_control):
    issue = {"code": "Ec2SubnetNotFound", "message": "no\nsubnet", "resourceIds": ["subnet-1"]}
    outcome = _run(run_control, "FAILED", issue)
    assert outcome.reasons == ["status-failed", "issue-Ec2SubnetNotFound"]
    assert outcome.findings[1].symptom == "EKS reports Ec2SubnetNotFound: no subnet"
    assert "subnet-1" in outcome.findings[1].fix

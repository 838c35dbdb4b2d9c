"""ca-status on literal ConfigMaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pytest_eksconform.suites.autoscaling import test_status as suite
from tests.unit.suites.autoscaler_objects import FLAGS, NOT_RUNNING, deployment

GROUP = """
- name: eks-general
  health: {{status: {health}}}
  scaleUp:
    status: {scale_up}
    backoffInfo: {{errorCode: AccessDenied, errorMessage: "not authorized\\nto SetDesired"}}
"""


def _config_map(age=timedelta(), running="Running", health="Healthy", scale_up="NoActivity"):
    time = f"{datetime.now(UTC) - age:%Y-%m-%d %H:%M:%S}.123456789 +0000 UTC"
    status = f"time: {time}\nautoscalerStatus: {running}\nclusterWide:\n"
    status += f"  health: {{status: {health}}}\nnodeGroups:"
    return {"data": {"status": status + GROUP.format(health=health, scale_up=scale_up)}}


def _run(run_control, config_map, *flags):
    sections = {
        "deployments": [deployment(*FLAGS, *flags)],
        "config_maps": {"cluster-autoscaler-status": config_map} if config_map else {},
    }
    return run_control(suite.test_ca_status, sections=sections)


def test_a_fresh_and_healthy_status_passes(run_control):
    assert _run(run_control, _config_map()).passed


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"age": timedelta(minutes=9)}, ["stale"]),
        ({"running": "Initializing"}, ["not-running"]),
        ({"health": "Unhealthy"}, ["unhealthy-cluster", "unhealthy-eks-general"]),
        ({"scale_up": "Backoff"}, ["backoff-eks-general"]),
    ],
)
def test_what_it_says_is_found(run_control, changes, reasons):
    assert _run(run_control, _config_map(**changes)).reasons == reasons


def test_the_error_of_a_backoff_is_quoted(run_control):
    outcome = _run(run_control, _config_map(scale_up="Backoff"))
    assert outcome.findings[0].cause == "AccessDenied: not authorized to SetDesired"


def test_the_error_that_makes_it_unhealthy_is_quoted():
    now = datetime.now(UTC)
    status = {
        "time": f"{now:%Y-%m-%d %H:%M:%S} +0000 UTC",
        "autoscalerStatus": "Running",
        "message": "AccessDenied:\nno",
        "clusterWide": {"health": {"status": "Unhealthy"}},
    }
    (problem,) = suite.problems_of(status, now)
    assert problem["cause"] == "AccessDenied: no"


def test_a_status_that_was_never_written_is_found(run_control):
    assert _run(run_control, None).reasons == ["no-status"]


@pytest.mark.parametrize(
    "flag", ["--write-status-configmap=false", "--status-config-map-name=own", "--namespace=x"]
)
def test_a_status_that_is_off_or_elsewhere_is_not_applicable(run_control, flag):
    assert _run(run_control, None, flag).not_applicable


@pytest.mark.parametrize("text", ["Cluster-autoscaler status at 2022", "a: [", "time: soon"])
def test_another_format_is_unknown(run_control, text):
    assert _run(run_control, {"data": {"status": text}}).error


def test_without_an_autoscaler_it_is_not_applicable(run_control):
    outcome = run_control(suite.test_ca_status, sections={"deployments": [], "config_maps": {}})
    assert outcome.not_applicable == NOT_RUNNING

"""identity-live-controllers on literal status ConfigMaps and events."""

from __future__ import annotations

from pytest_eksconform.suites.identity import test_live_controllers as suite
from tests.unit.suites.cluster_objects import ago
from tests.unit.suites.identity_objects import CLUSTER, workload

CA = workload("registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0")
CNI = workload("x/amazon-k8s-cni:v1", "aws-node", "aws-node", desiredNumberScheduled=1)
DENIED = "UnauthorizedOperation: You are not authorized to perform this operation."


def _event(message=DENIED, source="aws-node", when=None):
    return {
        "metadata": {"namespace": "kube-system", "name": "e"},
        "reason": "Failed",
        "message": message,
        "source": {"component": source},
        "lastTimestamp": when or ago(seconds=10),
    }


def _sections(status="Health: Healthy", events=(), deployments=(CA,)):
    return {
        "cluster": CLUSTER,
        "deployments": list(deployments),
        "daemon_sets": [CNI] if deployments else [],
        "config_maps": {"cluster-autoscaler-status": {"data": {"status": status}}},
        "warning_events": list(events),
    }


def _run(run_control, **sections):
    return run_control(suite.test_live_controllers, sections=_sections(**sections))


def test_healthy_status_and_other_events_pass(run_control):
    outcome = _run(run_control, events=[_event("Back-off restarting")])
    assert outcome.passed
    assert len(outcome.judged) == 2


def test_a_denial_in_the_status_is_quoted(run_control):
    outcome = _run(run_control, status="a: b\n  message: AccessDenied: no\n")
    assert outcome.findings[0].symptom == "it says: message: AccessDenied: no"


def test_a_recent_denial_in_an_event_is_found_on_its_writer(run_control):
    outcome = _run(run_control, events=[_event(), _event()])
    assert [f.resource for f in outcome.findings] == ["daemonset kube-system/aws-node"]


def test_events_of_the_autoscaler_count_until_its_status_is_well(run_control):
    events = [_event(source="cluster-autoscaler")]
    assert _run(run_control, events=events).passed
    for status in ("", "scaleUp: Backoff"):
        assert _run(run_control, status=status, events=events).reasons == ["denied-live"]


def test_old_denials_and_those_of_others_are_over(run_control):
    events = [_event(when=ago(hours=1)), _event(source="someone-else")]
    assert _run(run_control, events=events).passed


def test_no_controllers_are_not_applicable(run_control):
    assert _run(run_control, deployments=()).not_applicable

"""imds-hop-limit on literal instances and pods."""

from __future__ import annotations

from pytest_eksconform.suites.imds import test_hop_limit as suite
from tests.unit.suites.cluster_objects import instance, pod

CONTROL = suite.test_imds_hop_limit


def _sections(*instances, pods=()):
    return {
        "instances": list(instances),
        "autoscaling_groups": [],
        "launch_templates": {},
        "metadata_defaults": {},
        "images": {},
        "pods": list(pods),
        "service_accounts": [],
        "pod_identity_associations": [],
    }


def test_one_hop_is_silent(run_control):
    assert run_control(CONTROL, sections=_sections(instance())).passed


def test_two_hops_are_advice_that_names_who_would_break(run_control):
    outcome = run_control(CONTROL, sections=_sections(instance(hops=2), pods=[pod()]))
    assert outcome.reasons == ["reaches-pods"]
    assert outcome.findings[0].severity == "advice"
    assert "statefulset kube-system/ca" in outcome.findings[0].cause
    assert "profile nodes" in outcome.findings[0].cause


def test_two_hops_are_silent_where_the_team_wants_them(run_control):
    for words in ({"imds.hop_limit": 2}, {"imds.pods": "reachable"}):
        outcome = run_control(CONTROL, sections=_sections(instance(hops=2)), expectations=words)
        assert outcome.passed


def test_another_limit_than_expected_is_high(run_control):
    words = {"imds.pods": "blocked"}
    outcome = run_control(CONTROL, sections=_sections(instance(hops=2)), expectations=words)
    assert [(f.reason, f.severity) for f in outcome.findings] == [("unexpected-hop-limit", "high")]


def test_without_imds_there_is_nothing_to_judge(run_control):
    off = instance(MetadataOptions={"HttpEndpoint": "disabled"})
    assert run_control(CONTROL, sections=_sections(off)).not_applicable
    assert run_control(CONTROL, sections=_sections()).not_applicable

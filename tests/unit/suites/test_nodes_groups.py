"""nodes-group-health, -group-bounds and -template-current on literal node groups."""

from __future__ import annotations

from pytest_eksconform.suites.nodes import test_groups as suite
from tests.unit.suites.cluster_objects import autoscaling_group, node_group, template


def _bounds(group, asg):
    return {"node_groups": [group], "autoscaling_groups": [asg]}


def test_a_sound_group_passes(run_control):
    assert run_control(
        suite.test_nodes_group_health, sections={"node_groups": [node_group()]}
    ).passed


def test_health_issues_are_quoted(run_control):
    issue = {
        "code": "NodeCreationFailure",
        "message": "Instances failed\nto join",
        "resourceIds": ["i-1"],
    }
    group = node_group(status="DEGRADED", health={"issues": [issue]})
    outcome = run_control(suite.test_nodes_group_health, sections={"node_groups": [group]})
    assert outcome.reasons == ["nodecreationfailure"]
    assert "Instances failed to join" in outcome.findings[0].cause
    assert "i-1" in outcome.findings[0].symptom


def test_a_failed_state_without_issue_is_found(run_control):
    groups = {"node_groups": [node_group(status="CREATE_FAILED")]}
    assert run_control(suite.test_nodes_group_health, sections=groups).reasons == ["create_failed"]


def test_an_updating_group_is_no_finding(run_control):
    groups = {"node_groups": [node_group(status="UPDATING")]}
    assert run_control(suite.test_nodes_group_health, sections=groups).passed


def test_bounds_that_agree_pass(run_control):
    outcome = run_control(
        suite.test_nodes_group_bounds, sections=_bounds(node_group(), autoscaling_group())
    )
    assert outcome.passed


def test_an_edited_autoscaling_group_is_found(run_control):
    sections = _bounds(node_group(), autoscaling_group(MaxSize=9))
    outcome = run_control(suite.test_nodes_group_bounds, sections=sections)
    assert outcome.reasons == ["asg-edited"]


def test_a_group_at_its_maximum_is_advice_unless_its_size_is_fixed(run_control):
    sections = _bounds(node_group(), autoscaling_group(DesiredCapacity=4))
    outcome = run_control(suite.test_nodes_group_bounds, sections=sections)
    assert [(f.reason, f.severity) for f in outcome.findings] == [("no-room", "advice")]
    fixed = node_group(scalingConfig={"minSize": 4, "maxSize": 4, "desiredSize": 4})
    sections = _bounds(fixed, autoscaling_group(MinSize=4, DesiredCapacity=4))
    assert run_control(suite.test_nodes_group_bounds, sections=sections).passed


def _template_sections(*, group=None, asg=None, latest=1, default=1):
    head = {"DefaultVersionNumber": default, "LatestVersionNumber": latest}
    return {
        "node_groups": group or [node_group(launchTemplate={"id": "lt-1", "version": "1"})],
        "autoscaling_groups": [asg or autoscaling_group()],
        "launch_templates": template(),
        "launch_template_heads": {"lt-1": head},
    }


def test_a_current_template_passes(run_control):
    assert run_control(suite.test_nodes_template_current, sections=_template_sections()).passed


def test_a_newer_default_version_is_pending_and_a_mere_draft_is_advice(run_control):
    control = suite.test_nodes_template_current
    pending = run_control(control, sections=_template_sections(latest=2, default=2))
    draft = run_control(control, sections=_template_sections(latest=2))
    assert [f.severity for f in pending.findings + draft.findings] == ["medium", "advice"]
    assert pending.reasons == ["template-pending"]


def test_instances_of_an_older_template_version_are_found(run_control):
    old = {"InstanceId": "i-9", "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "0"}}
    sections = _template_sections(asg=autoscaling_group(Instances=[old]))
    outcome = run_control(suite.test_nodes_template_current, sections=sections)
    assert outcome.reasons == ["old-instances"]
    assert outcome.findings[0].owner == "node group general"


def test_a_release_behind_that_of_another_group_is_advice(run_control):
    groups = [node_group(), node_group("old", releaseVersion="1.35.0-20260901")]
    outcome = run_control(
        suite.test_nodes_template_current, sections=_template_sections(group=groups)
    )
    assert [(f.resource, f.reason) for f in outcome.findings] == [
        ("node group old", "release-behind")
    ]


def test_without_groups_nothing_applies(run_control):
    nothing = {
        "node_groups": [],
        "autoscaling_groups": [],
        "launch_templates": {},
        "launch_template_heads": {},
    }
    for control in (
        suite.test_nodes_group_health,
        suite.test_nodes_group_bounds,
        suite.test_nodes_template_current,
    ):
        assert run_control(control, sections=nothing).not_applicable

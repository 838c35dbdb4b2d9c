"""imds-v2-required on literal instances and launch templates."""

from __future__ import annotations

from pytest_eksconform.suites.imds import test_tokens as suite
from tests.unit.suites.cluster_objects import autoscaling_group, instance, template

NO_TEMPLATES = {
    "autoscaling_groups": [],
    "launch_templates": {},
    "metadata_defaults": {},
    "images": {},
}


def _with_template(data, **sections):
    return {
        **NO_TEMPLATES,
        "instances": [],
        "autoscaling_groups": [autoscaling_group()],
        "launch_templates": template(**data),
        **sections,
    }


def test_required_tokens_pass(run_control):
    outcome = run_control(
        suite.test_imds_v2_required, sections={**NO_TEMPLATES, "instances": [instance()]}
    )
    assert outcome.passed
    assert outcome.judged == ["instance i-1"]


def test_optional_tokens_are_found_with_their_node_group(run_control):
    sections = {**NO_TEMPLATES, "instances": [instance(tokens="optional")]}
    outcome = run_control(suite.test_imds_v2_required, sections=sections)
    assert outcome.reasons == ["tokens-optional"]
    assert outcome.findings[0].owner == "node group general"


def test_a_disabled_endpoint_needs_no_tokens(run_control):
    off = instance(MetadataOptions={"HttpTokens": "optional", "HttpEndpoint": "disabled"})
    sections = {**NO_TEMPLATES, "instances": [off]}
    assert run_control(suite.test_imds_v2_required, sections=sections).passed


def test_a_template_that_allows_v1_is_found(run_control):
    options = {"HttpTokens": "optional", "HttpPutResponseHopLimit": 1}
    outcome = run_control(
        suite.test_imds_v2_required, sections=_with_template({"MetadataOptions": options})
    )
    assert [f.resource for f in outcome.findings] == ["launch template lt-1 version 1"]


def test_a_silent_template_follows_the_account(run_control):
    sections = _with_template({}, metadata_defaults={"HttpTokens": "required"})
    assert run_control(suite.test_imds_v2_required, sections=sections).passed


def test_a_silent_template_and_account_follow_the_image(run_control):
    defaults = {"HttpTokens": "no-preference"}
    sections = _with_template({"ImageId": "ami-1"}, metadata_defaults=defaults)
    assert run_control(suite.test_imds_v2_required, sections=sections).reasons
    sections["images"] = {"ami-1": {"ImdsSupport": "v2.0"}}
    assert run_control(suite.test_imds_v2_required, sections=sections).passed


def test_nothing_to_judge_is_not_applicable(run_control):
    outcome = run_control(suite.test_imds_v2_required, sections={**NO_TEMPLATES, "instances": []})
    assert outcome.not_applicable

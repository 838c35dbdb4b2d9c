"""addons-config and addons-role on literal add-ons."""

from __future__ import annotations

import json

import pytest

from pytest_eksconform.suites.addons import test_configuration as suite

SCHEMA = {
    "$schema": "http://json-schema.org/draft-06/schema#",
    "type": "object",
    "additionalProperties": False,
    "properties": {"replicaCount": {"$ref": "#/definitions/count"}},
    "definitions": {"count": {"type": "integer"}},
}


def _sections(values: str | None, **changes: object) -> dict[str, object]:
    addon = {"addonName": "coredns", "addonVersion": "v1.12.4-eksbuild.1"}
    if values is not None:
        addon["configurationValues"] = values
    return {
        "addons": [addon],
        "addon_schemas": {"coredns": json.dumps(SCHEMA)},
        "addon_field_owners": {},
    } | changes


@pytest.mark.parametrize("values", [None, '{"replicaCount": 3}', "replicaCount: 3\n"])
def test_fitting_values_pass_as_json_and_as_yaml(run_control, values):
    assert run_control(suite.test_addons_config, sections=_sections(values)).passed


@pytest.mark.parametrize(
    "values", ['{"replicaCount": "hunter2"}', '{"replicas": 3}', "a: [", "hunter2"]
)
def test_values_that_break_the_schema_are_found_without_being_told(run_control, values):
    outcome = run_control(suite.test_addons_config, sections=_sections(values))
    assert outcome.reasons == ["invalid-configuration"]
    assert "hunter2" not in outcome.findings[0].cause


def test_a_schema_that_refers_elsewhere_is_unknown(run_control):
    elsewhere = {"coredns": json.dumps({"$ref": "https://example.com/schema.json"})}
    outcome = run_control(
        suite.test_addons_config, sections=_sections("{}", addon_schemas=elsewhere)
    )
    assert outcome.error


def test_a_field_set_by_hand_is_advice(run_control):
    owners = {
        "deployment kube-system/coredns": {
            "eks": ["template.spec.containers[coredns].image"],
            "kubectl-edit": ["replicas"],
        },
        "deployment kube-system/own": {"kubectl-client-side-apply": ["replicas"]},
    }
    outcome = run_control(
        suite.test_addons_config, sections=_sections(None, addon_field_owners=owners)
    )
    assert [(f.resource, f.severity) for f in outcome.findings] == [
        ("deployment kube-system/coredns", "advice")
    ]
    assert "kubectl-edit set replicas" in outcome.findings[0].cause


def test_no_addon_has_no_configuration(run_control):
    sections = _sections(None, addons=[])
    assert run_control(suite.test_addons_config, sections=sections).not_applicable


def _role_sections(addon: dict[str, object], **changes: object) -> dict[str, object]:
    return {
        "addons": [{"addonVersion": "v1", **addon}],
        "addon_versions": {},
        "pod_identity_associations": [],
        "service_accounts": [],
    } | changes


def test_an_addon_that_calls_aws_without_a_role_is_found(run_control):
    sections = _role_sections({"addonName": "aws-ebs-csi-driver"})
    outcome = run_control(suite.test_addons_role, sections=sections)
    assert [(f.reason, f.severity) for f in outcome.findings] == [("no-role", "medium")]


def test_the_cni_on_the_nodes_role_is_advice(run_control):
    outcome = run_control(suite.test_addons_role, sections=_role_sections({"addonName": "vpc-cni"}))
    assert outcome.findings[0].severity == "advice"


@pytest.mark.parametrize(
    "role",
    [
        {"serviceAccountRoleArn": "arn:aws:iam::111122223333:role/ebs"},
        {"podIdentityAssociations": ["arn:aws:eks:eu-west-1:111122223333:podidentity/a-1"]},
    ],
)
def test_a_role_of_its_own_passes(run_control, role):
    sections = _role_sections({"addonName": "aws-ebs-csi-driver", **role})
    assert run_control(suite.test_addons_role, sections=sections).passed


def test_a_role_given_to_the_service_account_by_hand_passes(run_control):
    annotations = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/ebs"}
    account = {"namespace": "kube-system", "name": "ebs-csi-controller-sa"}
    sections = _role_sections(
        {"addonName": "aws-ebs-csi-driver"},
        service_accounts=[{"metadata": {**account, "annotations": annotations}}],
    )
    assert run_control(suite.test_addons_role, sections=sections).passed


def test_what_eks_says_of_the_version_decides_who_calls_aws(run_control):
    versions = {"vpc-cni": [{"addonVersion": "v1", "requiresIamPermissions": False}]}
    sections = _role_sections({"addonName": "vpc-cni"}, addon_versions=versions)
    assert run_control(suite.test_addons_role, sections=sections).not_applicable

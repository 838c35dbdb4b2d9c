"""access-entries-valid on literal entries, roles and node groups."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.access import test_entries as suite
from tests.unit.suites.access_objects import (
    ADMIN_POLICY,
    ARN,
    aws_auth,
    cluster,
    entry,
    known,
    mapping,
)
from tests.unit.suites.cluster_objects import node_group

NODE_ENTRY = entry("role/nodes", type="EC2_LINUX")


def _run(run_control, *entries, **more):
    sections = {
        "cluster": cluster(),
        "access_entries": list(entries),
        "access_policies": [{"name": "admin", "arn": ADMIN_POLICY}],
        "namespaces": [{"metadata": {"name": "dev-1"}}],
        "roles": known("role/ops", "role/nodes", "role/fargate"),
        "other_principals": {},
        "config_maps": {},
        "node_groups": [],
        "fargate_profiles": [],
        **more,
    }
    return run_control(suite.test_entries_valid, sections=sections)


def _scoped(namespace):
    scope = {"type": "namespace", "namespaces": [namespace]}
    return [{"policyArn": ADMIN_POLICY, "accessScope": scope}]


def test_live_entries_of_the_right_type_pass(run_control):
    outcome = _run(
        run_control, entry("role/ops", admin=True), NODE_ENTRY, node_groups=[node_group()]
    )
    assert outcome.passed
    assert "node group general" in outcome.judged


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (entry("role/gone"), "principal-gone"),
        (entry("role/ops", createdAt="2025-12-31T00:00:00+00:00"), "principal-remade"),
        (
            entry("role/ops", associatedAccessPolicies=_scoped("prod-*")),
            "nothing-there-AmazonEKSClusterAdminPolicy",
        ),
    ],
)
def test_entries_that_give_nothing_are_found(run_control, found, reason):
    assert _run(run_control, found).reasons == [reason]


def test_a_namespace_pattern_that_matches_passes(run_control):
    found = entry("role/ops", associatedAccessPolicies=_scoped("dev-*"))
    assert _run(run_control, found).passed


@pytest.mark.parametrize(
    ("entries", "causes"),
    [
        ([], ["no access entry of type EC2_LINUX names it"]),
        ([entry("role/nodes")], ["its access entry has type STANDARD, not EC2_LINUX"]),
    ],
)
def test_node_roles_need_their_entry_in_mode_api(run_control, entries, causes):
    outcome = _run(run_control, *entries, node_groups=[node_group()])
    assert [f.cause for f in outcome.findings] == causes


def test_aws_auth_does_for_node_roles_where_it_is_read(run_control):
    config_maps = aws_auth(mapping("role/nodes", "system:bootstrappers", "system:nodes"))
    mixed = {"cluster": cluster("API_AND_CONFIG_MAP"), "config_maps": config_maps}
    assert _run(run_control, node_groups=[node_group()], **mixed).passed


def test_fargate_roles_need_their_entry(run_control):
    profile = {"fargateProfileName": "f", "podExecutionRoleArn": f"{ARN}role/fargate"}
    outcome = _run(run_control, fargate_profiles=[profile])
    assert [f.resource for f in outcome.findings] == ["Fargate profile f"]


def test_principals_of_other_accounts_are_unknown_and_config_map_is_not_applicable(run_control):
    foreign = entry("x", principalArn="arn:aws:iam::999999999999:role/x")
    assert _run(run_control, foreign).error
    assert _run(run_control, cluster=cluster("CONFIG_MAP")).not_applicable

"""nodes-joined and nodes-instance-profile on literal instances and Nodes."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.nodes import test_joining as suite
from tests.unit.suites.cluster_objects import ago, autoscaling_group, instance, node

PROFILE = "arn:aws:iam::111122223333:instance-profile/nodes"
ROLE = "arn:aws:iam::111122223333:role/nodes"


def _trust(service="ec2.amazonaws.com"):
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return {"Statement": [statement]}


PROFILES = {PROFILE: {"missing": False, "roles": [{"arn": ROLE, "trust": _trust()}]}}


def _sections(instances, nodes, **more):
    return {
        "cluster": {"resourcesVpcConfig": {"clusterSecurityGroupId": "sg-cluster"}},
        "instances": instances,
        "nodes": nodes,
        "autoscaling_groups": [],
        "access_entries": [{"principalArn": ROLE, "type": "EC2_LINUX"}],
        "config_maps": {},
        "instance_profiles": PROFILES,
        **more,
    }


def test_a_ready_node_for_each_instance_passes(run_control):
    outcome = run_control(suite.test_nodes_joined, sections=_sections([instance()], [node()]))
    assert outcome.passed
    assert outcome.judged == ["instance i-1", "node ip-1"]


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({}, "user data"),
        ({"access_entries": []}, "no access entry"),
        ({"instance_profiles": {}}, "gives it no role"),
        ({"cluster": {"resourcesVpcConfig": {"clusterSecurityGroupId": "sg-2"}}}, "sg-2"),
    ],
)
def test_an_instance_without_node_is_found_with_the_likeliest_cause(run_control, changes, cause):
    outcome = run_control(suite.test_nodes_joined, sections=_sections([instance()], [], **changes))
    assert outcome.reasons == ["not-joined"]
    assert cause in outcome.findings[0].cause


def test_aws_auth_admits_a_role_as_well(run_control):
    aws_auth = {"data": {"mapRoles": f"- rolearn: {ROLE}\n"}}
    sections = _sections([instance()], [], access_entries=[], config_maps={"aws-auth": aws_auth})
    outcome = run_control(suite.test_nodes_joined, sections=sections)
    assert "user data" in outcome.findings[0].cause


def test_young_and_warm_instances_need_no_node(run_control):
    young = instance(LaunchTime=ago(seconds=30))
    assert run_control(suite.test_nodes_joined, sections=_sections([young], [])).passed
    warm = autoscaling_group(Instances=[{"InstanceId": "i-1", "LifecycleState": "Warmed:Running"}])
    sections = _sections([instance()], [], autoscaling_groups=[warm])
    assert run_control(suite.test_nodes_joined, sections=sections).passed


def test_a_node_without_instance_is_found_unless_it_is_leaving(run_control):
    control = suite.test_nodes_joined
    assert run_control(control, sections=_sections([], [node()])).reasons == ["no-instance"]
    assert run_control(control, sections=_sections([], [node(unschedulable=True)])).passed


@pytest.mark.parametrize(
    ("status", "age_seconds", "found"),
    [("False", 3600, True), ("False", 30, False), ("Unknown", 30, True)],
)
def test_a_node_that_is_not_ready_is_found_unless_it_is_on_its_way_in(
    run_control, status, age_seconds, found
):
    there = node(conditions={"Ready": status}, created=ago(seconds=age_seconds))
    outcome = run_control(suite.test_nodes_joined, sections=_sections([instance()], [there]))
    assert outcome.reasons == (["not-ready"] if found else [])


def test_a_young_instance_that_can_never_join_is_found(run_control):
    sections = _sections([instance(LaunchTime=ago(seconds=30))], [], access_entries=[])
    assert run_control(suite.test_nodes_joined, sections=sections).reasons == ["not-joined"]


def test_no_ec2_nodes_is_not_applicable(run_control):
    assert run_control(suite.test_nodes_joined, sections=_sections([], [])).not_applicable
    nothing = {"instances": [], "instance_profiles": {}}
    assert run_control(suite.test_nodes_instance_profile, sections=nothing).not_applicable


@pytest.mark.parametrize(
    ("found", "profile", "reasons"),
    [
        (instance(), PROFILES[PROFILE], []),
        (instance(IamInstanceProfile=None), None, ["no-profile"]),
        (instance(), {"missing": True, "roles": []}, ["profile-gone"]),
        (instance(), {"missing": False, "roles": []}, ["no-role"]),
        (
            instance(),
            {"missing": False, "roles": [{"arn": ROLE, "trust": _trust("eks.amazonaws.com")}]},
            ["ec2-not-trusted"],
        ),
    ],
)
def test_profile_and_role_are_judged(run_control, found, profile, reasons):
    sections = {"instances": [found], "instance_profiles": {PROFILE: profile}}
    assert run_control(suite.test_nodes_instance_profile, sections=sections).reasons == reasons

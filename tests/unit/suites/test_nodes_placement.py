"""nodes-spread and nodes-private on literal nodes and route tables."""

from __future__ import annotations

from pytest_eksconform.suites.nodes import test_placement as suite
from tests.unit.suites.cluster_objects import (
    autoscaling_group,
    instance,
    node,
    node_group,
    route_table,
)


def _spread(*zones, asg=None):
    return {
        "nodes": [node(f"ip-{n}", zone=zone) for n, zone in enumerate(zones)],
        "node_groups": [node_group()],
        "autoscaling_groups": [asg or autoscaling_group()],
    }


def test_two_zones_pass(run_control):
    outcome = run_control(suite.test_nodes_spread, sections=_spread("eu-west-1a", "eu-west-1b"))
    assert outcome.passed


def test_one_zone_is_found(run_control):
    outcome = run_control(suite.test_nodes_spread, sections=_spread("eu-west-1a", "eu-west-1a"))
    assert outcome.reasons == ["one-zone"]


def test_a_group_whose_autoscaling_group_lost_subnets_is_found(run_control):
    sections = _spread(
        "eu-west-1a", "eu-west-1b", asg=autoscaling_group(VPCZoneIdentifier="subnet-a")
    )
    outcome = run_control(suite.test_nodes_spread, sections=sections)
    assert outcome.reasons == ["asg-narrowed"]
    assert "subnet-b" in outcome.findings[0].symptom


def test_a_node_without_zone_is_unknown(run_control):
    sections = _spread("eu-west-1a")
    del sections["nodes"][0]["metadata"]["labels"]["topology.kubernetes.io/zone"]
    assert run_control(suite.test_nodes_spread, sections=sections).error


def test_private_subnets_pass_by_their_own_and_by_the_main_table(run_control):
    for tables in (
        [route_table("nat-1", "subnet-a"), route_table("igw-1")],
        [route_table("igw-1", "subnet-z"), route_table("nat-1")],
    ):
        sections = {"instances": [instance()], "route_tables": tables}
        assert run_control(suite.test_nodes_private, sections=sections).passed


def test_a_public_subnet_is_advice_and_tells_the_public_address(run_control):
    sections = {
        "instances": [instance(PublicIpAddress="203.0.113.7")],
        "route_tables": [route_table("igw-1", "subnet-a")],
    }
    outcome = run_control(suite.test_nodes_private, sections=sections)
    assert [(f.reason, f.severity) for f in outcome.findings] == [("public-subnet", "advice")]
    assert "203.0.113.7" in outcome.findings[0].symptom


def test_missing_route_tables_are_unknown(run_control):
    sections = {"instances": [instance()], "route_tables": []}
    assert run_control(suite.test_nodes_private, sections=sections).error


def test_without_nodes_nothing_applies(run_control):
    nothing = {"nodes": [], "node_groups": [], "autoscaling_groups": [], "instances": []}
    for control in (suite.test_nodes_spread, suite.test_nodes_private):
        assert run_control(control, sections={**nothing, "route_tables": []}).not_applicable

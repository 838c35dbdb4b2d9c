"""net-subnets and net-ip-headroom on literal subnets."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.networking import test_subnets as suite
from pytest_eksconform.suites.support.address_demand import addresses_a_node
from pytest_eksconform.suites.support.cni import CniSettings
from tests.unit.suites.cluster_objects import (
    M6I_LARGE,
    autoscaling_group,
    aws_node,
    node_group,
    subnet,
)


def _control_plane(*subnets, ids=None):
    known = {s["SubnetId"]: s for s in subnets}
    return {
        "cluster": {"resourcesVpcConfig": {"subnetIds": ids or list(known)}},
        "subnets": known,
    }


A, B = subnet("subnet-a"), subnet("subnet-b", zone="eu-west-1b")


@pytest.mark.parametrize(
    ("sections", "reasons"),
    [
        (_control_plane(A, B), []),
        (_control_plane(A, B, ids=["subnet-a", "subnet-b", "subnet-x"]), ["gone"]),
        (_control_plane(A), ["one-zone"]),
        (_control_plane(A, {**B, "AvailabilityZoneId": "use1-az3"}), ["unsupported-zone"]),
        (
            _control_plane(subnet(free=2), subnet("subnet-b", zone="eu-west-1b", free=2)),
            ["no-addresses"],
        ),
        (_control_plane(subnet(free=0), B), []),
    ],
)
def test_control_plane_subnets_are_judged(run_control, sections, reasons):
    outcome = run_control(suite.test_net_subnets, sections=sections)
    assert outcome.reasons == reasons
    assert "cluster prod" in outcome.judged


def test_a_cluster_without_subnets_has_none_to_judge(run_control):
    sections = {"cluster": {"resourcesVpcConfig": {}}, "subnets": {}}
    assert run_control(suite.test_net_subnets, sections=sections).not_applicable


@pytest.mark.parametrize(
    ("variables", "addresses"),
    [
        ({}, 20),
        ({"WARM_ENI_TARGET": "0"}, 10),
        ({"WARM_ENI_TARGET": "5"}, 30),
        ({"WARM_IP_TARGET": "5", "MINIMUM_IP_TARGET": "12"}, 13),
        ({"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"}, 17),
        ({"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "true"}, 3),
    ],
)
def test_a_node_takes_addresses_by_the_warm_targets(variables, addresses):
    assert addresses_a_node(M6I_LARGE, CniSettings(variables)) == addresses


def _headroom(free, **more):
    return {
        "cluster": {"kubernetesNetworkConfig": {"ipFamily": "ipv4"}},
        "subnets": {"subnet-a": subnet(free=free), "subnet-b": subnet("subnet-b", free=0)},
        "node_groups": [node_group(instanceTypes=["m6i.large"])],
        "autoscaling_groups": [autoscaling_group()],
        "instances": [],
        "instance_types": {"m6i.large": M6I_LARGE},
        "daemon_sets": [aws_node()],
        **more,
    }


def test_addresses_for_the_three_nodes_to_come_pass(run_control):
    assert run_control(suite.test_net_ip_headroom, sections=_headroom(60)).passed


def test_too_few_addresses_for_them_are_found(run_control):
    outcome = run_control(suite.test_net_ip_headroom, sections=_headroom(59))
    assert outcome.reasons == ["no-headroom"]
    assert "3 nodes of about 20 addresses" in outcome.findings[0].symptom


def test_a_group_whose_subnets_are_not_known_is_unknown(run_control):
    assert run_control(suite.test_net_ip_headroom, sections=_headroom(60, subnets={})).error


@pytest.mark.parametrize(
    "other",
    [
        {"node_groups": []},
        {"daemon_sets": []},
        {"cluster": {"kubernetesNetworkConfig": {"ipFamily": "ipv6"}}},
    ],
)
def test_headroom_does_not_apply_elsewhere(run_control, other):
    assert run_control(suite.test_net_ip_headroom, sections=_headroom(0, **other)).not_applicable

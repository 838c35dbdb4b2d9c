"""nodes-max-pods on literal nodes, and the arithmetic of pod addresses."""

from __future__ import annotations

from pytest_eksconform.suites.nodes import test_capacity as suite
from pytest_eksconform.suites.support.addresses import interfaces, pods_by_address, pods_by_prefix
from tests.unit.suites.cluster_objects import M6I_LARGE, aws_node, node, pod

CONTROL = suite.test_nodes_max_pods


def _sections(nodes, *, env=None, pods=(), types=None, network=None):
    return {
        "cluster": {"kubernetesNetworkConfig": network or {"ipFamily": "ipv4"}},
        "nodes": nodes,
        "pods": list(pods),
        "daemon_sets": [aws_node(**(env or {}))],
        "instances": [],
        "node_groups": [],
        "instance_types": {"m6i.large": M6I_LARGE} if types is None else types,
    }


def test_pods_follow_interfaces_and_addresses():
    assert pods_by_address(M6I_LARGE) == 29
    assert pods_by_address(M6I_LARGE, custom_networking=True) == 20
    assert pods_by_prefix(M6I_LARGE) == 110
    assert pods_by_prefix({"VCpuInfo": {"DefaultVCpus": 64}}) == 250


def test_interfaces_are_those_of_the_default_card():
    cards = [
        {"NetworkCardIndex": 0, "MaximumNetworkInterfaces": 15},
        {"NetworkCardIndex": 1, "MaximumNetworkInterfaces": 7},
    ]
    network = {"MaximumNetworkInterfaces": 22, "NetworkCards": cards, "DefaultNetworkCardIndex": 0}
    assert interfaces({"NetworkInfo": network}) == 15


def test_the_limit_of_the_type_passes(run_control):
    assert run_control(CONTROL, sections=_sections([node(pods="29")])).passed


def test_more_pods_than_addresses_are_found(run_control):
    outcome = run_control(CONTROL, sections=_sections([node(pods="110")]))
    assert outcome.reasons == ["too-many"]
    assert outcome.findings[0].owner == "node group general"


def test_prefixes_and_ipv6_allow_110(run_control):
    with_prefixes = _sections([node(pods="110")], env={"ENABLE_PREFIX_DELEGATION": "true"})
    assert run_control(CONTROL, sections=with_prefixes).passed
    with_ipv6 = _sections([node(pods="110")], network={"ipFamily": "ipv6"})
    assert run_control(CONTROL, sections=with_ipv6).passed


def test_a_full_node_is_advice(run_control):
    outcome = run_control(CONTROL, sections=_sections([node(pods="1")], pods=[pod()]))
    assert [(f.reason, f.severity) for f in outcome.findings] == [("full", "advice")]


def test_an_unknown_type_is_unknown(run_control):
    assert run_control(CONTROL, sections=_sections([node()], types={})).error


def test_without_nodes_or_vpc_cni_it_does_not_apply(run_control):
    assert run_control(CONTROL, sections=_sections([])).not_applicable
    other_cni = {**_sections([node()]), "daemon_sets": []}
    assert run_control(CONTROL, sections=other_cni).not_applicable

"""dns-coredns-config and dns-spread on a literal CoreDNS."""

from __future__ import annotations

import json

import pytest

from pytest_eksconform.suites.dns import test_coredns as suite
from pytest_eksconform.suites.support.coredns import selects
from tests.unit.suites.cluster_objects import node, pod

LABELS = {"k8s-app": "kube-dns", "eks.amazonaws.com/component": "coredns"}
COREFILE = ".:53 {\n    errors\n    cache 30 # seconds\n    forward . /etc/resolv.conf\n}\n"


def _deployment(replicas=2, ready=None):
    return {
        "metadata": {"name": "coredns", "namespace": "kube-system"},
        "spec": {"replicas": replicas, "template": {"metadata": {"labels": LABELS}}},
        "status": {"readyReplicas": replicas if ready is None else ready},
    }


def _budget(**selector):
    return {"metadata": {"namespace": "kube-system"}, "spec": {"selector": selector}}


def _sections(deployment, *, budgets=None, corefile=COREFILE, addon=None):
    return {
        "deployments": [deployment],
        "pod_disruption_budgets": (
            [_budget(matchLabels={"k8s-app": "kube-dns"})] if budgets is None else budgets
        ),
        "config_maps": {"coredns": {"data": {"Corefile": corefile}}},
        "addons": [{"addonName": "coredns", "configurationValues": json.dumps(addon or {})}],
    }


@pytest.mark.parametrize(
    ("sections", "reasons"),
    [
        (_sections(_deployment()), []),
        (_sections(_deployment(1)), ["one-replica"]),
        (_sections(_deployment(2, ready=1)), ["not-ready"]),
        (_sections(_deployment(), budgets=[]), ["no-budget"]),
        (_sections(_deployment(), corefile=COREFILE.replace("cache", "# cache")), ["no-cache"]),
    ],
)
def test_coredns_configuration_is_judged(run_control, sections, reasons):
    outcome = run_control(suite.test_dns_coredns_config, sections=sections)
    assert outcome.reasons == reasons
    assert outcome.judged == ["deployment kube-system/coredns"]


def test_one_replica_by_autoscaling_says_so(run_control):
    sections = _sections(_deployment(1), addon={"autoScaling": {"enabled": True}})
    outcome = run_control(suite.test_dns_coredns_config, sections=sections)
    assert outcome.findings[0].cause == "EKS scales it so"


def test_an_unreadable_corefile_is_unknown(run_control):
    sections = {**_sections(_deployment()), "config_maps": {}}
    assert run_control(suite.test_dns_coredns_config, sections=sections).error


@pytest.mark.parametrize(
    ("operator", "values", "selected"),
    [
        ("In", ["kube-dns"], True),
        ("NotIn", ["kube-dns"], False),
        ("Exists", None, True),
        ("DoesNotExist", None, False),
    ],
)
def test_budgets_select_by_expressions_too(operator, values, selected):
    expression = {"key": "k8s-app", "operator": operator, "values": values}
    assert selects(_budget(matchExpressions=[expression]), LABELS) is selected


def _spread(*on):
    pods = [pod(f"coredns-{n}", labels=LABELS, on=name) for n, name in enumerate(on)]
    nodes = [
        node("ip-1", zone="eu-west-1a"),
        node("ip-2", zone="eu-west-1b"),
        node("ip-3", zone="eu-west-1a"),
    ]
    return {"deployments": [_deployment()], "pods": pods, "nodes": nodes}


@pytest.mark.parametrize(
    ("on", "reasons"),
    [
        (("ip-1", "ip-2"), []),
        (("ip-1", "ip-3"), ["one-zone"]),
        (("ip-1", "ip-1"), ["one-node"]),
        (("ip-1",), ["one-node"]),
    ],
)
def test_pods_are_spread_over_nodes_and_zones(run_control, on, reasons):
    assert run_control(suite.test_dns_spread, sections=_spread(*on)).reasons == reasons


def test_a_cluster_of_one_zone_needs_only_two_nodes(run_control):
    sections = _spread("ip-1", "ip-3")
    sections["nodes"] = [n for n in sections["nodes"] if n["metadata"]["name"] != "ip-2"]
    assert run_control(suite.test_dns_spread, sections=sections).passed


def test_without_coredns_or_placed_pods_nothing_applies(run_control):
    absent = {**_sections(_deployment()), "deployments": []}
    assert run_control(suite.test_dns_coredns_config, sections=absent).not_applicable
    assert run_control(
        suite.test_dns_spread, sections={**_spread("ip-1"), "deployments": []}
    ).not_applicable
    assert run_control(suite.test_dns_spread, sections=_spread("")).not_applicable

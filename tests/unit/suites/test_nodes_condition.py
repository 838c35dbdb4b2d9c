"""nodes-version-skew and nodes-conditions on literal Nodes."""

from __future__ import annotations

import time

import pytest

from pytest_eksconform.suites.nodes import test_condition as suite
from tests.unit.suites.cluster_objects import ago, node


def _kube_proxy(tag):
    image = f"602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/kube-proxy:{tag}"
    return {
        "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
        "spec": {"template": {"spec": {"containers": [{"image": image}]}}},
    }


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("v1.35.2-eks-abc", None),
        ("v1.33.0", None),
        ("v1.32.9", ("at-limit", "advice")),
        ("v1.31.0", ("too-old", "high")),
        ("v1.36.0", ("newer", "high")),
        ("latest", ("no-version", "medium")),
    ],
)
def test_skew_is_judged_by_minors(version, problem):
    found = suite.skew_problem(version, "1.35")
    assert (found and (found[0], found[2])) == problem


def test_nodes_and_kube_proxy_of_the_same_minor_pass(run_control):
    sections = {"nodes": [node()], "daemon_sets": [_kube_proxy("v1.35.0-eksbuild.2")]}
    outcome = run_control(suite.test_nodes_version_skew, sections=sections)
    assert outcome.passed
    assert len(outcome.judged) == 2


def test_an_old_kubelet_and_a_new_kube_proxy_are_found(run_control):
    sections = {
        "nodes": [node(kubelet="v1.31.1")],
        "daemon_sets": [_kube_proxy("v1.36.0-minimal-eksbuild.1")],
    }
    outcome = run_control(suite.test_nodes_version_skew, sections=sections)
    assert outcome.reasons == ["too-old", "newer"]
    assert outcome.findings[0].owner == "node group general"


def test_a_quiet_node_passes(run_control):
    assert run_control(suite.test_nodes_conditions, sections={"nodes": [node()]}).passed


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        (node(conditions={"MemoryPressure": "True"}), ["memorypressure"]),
        (node(conditions={"MemoryPressure": "False"}), []),
        (node(conditions={"KernelReady": "False"}), ["kernelready"]),
        (node(taints=[{"key": "karpenter.sh/unregistered"}]), ["startup-taint"]),
        (node(created=ago(seconds=9), taints=[{"key": "karpenter.sh/unregistered"}]), []),
        (
            node(taints=[{"key": "ToBeDeletedByClusterAutoscaler", "value": "1"}]),
            ["deletion-taint"],
        ),
        (
            node(
                taints=[{"key": "ToBeDeletedByClusterAutoscaler", "value": str(int(time.time()))}]
            ),
            [],
        ),
        (node(unschedulable=True), ["cordoned"]),
        (node(taints=[{"key": "team", "value": "a"}]), []),
    ],
)
def test_pressure_and_stuck_taints_are_found(run_control, found, reasons):
    outcome = run_control(suite.test_nodes_conditions, sections={"nodes": [found]})
    assert outcome.reasons == reasons


def test_without_nodes_nothing_applies(run_control):
    nothing = {"nodes": [], "daemon_sets": []}
    for control in (suite.test_nodes_version_skew, suite.test_nodes_conditions):
        assert run_control(control, sections=nothing).not_applicable

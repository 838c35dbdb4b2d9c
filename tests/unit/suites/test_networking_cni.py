"""net-cni-mode and net-cni-healthy on literal DaemonSets, nodes, pods and events."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.networking import test_cni as suite
from tests.unit.suites.cluster_objects import (
    M6I_LARGE,
    aws_node,
    instance,
    node,
    pod,
    route_table,
    subnet,
)

PREFIX = {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"}
CUSTOM = {
    "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "true",
    "ENI_CONFIG_LABEL_DEF": "topology.kubernetes.io/zone",
}
XEN = {**M6I_LARGE, "Hypervisor": "xen"}
ENI_CONFIG = {"metadata": {"name": "eu-west-1a"}, "spec": {"subnet": "subnet-p"}}


def _mode(env, **more):
    return {
        "daemon_sets": [aws_node(**env)],
        "nodes": [node(pods="110")],
        "instances": [instance()],
        "node_groups": [],
        "instance_types": {"m6i.large": M6I_LARGE},
        "subnets": {"subnet-p": subnet("subnet-p")},
        "route_tables": [route_table("nat-1")],
        "eni_configs": [ENI_CONFIG],
        **more,
    }


@pytest.mark.parametrize(
    ("sections", "reasons"),
    [
        (_mode({}), []),
        (_mode(PREFIX), []),
        (_mode(PREFIX, instance_types={"m6i.large": XEN}), ["prefix-without-nitro"]),
        (_mode({**PREFIX, "WARM_PREFIX_TARGET": "0"}), ["no-warm-target"]),
        (_mode({**PREFIX, "WARM_PREFIX_TARGET": "0", "WARM_IP_TARGET": "4"}), []),
        (_mode(PREFIX, nodes=[node(pods="29")]), ["stale-max-pods"]),
        (_mode(CUSTOM), []),
        (_mode(CUSTOM, eni_configs=None), ["no-eni-config"]),
        (_mode(CUSTOM, subnets={"subnet-p": subnet("subnet-p", zone="eu-west-1b")}),
         ["eni-config-zone"]),
        (_mode({"ENABLE_POD_ENI": "true"}), []),
        (_mode({"ENABLE_POD_ENI": "true"}, instance_types={"m6i.large": XEN}),
         ["pod-eni-without-trunk"]),
        (_mode({"AWS_VPC_K8S_CNI_EXTERNALSNAT": "true"}), []),
        (_mode({"AWS_VPC_K8S_CNI_EXTERNALSNAT": "true"}, route_tables=[route_table("igw-1")]),
         ["external-snat-public"]),
    ],
)  # fmt: skip
def test_settings_are_held_against_each_other_and_the_nodes(run_control, sections, reasons):
    outcome = run_control(suite.test_net_cni_mode, sections=sections)
    assert outcome.reasons == reasons
    assert outcome.judged == ["daemonset kube-system/aws-node"]


def _cni_pod(ready="True", **more):
    found = pod("aws-node-1", owner=("DaemonSet", "aws-node"), image="amazon-k8s-cni:v1", **more)
    found["status"]["conditions"] = [{"type": "Ready", "status": ready}]
    return found


def _event(reason="FailedCreatePodSandBox", *, about="web-1", count=5, message=""):
    return {
        "reason": reason,
        "message": message,
        "count": count,
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": about},
    }


def _health(pods, *, nodes=None, events=()):
    return {
        "daemon_sets": [aws_node()],
        "nodes": nodes or [node()],
        "pods": pods,
        "warning_events": list(events),
    }


WAITING = pod("web-1", namespace="shop", owner=("StatefulSet", "web"), phase="Pending")


def test_a_ready_cni_on_each_node_passes(run_control):
    assert run_control(suite.test_net_cni_healthy, sections=_health([_cni_pod()])).passed


@pytest.mark.parametrize(
    ("pods", "symptom"), [([], "does not run"), ([_cni_pod("False")], "is not ready")]
)
def test_a_node_without_a_ready_cni_is_found(run_control, pods, symptom):
    outcome = run_control(suite.test_net_cni_healthy, sections=_health(pods))
    assert outcome.reasons == ["not-ready"]
    assert symptom in outcome.findings[0].symptom


def test_a_node_that_is_not_ready_yet_may_wait_for_its_cni(run_control):
    sections = _health([], nodes=[node(conditions={"Ready": "False"})])
    assert run_control(suite.test_net_cni_healthy, sections=sections).passed


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (_event(), True),
        (_event("FailedX", message="failed to assign an IP address to container"), True),
        (_event(count=1), False),
        (_event(about="web-0"), False),
        (_event("BackOff"), False),
    ],
)
def test_pods_that_wait_for_a_sandbox_are_found(run_control, event, found):
    sections = _health([_cni_pod(), WAITING], events=[event])
    outcome = run_control(suite.test_net_cni_healthy, sections=sections)
    assert outcome.reasons == (["no-sandbox"] if found else [])
    if found:
        assert outcome.findings[0].owner == "statefulset shop/web"


def test_another_cni_or_no_nodes_are_not_applicable(run_control):
    for control, sections in (
        (suite.test_net_cni_mode, _mode({})),
        (suite.test_net_cni_healthy, _health([])),
    ):
        assert run_control(control, sections={**sections, "daemon_sets": []}).not_applicable
        assert run_control(control, sections={**sections, "nodes": []}).not_applicable

"""ca-blockers on literal pods, budgets and nodes."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.autoscaling import test_blockers as suite
from tests.unit.suites.autoscaler_objects import FLAGS, NOT_RUNNING, deployment

SAFE = "cluster-autoscaler.kubernetes.io/safe-to-evict"


def _pod(name="orders", kind="ReplicaSet", annotations=None, volumes=()):
    owners = [{"kind": kind, "name": f"{name}-7d", "controller": True}] if kind else []
    return {
        "metadata": {
            "namespace": "shop",
            "name": f"{name}-7d-x",
            "labels": {"pod-template-hash": "7d"},
            "annotations": annotations or {},
            "ownerReferences": owners,
        },
        "spec": {"nodeName": "ip-1", "volumes": list(volumes)},
        "status": {"phase": "Running"},
    }


def _run(run_control, *pods, budgets=(), annotations=None, flags=(), **changes):
    labels = {"eks.amazonaws.com/nodegroup": "general"}
    node = {"metadata": {"name": "ip-1", "labels": labels, "annotations": annotations or {}}}
    sections = {
        "deployments": [deployment(*FLAGS, *flags)],
        "pods": list(pods),
        "nodes": [node],
        "pod_disruption_budgets": list(budgets),
    } | changes
    return run_control(suite.test_ca_blockers, sections=sections)


def test_evictable_pods_pass(run_control):
    memory = {"name": "m", "emptyDir": {"medium": "Memory"}}
    outcome = _run(run_control, _pod(volumes=[memory, {"name": "c", "configMap": {}}]))
    assert outcome.passed
    assert outcome.judged == ["node ip-1", "deployment shop/orders"]


LOCAL = {"name": "tmp", "emptyDir": {}}
HOST = {"name": "run", "hostPath": {"path": "/run"}}


@pytest.mark.parametrize(
    ("pod", "reasons"),
    [
        (_pod(annotations={SAFE: "false"}), ["not-safe-to-evict"]),
        (_pod(kind=None), ["naked-pod"]),
        (_pod(volumes=[LOCAL, HOST]), ["local-storage"]),
        (_pod(volumes=[LOCAL], annotations={SAFE: "true"}), []),
        (_pod(volumes=[LOCAL], annotations={f"{SAFE}-local-volumes": "tmp, b"}), []),
        (_pod(kind="DaemonSet", volumes=[HOST]), []),
    ],
)
def test_pods_that_hold_their_node_are_found(run_control, pod, reasons):
    outcome = _run(run_control, pod)
    assert outcome.reasons == reasons
    assert all(f.severity == "advice" for f in outcome.findings)


def test_local_storage_is_left_out_where_the_flag_is_off(run_control):
    off = ["--skip-nodes-with-local-storage=false"]
    assert _run(run_control, _pod(volumes=[LOCAL]), flags=off).passed


def test_the_autoscalers_own_pod_may_stay(run_control):
    own = _pod("cluster-autoscaler", annotations={SAFE: "false"})
    own["metadata"]["namespace"] = "kube-system"
    assert _run(run_control, own).passed


def test_a_budget_without_a_disruption_and_an_annotated_node_are_found(run_control):
    status = {"expectedPods": 2, "disruptionsAllowed": 0}
    budget = {"metadata": {"namespace": "shop", "name": "orders"}, "status": status}
    disabled = {"cluster-autoscaler.kubernetes.io/scale-down-disabled": "true"}
    outcome = _run(run_control, budgets=[budget], annotations=disabled)
    assert outcome.reasons == ["scale-down-disabled", "no-disruption-allowed"]
    assert outcome.findings[0].owner == "node group general"


def test_without_autoscaler_or_nodes_it_is_not_applicable(run_control):
    assert _run(run_control, deployments=[]).not_applicable == NOT_RUNNING
    assert _run(run_control, nodes=[]).not_applicable

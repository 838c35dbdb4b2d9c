"""identity-cluster-role on literal roles and simulator answers."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.identity import test_cluster_role as suite
from tests.unit.suites.cluster_objects import node
from tests.unit.suites.identity_objects import CLUSTER, role, service_trust

ARN = CLUSTER["roleArn"]
TRUSTED = role(service_trust("eks.amazonaws.com"))


def _sections(found=TRUSTED, cluster=CLUSTER, daemon_sets=(), nodes=()):
    return {
        "cluster": cluster,
        "roles": {ARN: found},
        "daemon_sets": list(daemon_sets),
        "nodes": list(nodes),
    }


def _without(prefix):
    def simulate(_role, actions, *_rest):
        return {a: "implicitDeny" if a.startswith(prefix) else "allowed" for a in actions}

    return simulate


def test_trusted_role_with_its_policy_passes(run_control):
    outcome = run_control(suite.test_cluster_role, sections=_sections())
    assert outcome.passed
    assert outcome.judged == ["role cluster"]


@pytest.mark.parametrize(
    ("found", "reasons"),
    [({"missing": True}, ["no-role"]), (role(service_trust("ec2.amazonaws.com")), ["trust"])],
)
def test_role_that_eks_can_not_assume_is_found(run_control, found, reasons):
    assert run_control(suite.test_cluster_role, sections=_sections(found)).reasons == reasons


def test_auto_mode_needs_tag_session(run_control):
    cluster = {**CLUSTER, "computeConfig": {"enabled": True}}
    outcome = run_control(suite.test_cluster_role, sections=_sections(cluster=cluster))
    assert outcome.reasons == ["trust"]


def test_denied_reads_are_found(run_control):
    outcome = run_control(
        suite.test_cluster_role, sections=_sections(), simulations=_without("ec2:Describe")
    )
    assert outcome.reasons == ["denied-AmazonEKSClusterPolicy"]


def test_windows_nodes_and_pod_enis_need_the_resource_controller_policy(run_control):
    windows = node()
    windows["metadata"]["labels"]["kubernetes.io/os"] = "windows"
    env = [{"name": "ENABLE_POD_ENI", "value": "true"}]
    aws_node = {
        "metadata": {"namespace": "kube-system", "name": "aws-node"},
        "spec": {"template": {"spec": {"containers": [{"name": "aws-node", "env": env}]}}},
    }
    for sections in (_sections(nodes=[windows]), _sections(daemon_sets=[aws_node])):
        outcome = run_control(
            suite.test_cluster_role, sections=sections, simulations=_without("ec2:Create")
        )
        assert outcome.reasons == ["denied-AmazonEKSVPCResourceController"]
    assert run_control(
        suite.test_cluster_role, sections=_sections(), simulations=_without("ec2:Create")
    ).passed

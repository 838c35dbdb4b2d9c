"""imds-consumers on literal pods, and what each known program asks IMDS for."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.imds import test_consumers as suite
from pytest_eksconform.suites.support.imds_consumers import needs_of
from tests.unit.suites.cluster_objects import instance, node, pod, service_account

CONTROL = suite.test_imds_consumers
LBC = "public.ecr.aws/eks/aws-load-balancer-controller:v3.0.0"
OWN_ROLE = {("kube-system", "cluster-autoscaler")}


def _sections(*pods, hops=1, accounts=()):
    return {
        "instances": [instance(hops=hops)],
        "nodes": [node()],
        "pods": list(pods),
        "service_accounts": list(accounts),
        "pod_identity_associations": [],
    }


@pytest.mark.parametrize(
    ("found", "needs"),
    [
        (pod(env={"AWS_REGION": "eu-west-1"}), []),
        (pod(), ["region"]),
        (pod(image="public.ecr.aws/karpenter/controller:1.9.0@sha256:0"), ["region"]),
        (pod(env={"AWS_REGION": ""}), ["region"]),
        (pod(image=LBC, args=["--aws-region=eu-west-1", "--aws-vpc-id=vpc-1"]), []),
        (pod(image=LBC, args=["--aws-region=eu-west-1"]), ["VPC id"]),
        (pod(account="other", env={"AWS_REGION": "x"}), ["credentials"]),
        (pod(account="other", env={"AWS_REGION": "x", "AWS_ROLE_ARN": "arn"}), []),
    ],
)
def test_needs_follow_role_variables_and_flags(found, needs):
    assert needs_of(found, OWN_ROLE) == needs


def test_a_controller_with_role_and_region_passes(run_control):
    accounts = [service_account("cluster-autoscaler", role="arn:aws:iam::1:role/ca")]
    sections = _sections(pod(env={"AWS_REGION": "eu-west-1"}), accounts=accounts)
    outcome = run_control(CONTROL, sections=sections)
    assert outcome.passed
    assert outcome.judged == ["statefulset kube-system/ca"]


def test_a_controller_without_a_role_is_found(run_control):
    outcome = run_control(CONTROL, sections=_sections(pod()))
    assert outcome.reasons == ["needs-credentials", "needs-region"]


def test_host_network_plain_pods_and_node_plugins_are_not_judged(run_control):
    pods = [
        pod(hostNetwork=True),
        pod(image="example.com/shop:1"),
        pod(image="public.ecr.aws/ebs-csi-driver/aws-ebs-csi-driver:v1", owner=("DaemonSet", "e")),
    ]
    assert run_control(CONTROL, sections=_sections(*pods)).not_applicable


def test_reachable_imds_is_not_applicable_unless_the_team_wants_it_blocked(run_control):
    sections = _sections(pod(), hops=2)
    assert run_control(CONTROL, sections=sections).not_applicable
    outcome = run_control(CONTROL, sections=sections, expectations={"imds.pods": "blocked"})
    assert outcome.reasons == ["needs-credentials", "needs-region"]

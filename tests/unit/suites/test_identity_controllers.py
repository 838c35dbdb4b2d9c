"""identity-dedicated-accounts and -controller-permissions, and how controllers are recognised."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.identity import test_controllers as suite
from pytest_eksconform.suites.support.controllers import (
    EXTERNAL_DNS,
    KARPENTER,
    is_image_of,
    running_controllers,
)
from tests.unit.suites.conftest import CLUSTER as EKS_CLUSTER
from tests.unit.suites.identity_objects import CLUSTER, account, role, role_arn, workload

CA_IMAGE = "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0"
CA_ROLE = role_arn("ca")
CA = workload(CA_IMAGE)
CA_ACCOUNT = account("cluster-autoscaler", "kube-system", CA_ROLE)
CNI = workload("602.dkr.ecr/amazon-k8s-cni:v1.21", "aws-node", "aws-node", desiredNumberScheduled=2)
NODES = [{"nodeRole": role_arn("nodes")}]


def _sections(deployments=(CA,), daemon_sets=(), accounts=(CA_ACCOUNT,)):
    return {
        "cluster": CLUSTER,
        "deployments": list(deployments),
        "daemon_sets": list(daemon_sets),
        "service_accounts": list(accounts),
        "pod_identity_associations": [],
        "node_groups": NODES,
        "roles": {CA_ROLE: role(), role_arn("nodes"): role()},
    }


@pytest.mark.parametrize(
    ("image", "known"),
    [
        ("public.ecr.aws/karpenter/controller:1.9.0@sha256:ab", True),
        ("localhost:5000/mirror/karpenter/controller", True),
        ("example.com/other/controller:1", False),
        ("example.com/notkarpenter/controller:1", False),
    ],
)
def test_images_are_recognised_by_the_end_of_their_repository(image, known):
    assert is_image_of(KARPENTER, image) is known


def test_external_dns_counts_only_with_the_aws_provider():
    image = "registry.k8s.io/external-dns/external-dns:v0.20.0"
    found = [workload(image, args=a) for a in (("--provider=aws",), ("--provider", "aws"), ())]
    assert [r.controller for r in running_controllers(found, [])] == [EXTERNAL_DNS] * 2


def test_scaled_to_nothing_does_not_run():
    stopped = {**CA, "spec": {**CA["spec"], "replicas": 0}}
    assert running_controllers([stopped], [workload("x/amazon-k8s-cni:1")]) == []


@pytest.mark.parametrize(
    "control", [suite.test_dedicated_accounts, suite.test_controller_permissions]
)
def test_no_controllers_are_not_applicable(run_control, control):
    assert run_control(control, sections=_sections([])).not_applicable


def test_an_account_and_role_of_its_own_passes(run_control):
    outcome = run_control(suite.test_dedicated_accounts, sections=_sections())
    assert outcome.passed
    assert outcome.judged == ["deployment kube-system/cluster-autoscaler"]


@pytest.mark.parametrize(
    ("sections", "found"),
    [
        (_sections(accounts=()), [("no-own-role", "high")]),
        (_sections([workload(CA_IMAGE, account=None)]), [("default-account", "high")]),
        (_sections([], [CNI]), [("no-own-role", "advice")]),
        (
            _sections(accounts=[account("cluster-autoscaler", "kube-system", role_arn("nodes"))]),
            [("shared-role", "medium")],
        ),
        (
            _sections([CA, workload("x/aws-load-balancer-controller:v3", "lbc")]),
            [("shared-role", "medium")] * 2,
        ),
    ],
)
def test_borrowed_identities_are_found(run_control, sections, found):
    outcome = run_control(suite.test_dedicated_accounts, sections=sections)
    assert [(f.reason, f.severity) for f in outcome.findings] == found


def _says(answer, excess="implicitDeny"):
    def simulate(_role, actions, *_rest):
        return {
            a: excess if a in (*suite.EXCESS, "autoscaling:DeleteAutoScalingGroup") else answer
            for a in actions
        }

    return simulate


@pytest.mark.parametrize(
    ("simulate", "reasons"),
    [
        (_says("allowed"), []),
        (_says("implicitDeny"), ["denied-autoscaling:DescribeAutoScalingGroups"]),
        (_says("allowed", "allowed"), ["too-broad"]),
    ],
)
def test_permissions_follow_the_simulator(run_control, simulate, reasons):
    outcome = run_control(
        suite.test_controller_permissions, sections=_sections(), simulations=simulate
    )
    assert outcome.reasons == reasons
    assert outcome.judged


def test_an_open_answer_is_unknown(run_control):
    outcome = run_control(
        suite.test_controller_permissions,
        sections=_sections(),
        simulations=_says("missingContext"),
    )
    assert outcome.error


def test_the_cni_is_judged_by_the_node_role_when_it_has_none(run_control):
    asked = []

    def simulate(role_arn, actions, *_rest):
        asked.append(role_arn)
        return _says("allowed")(role_arn, actions)

    run_control(
        suite.test_controller_permissions, sections=_sections([], [CNI]), simulations=simulate
    )
    assert set(asked) == {role_arn("nodes")}


def test_needs_are_filled_in_for_the_cluster():
    needs = suite.filled_in(KARPENTER.needs[1], EKS_CLUSTER)
    assert needs.resource == "arn:aws:ec2:eu-west-1:111122223333:fleet/*"
    assert needs.context["aws:RequestTag/kubernetes.io/cluster/prod"] == "owned"

"""identity-pod-identity-agent and -association on literal nodes, pods and roles."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.identity import test_pod_identity as suite
from tests.unit.suites.cluster_objects import ago, node, pod
from tests.unit.suites.identity_objects import (
    account,
    association,
    role,
    role_arn,
    service_trust,
)

TRUST = service_trust("pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession")
BILLING, TARGET = role_arn("billing"), role_arn("target")


def _agent(on="ip-1", ready="True"):
    found = pod(
        "agent",
        image="602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/eks-pod-identity-agent:v1",
        on=on,
    )
    found["status"]["conditions"] = [{"type": "Ready", "status": ready}]
    return found


def _agent_sections(nodes, pods, associations=({},)):
    return {"pod_identity_associations": list(associations), "nodes": nodes, "pods": pods}


def test_agent_on_each_node_passes(run_control):
    sections = _agent_sections([node()], [_agent()])
    outcome = run_control(suite.test_pod_identity_agent, sections=sections)
    assert outcome.passed
    assert outcome.judged == ["node ip-1"]


@pytest.mark.parametrize("pods", [[], [_agent(ready="False")]])
def test_no_agent_anywhere_is_found_on_the_cluster(run_control, pods):
    outcome = run_control(suite.test_pod_identity_agent, sections=_agent_sections([node()], pods))
    assert [f.resource for f in outcome.findings] == ["cluster prod"]


def test_one_node_without_the_agent_is_found_unless_it_is_young(run_control):
    nodes = [node(), node("ip-2"), node("ip-3", created=ago(seconds=5))]
    outcome = run_control(
        suite.test_pod_identity_agent, sections=_agent_sections(nodes, [_agent()])
    )
    assert [f.resource for f in outcome.findings] == ["node ip-2"]
    assert outcome.findings[0].owner == "node group general"


def test_auto_mode_and_unready_nodes_need_no_agent(run_control):
    auto = node()
    auto["metadata"]["labels"]["eks.amazonaws.com/compute-type"] = "auto"
    nodes = [auto, node("ip-2", conditions={"Ready": "False"})]
    assert run_control(
        suite.test_pod_identity_agent, sections=_agent_sections(nodes, [])
    ).not_applicable


@pytest.mark.parametrize(
    "control", [suite.test_pod_identity_agent, suite.test_pod_identity_association]
)
def test_without_associations_is_not_applicable(run_control, control):
    sections = {**_agent_sections([node()], [], []), "roles": {}, "service_accounts": []}
    assert run_control(control, sections=sections).not_applicable == suite.NO_ASSOCIATIONS


ACCOUNT = account("billing")


def _sections(roles, accounts=(ACCOUNT,), **more):
    return {
        "pod_identity_associations": [association(**more)],
        "roles": roles,
        "service_accounts": list(accounts),
    }


def test_association_with_account_and_trust_passes(run_control):
    outcome = run_control(
        suite.test_pod_identity_association, sections=_sections({BILLING: role(TRUST)})
    )
    assert outcome.passed


@pytest.mark.parametrize(
    ("sections", "reasons"),
    [
        (_sections({BILLING: role(TRUST)}, accounts=()), ["no-account"]),
        (_sections({BILLING: {"missing": True}}), ["no-role"]),
        (_sections({BILLING: role(service_trust("pods.eks.amazonaws.com"))}), ["trust"]),
        (_sections({BILLING: role(service_trust("ec2.amazonaws.com"))}), ["trust"]),
    ],
)
def test_association_that_gives_nothing_is_found(run_control, sections, reasons):
    outcome = run_control(suite.test_pod_identity_association, sections=sections)
    assert outcome.reasons == reasons


def test_without_session_tags_the_trust_needs_no_tag_session():
    trust = service_trust("pods.eks.amazonaws.com")
    assert suite.lacking_actions(trust, {"disableSessionTags": True}) == []
    assert suite.lacking_actions(trust, {}) == ["sts:TagSession"]


def _target_trust(principal):
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return {"Statement": [statement]}


@pytest.mark.parametrize(
    ("target", "answer", "reasons"),
    [
        (role(_target_trust(BILLING)), "allowed", []),
        (role(_target_trust("arn:aws:iam::111122223333:root")), "allowed", []),
        (role(_target_trust(role_arn("other"))), "allowed", ["target-role"]),
        (role(_target_trust(BILLING)), "implicitDeny", ["target-role"]),
        ({"missing": True}, "allowed", ["target-role"]),
    ],
)
def test_both_hops_to_a_target_role_are_judged(run_control, target, answer, reasons):
    outcome = run_control(
        suite.test_pod_identity_association,
        sections=_sections({BILLING: role(TRUST), TARGET: target}, targetRoleArn=TARGET),
        simulations=lambda _role, actions, *_: dict.fromkeys(actions, answer),
    )
    assert outcome.reasons == reasons


def test_target_role_of_another_account_is_unknown(run_control):
    sections = _sections({BILLING: role(TRUST)}, targetRoleArn=role_arn("t", "999999999999"))
    assert run_control(suite.test_pod_identity_association, sections=sections).error

"""identity-precedence and identity-pods-injected on literal pods and accounts."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.identity import test_injection as suite
from tests.unit.suites.cluster_objects import pod
from tests.unit.suites.identity_objects import account, association, role_arn

ORDERS = role_arn("orders")
IRSA = {"AWS_ROLE_ARN": ORDERS, "AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}
POD_IDENTITY = {
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token",
}


def _volume(audience):
    return [
        {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"audience": audience}}]}}
    ]


def _pod(env, audience="sts.amazonaws.com", account="orders", **more):
    return pod(
        "orders-1", namespace="shop", account=account, env=env, volumes=_volume(audience), **more
    )


def _sections(pods=(), accounts=(), associations=()):
    return {
        "pods": list(pods),
        "service_accounts": list(accounts),
        "pod_identity_associations": list(associations),
    }


@pytest.mark.parametrize(
    ("annotation", "severity"), [(ORDERS, "medium"), (role_arn("billing"), "advice")]
)
def test_annotation_beside_association_is_found(run_control, annotation, severity):
    sections = _sections(
        accounts=[account("billing", role=annotation)], associations=[association()]
    )
    outcome = run_control(suite.test_precedence, sections=sections)
    assert [(f.reason, f.severity) for f in outcome.findings] == [("two-identities", severity)]


def test_one_identity_each_passes(run_control):
    sections = _sections(accounts=[account(role=ORDERS)], associations=[association()])
    outcome = run_control(suite.test_precedence, sections=sections)
    assert outcome.passed
    assert len(outcome.judged) == 2


def test_no_identities_are_not_applicable(run_control):
    assert run_control(suite.test_precedence, sections=_sections()).not_applicable


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        (_pod(IRSA), []),
        (_pod({}), ["not-injected"]),
        (_pod({**IRSA, "AWS_ROLE_ARN": role_arn("old")}), ["other-role"]),
        (_pod(IRSA, audience="other"), ["other-audience"]),
        (_pod({}, phase="Succeeded"), []),
    ],
)
def test_pods_of_an_annotated_account_carry_its_identity(run_control, found, reasons):
    sections = _sections([found], [account(role=ORDERS)])
    assert run_control(suite.test_pods_injected, sections=sections).reasons == reasons


def test_association_wins_over_the_annotation(run_control):
    accounts, associations = [account(role=ORDERS)], [association("orders")]
    old = _sections([_pod(IRSA)], accounts, associations)
    assert run_control(suite.test_pods_injected, sections=old).reasons == ["not-injected"]
    new = _sections([_pod(POD_IDENTITY, "pods.eks.amazonaws.com")], accounts, associations)
    assert run_control(suite.test_pods_injected, sections=new).passed


def test_pods_of_one_workload_make_one_finding(run_control):
    sections = _sections([_pod({}), _pod({})], [account(role=ORDERS)])
    outcome = run_control(suite.test_pods_injected, sections=sections)
    assert [f.symptom[:6] for f in outcome.findings] == ["2 pods"]


def test_fargate_pods_of_an_association_are_not_judged(run_control):
    found = _pod({}, labels={"eks.amazonaws.com/fargate-profile": "f"})
    sections = _sections([found], associations=[association("orders")])
    assert run_control(suite.test_pods_injected, sections=sections).not_applicable

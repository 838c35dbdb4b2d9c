from __future__ import annotations

import pytest

from pytest_eksconform.trust import as_list, service_actions, web_identity_trusts

PROVIDER = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"
SUBJECT = "system:serviceaccount:kube-system:cluster-autoscaler"
HOST = PROVIDER.split("oidc-provider/")[1]


def irsa(operator="StringEquals", subject=SUBJECT, **changes):
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": PROVIDER},
        "Condition": {operator: {f"{HOST}:sub": subject, f"{HOST}:aud": "sts.amazonaws.com"}},
    }
    return {"Statement": [statement | changes]}


def test_statement_says_provider_subject_and_audience():
    (trust,) = web_identity_trusts(irsa())
    assert (trust.provider, trust.subjects) == (PROVIDER, (SUBJECT,))
    assert (trust.audiences, trust.wildcard) == (("sts.amazonaws.com",), False)


@pytest.mark.parametrize(
    ("operator", "pattern", "admits"),
    [
        ("StringEquals", SUBJECT, True),
        ("StringEquals", "system:serviceaccount:kube-system:*", False),
        ("StringEquals", [SUBJECT + "-old", SUBJECT], True),
        ("StringLike", "system:serviceaccount:kube-system:*", True),
        ("StringLike", "system:serviceaccount:default:*", False),
        ("StringLike", "system:serviceaccount:kube-system:cluster-autoscale?", True),
        ("StringLike", "system:serviceaccount:kube-system:[a-z]*", False),
    ],
)
def test_subject_is_admitted_as_iam_would(operator, pattern, admits):
    (trust,) = web_identity_trusts(irsa(operator, pattern))
    assert trust.admits(SUBJECT) is admits


def test_negated_condition_names_no_subject():
    (trust,) = web_identity_trusts(irsa("StringNotEquals"))
    assert trust.subjects == ()
    assert trust.admits(SUBJECT)


def test_statement_without_subject_admits_everybody():
    (trust,) = web_identity_trusts(irsa(Condition={}))
    assert trust.subjects == ()
    assert trust.admits("system:serviceaccount:any:body")


@pytest.mark.parametrize(
    "change",
    [{"Effect": "Deny"}, {"Action": "sts:AssumeRole"}, {"Principal": {"Service": "x"}}],
)
def test_other_statements_are_no_web_identity_trust(change):
    assert web_identity_trusts(irsa(**change)) == []


def test_wildcard_principal_is_no_provider():
    assert web_identity_trusts(irsa(Principal="*")) == []


def test_action_may_be_a_pattern_or_a_list():
    assert len(web_identity_trusts(irsa(Action=["sts:Tag*", "sts:*"]))) == 1


def test_service_actions_tell_what_pod_identity_may_do():
    pods = {"Service": "pods.eks.amazonaws.com"}
    both = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": pods}
    one = both | {"Action": "sts:AssumeRole"}
    assert service_actions({"Statement": both}, pods["Service"]) == {
        "sts:AssumeRole",
        "sts:TagSession",
    }
    assert service_actions({"Statement": [one]}, pods["Service"]) == {"sts:AssumeRole"}
    assert service_actions({"Statement": [one]}, "ec2.amazonaws.com") == set()
    assert service_actions({"Statement": [one | {"Principal": "*"}]}, "x") == set()


def test_one_value_and_several_are_a_list():
    assert as_list(None) == []
    assert as_list("a") == ["a"]
    assert as_list(["a", "b"]) == ["a", "b"]

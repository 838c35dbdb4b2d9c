"""The policy engine, row by row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_eksconform.emulation.cloud.authorization.conditions import evaluate
from pytest_eksconform.emulation.cloud.authorization.documents import MalformedPolicy, parse
from pytest_eksconform.emulation.cloud.authorization.engine import (
    AccessRequest,
    Policy,
    PolicySet,
    decide,
)

ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/conform"


def policy(*statements: dict[str, Any]) -> Policy:
    full = [{"Effect": "Allow", "Resource": "*", **statement} for statement in statements]
    document = json.dumps({"Version": "2012-10-17", "Statement": full})
    return Policy("p", "user", document)


def decision(
    *statements: dict[str, Any],
    action: str = "eks:DescribeCluster",
    resource: str = ARN,
    context: dict[str, tuple[str, ...]] | None = None,
    **more: Any,
) -> str:
    policies = PolicySet((policy(*statements),), **more)
    return decide(AccessRequest(action, resource, context or {}), policies).decision


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ({"Action": "eks:DescribeCluster"}, True),
        ({"Action": "EKS:describecluster"}, True),
        ({"Action": "eks:Describe*"}, True),
        ({"Action": "eks:DescribeCl?ster"}, True),
        ({"Action": ["ec2:*", "eks:*"]}, True),
        ({"Action": "eks:List*"}, False),
        ({"NotAction": "ec2:*"}, True),
        ({"NotAction": "eks:*"}, False),
        ({"Action": "*", "Resource": ARN}, True),
        ({"Action": "*", "Resource": "arn:aws:eks:*:*:cluster/*"}, True),
        ({"Action": "*", "Resource": "arn:aws:eks:*:cluster/*"}, False),
        ({"Action": "*", "Resource": "arn:aws:eks"}, True),
        ({"Action": "*", "Resource": ARN + "2"}, False),
        ({"Action": "*", "NotResource": ARN}, False),
        ({"Action": "*", "NotResource": "arn:aws:s3:::*"}, True),
        ({"Action": "*", "Resource": "arn:aws:eks:*:*:cluster/${aws:PrincipalTag/cluster}"}, True),
        ({"Action": "*", "Resource": "arn:aws:eks:*:*:cluster/${aws:PrincipalTag/none}"}, False),
    ],
)
def test_statement_speaks_of_the_request(statement: dict[str, Any], allowed: bool) -> None:
    if "NotResource" in statement:
        document = {"Statement": [{"Effect": "Allow", **statement}]}
        policies = PolicySet((Policy("p", "user", json.dumps(document)),))
        answer = decide(AccessRequest("eks:DescribeCluster", ARN, {}), policies).decision
    else:
        answer = decision(statement, context={"aws:PrincipalTag/cluster": ("conform",)})
    assert answer == ("allowed" if allowed else "implicitDeny")


def test_deny_wins_over_allow_and_only_when_its_condition_holds() -> None:
    allow = {"Action": "*"}
    deny = {
        "Effect": "Deny",
        "Action": "eks:*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
    }
    assert decision(allow, deny, context={"aws:RequestedRegion": ("us-east-1",)}) == "explicitDeny"
    assert decision(allow, deny, context={"aws:RequestedRegion": ("eu-west-1",)}) == "allowed"


def test_boundary_and_session_narrow_what_identity_allows() -> None:
    everything, nothing = policy({"Action": "*"}), policy({"Action": "ec2:*"})
    assert decision({"Action": "*"}, boundary=nothing) == "implicitDeny"
    assert decision({"Action": "*"}, boundary=everything) == "allowed"
    assert decision({"Action": "*"}, session=(nothing,)) == "implicitDeny"
    assert decision({"Action": "ec2:*"}, session=(everything,)) == "implicitDeny"
    assert decision({"Action": "ec2:*"}, boundary=everything) == "implicitDeny"


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "holds"),
    [
        ("StringEquals", "a", ("a",), True),
        ("StringEquals", "a", ("A",), False),
        ("StringEqualsIgnoreCase", "a", ("A",), True),
        ("StringEquals", ["a", "b"], ("b",), True),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", ("b",), False),
        ("StringNotEquals", "a", None, True),
        ("StringNotEquals", ["a", "b"], ("b",), False),
        ("StringLike", "a*", ("abc",), True),
        ("StringNotLike", "a*", ("abc",), False),
        ("ArnLike", "arn:aws:iam::*:role/a*", ("arn:aws:iam::1:role/ab",), True),
        ("ArnEquals", "arn:aws:iam::1:role/a", ("arn:aws:iam::1:role/b",), False),
        ("Bool", True, ("true",), True),
        ("Bool", "true", ("false",), False),
        ("Null", "true", None, True),
        ("Null", "false", None, False),
        ("Null", "false", ("a",), True),
        ("NumericLessThan", 5, ("4",), True),
        ("NumericGreaterThanEquals", "5", ("4",), False),
        ("NumericEquals", "5", ("five",), False),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", ("2026-06-01T00:00:00Z",), True),
        ("IpAddress", "127.0.0.0/8", ("127.0.0.1",), True),
        ("NotIpAddress", "10.0.0.0/8", ("127.0.0.1",), True),
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
        ("ForAllValues:StringEquals", ["a"], ("a", "b"), False),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("ForAnyValue:StringEquals", ["a"], ("a", "b"), True),
        ("ForAnyValue:StringLike", ["x*"], ("a", "b"), False),
        ("Unheard", "a", ("a",), False),
    ],
)
def test_condition_operator(
    operator: str, wanted: Any, given: tuple[str, ...] | None, holds: bool
) -> None:
    document = {
        "Statement": {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*",
            "Condition": {operator: {"k": wanted}},
        }
    }
    conditions = parse(json.dumps(document))[0].conditions
    context = {"K": given} if given is not None else {}
    assert evaluate(conditions, context).holds is holds


def test_missing_keys_are_named() -> None:
    statement = {"Action": "*", "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}}
    answer = decide(AccessRequest("eks:X", "*", {}), PolicySet((policy(statement),)))
    assert (answer.decision, answer.missing) == ("implicitDeny", {"aws:ResourceTag/a"})


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"Statement": []}', '{"Statement": {"Effect": "Perhaps"}}']
)
def test_malformed_policy_is_told(text: str) -> None:
    with pytest.raises(MalformedPolicy):
        parse(text)

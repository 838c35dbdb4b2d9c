"""A permission taken away makes exactly the controls that need it *unknown*, and is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pytest_eksconform.catalogue import SHIPPED, read_catalogue
from pytest_eksconform.permissions import ALWAYS, rights_for
from pytest_eksconform.snapshot import all_sections
from pytest_eksconform.snapshot.registry import rights_of
from pytest_eksconform.testing import EmulatedEks, run_controls
from pytest_eksconform.verdicts import Result, Verdict

pytestmark = pytest.mark.emulation
CATALOGUE = read_catalogue([SHIPPED])
SECTIONS = all_sections()
RIGHTS = rights_for(CATALOGUE.values(), SECTIONS)
ACTIONS = [action for action in RIGHTS.iam if action not in ALWAYS.iam]
POLICY, RUNNER, ROLE = "taken-away", "eksconform-runner", "eksconform-readers"
RBAC = "rbac.authorization.k8s.io/v1"
NOTHING_TO_READ = {
    "ec2:GetInstanceMetadataDefaults": "every launch template says its own options",
    "eks:DescribeAddonConfiguration": "no add-on has configuration values",
    "eks:DescribeInsight": "only the confirm command of an insight that does not pass",
    "eks:DescribeFargateProfile": "there is no Fargate profile",
    "iam:GetPolicy": "no role has a customer managed policy",
    "iam:GetPolicyVersion": "no role has a customer managed policy",
    "list eniconfigs.crd.k8s.amazonaws.com": "custom networking is off: no such resource",
}
"""Rights that the healthy blueprint gives no occasion to use."""


@contextmanager
def _denied(world, action: str) -> Iterator[None]:
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = world.aws("iam")
    iam.put_user_policy(UserName=RUNNER, PolicyName=POLICY, PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_user_policy(UserName=RUNNER, PolicyName=POLICY)


def _dependents(right: str) -> set[str]:
    return {
        control.id
        for control in CATALOGUE.values()
        for rights in [rights_of(control.reads, SECTIONS)]
        if right in rights.iam or right in rights.rbac
    }


def _assert_unknown(right: str, healthy: dict[str, Result], after: dict[str, Result]) -> None:
    dependents = _dependents(right)
    for control, result in after.items():
        if result.verdict is healthy[control].verdict:
            # Nothing to read (no key, no provider, not applicable): the right was not needed.
            continue
        assert control in dependents, f"{control} became {result.verdict.value}: {result.reason}"
        assert result.verdict is Verdict.UNKNOWN, f"{control}: {result.reason}"
        assert result.permission == right, f"{control} names {result.permission}"
    unknown = {c for c, result in after.items() if result.verdict is Verdict.UNKNOWN}
    assert bool(unknown) == (right not in NOTHING_TO_READ), f"{right} made unknown: {unknown}"


@pytest.mark.parametrize("action", ACTIONS)
def test_iam_action_taken_away_is_named(action: str, eks: EmulatedEks, healthy):
    with _denied(eks.world, action):
        after = run_controls(eks.target)
    _assert_unknown(action, healthy, after)


@contextmanager
def _without_rule(world, rule: str) -> Iterator[None]:
    before = world.kube.get(RBAC, "ClusterRole", ROLE)["rules"]
    rules = [changed for old in before if (changed := _without(old, rule))["resources"]]
    world.kube.patch(RBAC, "ClusterRole", ROLE, {"rules": rules})
    try:
        yield
    finally:
        world.kube.patch(RBAC, "ClusterRole", ROLE, {"rules": before})


def _without(rule: dict, right: str) -> dict:
    resource, _, name = right.split(" ", 1)[1].partition("/")
    resource, _, group = resource.partition(".")
    if group not in rule["apiGroups"] or resource not in rule["resources"]:
        return rule
    if name:
        names = [n for n in rule.get("resourceNames", []) if n != name]
        return {**rule, "resourceNames": names, "resources": rule["resources"] if names else []}
    return {**rule, "resources": [r for r in rule["resources"] if r != resource]}


@pytest.mark.parametrize("rule", RIGHTS.rbac)
def test_rbac_rule_taken_away_is_named(rule: str, eks: EmulatedEks, healthy):
    with _without_rule(eks.world, rule):
        after = run_controls(eks.target)
    _assert_unknown(rule, healthy, after)

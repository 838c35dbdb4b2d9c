"""identity-node-role-minimal on literal roles and policies."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.identity import test_node_role as suite
from tests.unit.suites.identity_objects import account, role, role_arn

NODES = role_arn("nodes")
OWN_CNI = account("aws-node", "kube-system", role_arn("cni"))


def _aws(name):
    return {"name": name, "arn": f"arn:aws:iam::aws:policy/{name}"}


def _allowing(*actions):
    return {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def _sections(*attached, inline=(), documents=None, accounts=(), groups=1):
    return {
        "node_groups": [{"nodeRole": NODES}] * groups,
        "access_entries": [],
        "instance_profiles": {},
        "roles": {NODES: role(attached=list(attached), inline=list(inline))},
        "managed_policies": documents or {},
        "service_accounts": list(accounts),
        "pod_identity_associations": [],
    }


def test_worker_policies_pass(run_control):
    names = ("AmazonEKSWorkerNodePolicy", "AmazonSSMManagedInstanceCore", "AmazonEKS_CNI_Policy")
    outcome = run_control(suite.test_node_role_minimal, sections=_sections(*map(_aws, names)))
    assert outcome.passed
    assert outcome.judged == ["role nodes"]


@pytest.mark.parametrize(
    ("sections", "found"),
    [
        (_sections(_aws("AutoScalingFullAccess")), ("policy-AutoScalingFullAccess", "medium")),
        (_sections(_aws("AdministratorAccess")), ("policy-AdministratorAccess", "high")),
        (
            _sections(_aws("AmazonEKS_CNI_Policy"), accounts=[OWN_CNI]),
            ("policy-AmazonEKS_CNI_Policy", "advice"),
        ),
        (
            _sections(inline=[{"name": "app", "document": _allowing("s3:GetObject")}]),
            ("policy-app", "medium"),
        ),
        (
            _sections({"name": "own", "arn": "arn:o"}, documents={"arn:o": _allowing("*")}),
            ("policy-own", "high"),
        ),
    ],
)
def test_policies_for_others_are_found(run_control, sections, found):
    outcome = run_control(suite.test_node_role_minimal, sections=sections)
    assert [(f.reason, f.severity) for f in outcome.findings] == [found]


def test_actions_of_a_node_in_a_policy_of_its_own_pass(run_control):
    document = _allowing("ecr:GetAuthorizationToken", "logs:CreateLogStream", "ec2:DescribeTags")
    sections = _sections(inline=[{"name": "node", "document": document}])
    assert run_control(suite.test_node_role_minimal, sections=sections).passed


def test_wildcards_and_not_action_go_beyond():
    assert suite.actions_beyond(_allowing("ec2:*"), ["ec2:describe*"]) == ["ec2:*"]
    document = {"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}
    assert suite.actions_beyond(document, ["ec2:describe*"]) == ["*"]
    deny = {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
    assert suite.actions_beyond(deny, []) == []


def test_no_nodes_are_not_applicable_and_a_missing_role_is_unknown(run_control):
    assert run_control(suite.test_node_role_minimal, sections=_sections(groups=0)).not_applicable
    gone = {**_sections(), "roles": {NODES: {"missing": True}}}
    assert run_control(suite.test_node_role_minimal, sections=gone).error

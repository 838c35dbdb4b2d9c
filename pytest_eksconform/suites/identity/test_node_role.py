"""The role of the nodes: what it may do beyond what a node does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, Findings, Snapshot
from pytest_eksconform.suites.support.iam_roles import role_name, role_of, role_resource
from pytest_eksconform.suites.support.node_role_actions import CNI_ACTIONS, NODE_ACTIONS
from pytest_eksconform.suites.support.service_accounts import role_of_account
from pytest_eksconform.trust import as_list

NODE_POLICIES = frozenset(
    {
        "AmazonEKSWorkerNodePolicy",
        "AmazonEKSWorkerNodeMinimalPolicy",
        "AmazonEC2ContainerRegistryReadOnly",
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonSSMManagedInstanceCore",
        "AmazonSSMPatchAssociation",
        "CloudWatchAgentServerPolicy",
        "AWSXrayWriteOnlyAccess",
        "AWSXRayDaemonWriteAccess",
    }
)
"""AWS managed policies for what a node itself does."""
CNI_POLICY = "AmazonEKS_CNI_Policy"
BROAD_POLICIES = frozenset({"AdministratorAccess", "PowerUserAccess", "IAMFullAccess"})


@pytest.mark.eks_control(
    "identity-node-role-minimal",
    severity="medium",
    reads=(
        "node_groups",
        "access_entries",
        "instance_profiles",
        "roles",
        "managed_policies",
        "service_accounts",
        "pod_identity_associations",
    ),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html",
        "S0",
        "S1",
        "S3",
    ),
    applies="clusters with EC2 nodes",
)
def test_node_role_minimal(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """The nodes' roles hold what nodes do, and nothing that an application or controller does."""
    arns = _node_roles(eks_snapshot)
    if not arns:
        eks_findings.not_applicable("the cluster has no EC2 node role")
    cni_apart = _cni_has_own_role(eks_snapshot)
    for arn in arns:
        resource = eks_findings.judged(role_resource(arn))
        role = role_of(eks_snapshot.read("roles"), arn)
        if role["missing"]:
            raise CouldNotRead(f"the policies of {resource}", "the role does not exist")
        for policy in role["attached"]:
            _judge_attached(eks_snapshot, eks_findings, arn, policy, cni_apart)
        for policy in role["inline"]:
            show = f"aws iam get-role-policy --role-name {role_name(arn)} --policy-name "
            _judge_document(eks_findings, arn, policy, cni_apart, show + policy["name"])


def _node_roles(snapshot: Snapshot) -> list[str]:
    roles = {g["nodeRole"] for g in snapshot.read("node_groups") if g.get("nodeRole")}
    entries = snapshot.read("access_entries")
    roles.update(e["principalArn"] for e in entries if str(e.get("type", "")).startswith("EC2"))
    for profile in snapshot.read("instance_profiles").values():
        roles.update(role["arn"] for role in profile["roles"])
    return sorted(roles)


def _cni_has_own_role(snapshot: Snapshot) -> bool:
    associations = snapshot.read("pod_identity_associations")
    accounts = snapshot.read("service_accounts")
    return role_of_account("kube-system", "aws-node", associations, accounts) is not None


def _judge_attached(
    snapshot: Snapshot, findings: Findings, arn: str, policy: dict[str, str], cni_apart: bool
) -> None:
    name = policy["name"]
    documents = snapshot.read("managed_policies")
    show = f"aws iam list-attached-role-policies --role-name {role_name(arn)}"
    if policy["arn"] in documents:
        described = {"name": name, "document": documents[policy["arn"]]}
        _judge_document(findings, arn, described, cni_apart, show)
    elif name == CNI_POLICY and cni_apart:
        _add_policy(findings, arn, name, "advice", "aws-node has a role of its own", show)
    elif name not in NODE_POLICIES | {CNI_POLICY}:
        severity = "high" if name in BROAD_POLICIES else "medium"
        _add_policy(findings, arn, name, severity, f"{name} is attached to the role", show)


def _judge_document(
    findings: Findings, arn: str, policy: dict[str, Any], cni_apart: bool, show: str
) -> None:
    allowed = NODE_ACTIONS if cni_apart else (*NODE_ACTIONS, *CNI_ACTIONS)
    beyond = actions_beyond(policy["document"], allowed)
    if beyond:
        severity = "high" if "*" in beyond or "iam:*" in beyond else "medium"
        shown = ", ".join(beyond[:3]) + (" and more" if len(beyond) > 3 else "")
        cause = f"the policy {policy['name']} allows {shown}"
        _add_policy(findings, arn, policy["name"], severity, cause, show)


def actions_beyond(document: Mapping[str, Any], allowed: Iterable[str]) -> list[str]:
    """The actions that `document` allows and that no pattern of `allowed` covers, in order."""
    patterns = [pattern.lower() for pattern in allowed]
    found = [
        "*" if "NotAction" in statement else str(action)
        for statement in as_list(document.get("Statement"))
        if statement.get("Effect") == "Allow"
        for action in as_list(statement.get("Action") or ["NotAction"])
    ]
    return [a for a in dict.fromkeys(found) if not _covered(a.lower(), patterns)]


def _covered(action: str, patterns: list[str]) -> bool:
    # A pattern in the document is covered only by the same or a wider one, as a text.
    return any(fnmatchcase(action, pattern) for pattern in patterns)


def _add_policy(
    findings: Findings, arn: str, name: str, severity: str, cause: str, show: str
) -> None:
    findings.add(
        role_resource(arn),
        severity=severity,
        reason=f"policy-{name}",
        symptom="every pod that reaches IMDS, and everything on the node, has more rights than a "
        "node needs",
        cause=cause,
        confirm=show,
        fix=f"give what needs it a role of its own, and take {name} off {role_name(arn)}",
    )

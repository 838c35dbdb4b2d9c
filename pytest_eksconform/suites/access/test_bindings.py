"""Who holds rights in the cluster that nobody, or hardly anybody, should."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from pytest_eksconform import EksCluster, Expectations, Findings, Snapshot
from pytest_eksconform.suites.support.admins import CLUSTER_ADMIN_POLICY, has_policy

ANONYMOUS = frozenset({("User", "system:anonymous"), ("Group", "system:unauthenticated")})
DEFAULT_ANONYMOUS = frozenset({"system:public-info-viewer"})
"""Bindings for everybody that Kubernetes itself makes."""
EVERYBODY = frozenset({"system:authenticated", "system:serviceaccounts"})


@pytest.mark.eks_control(
    "access-anonymous-bindings",
    severity="critical",
    reads=("cluster_role_bindings", "role_bindings"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
        "H",
        "K",
        "W",
        "O",
    ),
    applies="every cluster",
)
def test_anonymous_bindings(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Nothing is granted to anonymous or unauthenticated callers beyond Kubernetes' defaults."""
    bindings = [*eks_snapshot.read("cluster_role_bindings"), *eks_snapshot.read("role_bindings")]
    if not bindings:
        eks_findings.not_applicable("the API server shows no role bindings")
    for binding in bindings:
        resource = eks_findings.judged(binding_resource(binding))
        named = [s["name"] for s in binding.get("subjects") or [] if _is_anonymous(s)]
        if not named or binding["metadata"]["name"] in DEFAULT_ANONYMOUS:
            continue
        role = f"{binding['roleRef']['kind']} {binding['roleRef']['name']}"
        eks_findings.add(
            resource,
            reason="anonymous",
            symptom=f"anyone who reaches the API server has {role}, without credentials",
            cause=f"the binding names {', '.join(named)}",
            confirm=show_binding(binding),
            fix="delete the binding, or bind the role to those who need it",
        )


def _is_anonymous(subject: dict[str, Any]) -> bool:
    return (subject.get("kind"), subject.get("name")) in ANONYMOUS


def binding_resource(binding: dict[str, Any]) -> str:
    """How findings name a RoleBinding or ClusterRoleBinding."""
    metadata = binding["metadata"]
    if metadata.get("namespace"):
        return f"role binding {metadata['namespace']}/{metadata['name']}"
    return f"cluster role binding {metadata['name']}"


def show_binding(binding: dict[str, Any]) -> str:
    """A command that shows a RoleBinding or ClusterRoleBinding."""
    metadata = binding["metadata"]
    if metadata.get("namespace"):
        return f"kubectl -n {metadata['namespace']} get rolebinding {metadata['name']} -o yaml"
    return f"kubectl get clusterrolebinding {metadata['name']} -o yaml"


@pytest.mark.eks_control(
    "access-cluster-admin-bindings",
    severity="medium",
    reads=("cluster_role_bindings", "access_entries"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html",
        "K",
        "W",
        "O",
    ),
    applies="every cluster; access.admins says who may be cluster admin",
)
def test_cluster_admin_bindings(
    eks_snapshot: Snapshot,
    eks_findings: Findings,
    eks_expectations: Expectations,
    eks_cluster: EksCluster,
) -> None:
    """Cluster admins are those that the team expects, and never everybody or a default account."""
    expected = eks_expectations.get("access.admins")
    for entry in eks_snapshot.read("access_entries"):
        if has_policy(entry, CLUSTER_ADMIN_POLICY):
            _judge_entry(eks_findings, eks_cluster, entry["principalArn"], expected)
    for binding in eks_snapshot.read("cluster_role_bindings"):
        if binding["roleRef"]["name"] == "cluster-admin":
            eks_findings.judged(binding_resource(binding))
            for subject in binding.get("subjects") or []:
                _judge_subject(eks_findings, binding, subject, expected)


def _judge_entry(
    findings: Findings, cluster: EksCluster, principal: str, expected: list[str] | None
) -> None:
    resource = findings.judged(f"access entry {principal}")
    if expected is None or _matches(principal, expected):
        return
    findings.add(
        resource,
        severity="high",
        reason="unexpected-admin",
        symptom=f"{principal} is cluster admin",
        cause="its access entry has AmazonEKSClusterAdminPolicy; access.admins does not name it",
        confirm=f"aws eks list-associated-access-policies --cluster-name {cluster.name} "
        f"--principal-arn {principal}",
        fix="disassociate the policy, or add the principal to access.admins",
    )


def _judge_subject(
    findings: Findings,
    binding: dict[str, Any],
    subject: dict[str, Any],
    expected: list[str] | None,
) -> None:
    name = subject_name(subject)
    if _is_builtin(subject["name"]) or _matches(name, expected or []):
        return
    findings.add(
        binding_resource(binding),
        severity=severity_of(subject, asked=expected is not None),
        reason=f"admin-{name}",
        symptom=f"{name} is cluster admin",
        cause="the binding gives it the ClusterRole cluster-admin",
        confirm=show_binding(binding),
        fix="bind a role with the rules that it needs, or add it to access.admins",
    )


def subject_name(subject: dict[str, Any]) -> str:
    """A subject as the API server names it: an account as ``system:serviceaccount:ns:name``."""
    if subject.get("kind") == "ServiceAccount":
        return f"system:serviceaccount:{subject.get('namespace')}:{subject['name']}"
    return str(subject["name"])


def severity_of(subject: dict[str, Any], *, asked: bool) -> str:
    """How bad it is that `subject` is cluster admin; `asked` if the team named its admins."""
    name = subject["name"]
    if subject.get("kind") == "Group":
        if name in EVERYBODY or name == "system:unauthenticated":
            return "critical"
        if name.startswith("system:serviceaccounts:"):
            return "high"
    if subject.get("kind") == "ServiceAccount" and name == "default":
        return "high"
    return "medium" if asked else "advice"


def _is_builtin(name: str) -> bool:
    return name == "system:masters" or name.startswith("eks:")


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)

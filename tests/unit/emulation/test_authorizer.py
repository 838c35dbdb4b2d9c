"""What the access policies allow."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform.emulation.cluster.access_entries import PolicyScope
from pytest_eksconform.emulation.cluster.authorizer import Authorizer

ARN = "arn:aws:iam::111122223333:role/team"
SECRETS = {"resource": "secrets", "verb": "get", "namespace": "shop"}
PODS = {"resource": "pods", "verb": "list", "namespace": "shop"}
DELETE = {"group": "apps", "resource": "deployments", "verb": "delete", "namespace": "shop"}
ROLES = {
    "group": "rbac.authorization.k8s.io",
    "resource": "roles",
    "verb": "create",
    "namespace": "shop",
}


class Entries:
    """Access entries of which one has policies."""

    def __init__(self, *scopes: PolicyScope) -> None:
        self._scopes = list(scopes)

    def policies(self, principal_arn: str) -> list[PolicyScope]:
        return self._scopes if principal_arn == ARN else []


def allowed(scope: PolicyScope, extra: str = "canonicalArn", **spec: Any) -> bool:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "spec": {"user": "team", "extra": {extra: [ARN]}, **spec},
    }
    answer = Authorizer(Entries(scope)).review(review)  # type: ignore[arg-type]
    return bool(answer["status"]["allowed"])


@pytest.mark.parametrize(
    ("policy", "attributes", "is_allowed"),
    [
        ("AmazonEKSClusterAdminPolicy", SECRETS, True),
        ("AmazonEKSClusterAdminPolicy", ROLES, True),
        ("AmazonEKSAdminPolicy", ROLES, True),
        ("AmazonEKSEditPolicy", ROLES, False),
        ("AmazonEKSEditPolicy", DELETE, True),
        ("AmazonEKSEditPolicy", SECRETS, True),
        ("AmazonEKSViewPolicy", PODS, True),
        ("AmazonEKSViewPolicy", SECRETS, False),
        ("AmazonEKSViewPolicy", DELETE, False),
        ("AmazonEKSAdminViewPolicy", SECRETS, True),
        ("AmazonEKSAdminViewPolicy", DELETE, False),
        ("NoSuchPolicy", PODS, False),
    ],
)
def test_policy_allows(policy: str, attributes: dict[str, str], is_allowed: bool) -> None:
    assert allowed(PolicyScope(policy, None), resourceAttributes=attributes) == is_allowed


@pytest.mark.parametrize(
    ("namespaces", "is_allowed"), [(("shop",), True), (("sh*",), True), (("other",), False)]
)
def test_namespace_scope_is_kept(namespaces: tuple[str, ...], is_allowed: bool) -> None:
    scope = PolicyScope("AmazonEKSViewPolicy", namespaces)
    assert allowed(scope, resourceAttributes=PODS) == is_allowed
    assert not allowed(scope, resourceAttributes={**PODS, "namespace": ""})


def test_paths_are_for_cluster_wide_policies() -> None:
    path = {"path": "/metrics", "verb": "get"}
    admin = "AmazonEKSClusterAdminPolicy"
    assert allowed(PolicyScope(admin, None), nonResourceAttributes=path)
    assert not allowed(PolicyScope(admin, ("shop",)), nonResourceAttributes=path)
    assert not allowed(PolicyScope("AmazonEKSViewPolicy", None), nonResourceAttributes=path)


def test_extra_names_come_in_any_case() -> None:
    scope = PolicyScope("AmazonEKSViewPolicy", None)
    assert allowed(scope, "canonicalarn", resourceAttributes=PODS)


def test_caller_without_arn_gets_no_opinion() -> None:
    scope = PolicyScope("AmazonEKSClusterAdminPolicy", None)
    assert not allowed(scope, "unrelated", resourceAttributes=PODS)

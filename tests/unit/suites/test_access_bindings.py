"""access-anonymous-bindings and access-cluster-admin-bindings on literal bindings."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.access import test_bindings as suite
from tests.unit.suites.access_objects import ARN, binding, entry

MASTERS = binding("cluster-admin", "cluster-admin", ("Group", "system:masters"))
PUBLIC = binding(
    "system:public-info-viewer", "system:public-info-viewer", ("Group", "system:unauthenticated")
)


def _anonymous(run_control, *cluster_wide, local=()):
    sections = {"cluster_role_bindings": list(cluster_wide), "role_bindings": list(local)}
    return run_control(suite.test_anonymous_bindings, sections=sections)


def test_the_defaults_pass(run_control):
    assert _anonymous(run_control, MASTERS, PUBLIC).passed


@pytest.mark.parametrize(
    "subject", [("User", "system:anonymous"), ("Group", "system:unauthenticated")]
)
def test_anonymous_grants_are_found(run_control, subject):
    outcome = _anonymous(
        run_control,
        binding("x", "view", subject),
        local=[binding("y", "view", subject, namespace="shop")],
    )
    assert [f.resource for f in outcome.findings] == [
        "cluster role binding x",
        "role binding shop/y",
    ]


def test_no_bindings_are_not_applicable(run_control):
    assert _anonymous(run_control).not_applicable


def _admins(run_control, *bindings, entries=(), expected=None):
    return run_control(
        suite.test_cluster_admin_bindings,
        sections={"cluster_role_bindings": list(bindings), "access_entries": list(entries)},
        expectations={"access.admins": expected} if expected is not None else {},
    )


def test_builtin_admins_pass(run_control):
    eks = binding("eks:addon-cluster-admin", "cluster-admin", ("User", "eks:addon-manager"))
    assert _admins(run_control, MASTERS, eks, entries=[entry("role/a", admin=True)]).passed


@pytest.mark.parametrize(
    ("subject", "expected", "severity"),
    [
        (("ServiceAccount", "argocd"), None, "advice"),
        (("ServiceAccount", "argocd"), [], "medium"),
        (("ServiceAccount", "default"), None, "high"),
        (("Group", "system:authenticated"), None, "critical"),
        (("Group", "system:serviceaccounts:shop"), None, "high"),
    ],
)
def test_other_admins_are_found_by_how_bad_they_are(run_control, subject, expected, severity):
    outcome = _admins(run_control, binding("x", "cluster-admin", subject), expected=expected)
    assert [f.severity for f in outcome.findings] == [severity]


def test_expected_admins_pass_and_others_are_found(run_control):
    account = binding("x", "cluster-admin", ("ServiceAccount", "argocd"))
    entries = [entry("role/a", admin=True), entry("role/b", admin=True)]
    expected = ["system:serviceaccount:shop:argocd", f"{ARN}role/a*"]
    outcome = _admins(run_control, account, entries=entries, expected=expected)
    assert [f.resource for f in outcome.findings] == [f"access entry {ARN}role/b"]

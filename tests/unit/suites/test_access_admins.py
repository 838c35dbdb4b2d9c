"""access-admin-reachable on literal access entries and principals."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.access import test_admins as suite
from tests.unit.suites.access_objects import ARN, aws_auth, binding, cluster, entry, known, mapping
from tests.unit.suites.cluster_objects import ago

TWO = [entry("role/a", admin=True), entry("user/b", admin=True)]
BREAK_GLASS = {"access.break_glass": f"{ARN}role/a"}


def _run(run_control, entries, principals, expectations=None, **more):
    sections = {
        "cluster": cluster(),
        "access_entries": entries,
        "cluster_role_bindings": [],
        "roles": principals,
        "other_principals": {},
        "config_maps": {},
        **more,
    }
    return run_control(
        suite.test_admin_reachable, sections=sections, expectations=expectations or {}
    )


def test_two_live_admins_pass(run_control):
    assert _run(run_control, TWO, known("role/a", "user/b")).passed


@pytest.mark.parametrize(
    ("entries", "principals", "found"),
    [
        ([], {}, ("no-admin", "critical")),
        (TWO, known(missing=("role/a", "user/b")), ("no-admin", "critical")),
        (TWO, known("role/a", missing=("user/b",)), ("single-admin", "advice")),
    ],
)
def test_too_few_admins_are_found(run_control, entries, principals, found):
    outcome = _run(run_control, entries, principals)
    assert [(f.reason, f.severity) for f in outcome.findings] == [found]


def test_groups_bound_to_cluster_admin_and_aws_auth_count(run_control):
    by_group = entry("role/a", kubernetesGroups=["ops"])
    outcome = _run(
        run_control,
        [by_group],
        known("role/a", "role/b"),
        cluster=cluster("API_AND_CONFIG_MAP"),
        cluster_role_bindings=[binding("ops", "cluster-admin", ("Group", "ops"))],
        config_maps=aws_auth(mapping("role/b", "system:masters")),
    )
    assert outcome.passed


def test_admins_of_another_account_alone_are_unknown(run_control):
    foreign = entry("role/a", admin=True, principalArn="arn:aws:iam::999999999999:role/a")
    assert _run(run_control, [foreign], {}).error


@pytest.mark.parametrize(
    ("principals", "reasons"),
    [
        (known("role/a", last_used=None), []),
        (known("role/a", last_used=ago(days=90)), []),
        (known("role/a", last_used=ago(hours=1)), ["break-glass-used"]),
        (known("user/b", missing=("role/a",)), ["break-glass-closed"]),
    ],
)
def test_the_emergency_role_is_open_and_rests(run_control, principals, reasons):
    assert _run(run_control, TWO, principals, BREAK_GLASS).reasons == reasons

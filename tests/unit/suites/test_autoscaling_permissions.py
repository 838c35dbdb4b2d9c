"""ca-permissions on literal policies and rules."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.autoscaling import test_permissions as suite
from tests.unit.suites.autoscaler_objects import (
    NOT_RUNNING,
    ROLE,
    TAGS,
    deployment,
    group,
    service_account,
)

SUBJECT = {"kind": "ServiceAccount", "namespace": "kube-system", "name": "cluster-autoscaler"}
CONDITION = {"StringEquals": {"aws:ResourceTag/k8s.io/cluster-autoscaler/prod": "owned"}}


def _rules(needs):
    return [
        {"apiGroups": [need.group], "resources": [need.resource], "verbs": list(need.verbs)}
        for need in needs
    ]


def _sections(**changes):
    reference = {"kind": "ClusterRole", "name": "ca"}
    local = {"kind": "Role", "name": "ca"}
    role = {
        "inline": [{"name": "ca", "document": {"Statement": {"Condition": CONDITION}}}],
        "attached": [],
        "missing": False,
    }
    return {
        "deployments": [deployment()],
        "service_accounts": [service_account()],
        "pod_identity_associations": [],
        "autoscaling_groups": [group()],
        "roles": {ROLE: role},
        "managed_policies": {},
        "cluster_roles": [{"metadata": {"name": "ca"}, "rules": _rules(suite.NEEDS)}],
        "cluster_role_bindings": [
            {"metadata": {"name": "ca"}, "subjects": [SUBJECT], "roleRef": reference}
        ],
        "roles_of_namespaces": [
            {
                "metadata": {"name": "ca", "namespace": "kube-system"},
                "rules": _rules(suite.NEEDS_IN_NAMESPACE),
            }
        ],
        "role_bindings": [
            {
                "metadata": {"name": "ca", "namespace": "kube-system"},
                "subjects": [SUBJECT],
                "roleRef": local,
            }
        ],
    } | changes


def _scoped(role, actions, resource="*", context=None):
    """Allows what the documented policy allows: changes only with this cluster's tag."""
    if resource == "*":
        return dict.fromkeys(actions, "allowed")
    value = (context or {}).get("aws:ResourceTag/k8s.io/cluster-autoscaler/prod")
    answer = {"owned": "allowed", None: "missingContext"}.get(value, "implicitDeny")
    return dict.fromkeys(actions, answer)


def _run(run_control, simulations=_scoped, **changes):
    sections = _sections(**changes)
    return run_control(suite.test_ca_permissions, sections=sections, simulations=simulations)


def test_the_documented_policy_and_rules_pass(run_control):
    outcome = _run(run_control)
    assert outcome.passed
    assert outcome.judged == ["deployment kube-system/cluster-autoscaler", "role autoscaler"]


def test_an_association_is_an_own_identity_too(run_control):
    association = {
        "namespace": "kube-system",
        "serviceAccount": "cluster-autoscaler",
        "roleArn": ROLE,
    }
    outcome = _run(
        run_control,
        service_accounts=[service_account(None)],
        pod_identity_associations=[association],
    )
    assert outcome.passed


def test_no_role_of_its_own_is_found(run_control):
    assert _run(run_control, service_accounts=[service_account(None)]).reasons == ["no-own-role"]


def test_actions_that_are_denied_are_named(run_control):
    def denied(role, actions, resource="*", context=None):
        answers = _scoped(role, actions, resource, context)
        if "autoscaling:DescribeScalingActivities" in answers:
            answers["autoscaling:DescribeScalingActivities"] = "implicitDeny"
        return answers

    outcome = _run(run_control, denied)
    assert outcome.reasons == ["denied"]
    assert "autoscaling:DescribeScalingActivities" in outcome.findings[0].symptom


def test_a_tag_value_that_the_condition_does_not_take_is_found(run_control):
    tags = TAGS | {"k8s.io/cluster-autoscaler/prod": "shared"}
    outcome = _run(run_control, autoscaling_groups=[group(tags=tags)])
    assert outcome.reasons == ["denied-eks-general"]
    assert "discovery ignores values" in outcome.findings[0].cause


def _asking_for(key):
    document = {"Statement": [{"Condition": {"StringEquals": {key: "x"}}}]}
    role = {"inline": [{"name": "ca", "document": document}], "attached": [], "missing": False}
    return {ROLE: role}


def _open(role, actions, resource="*", context=None):
    answer = "allowed" if resource == "*" else "missingContext"
    return dict.fromkeys(actions, answer)


def test_a_tag_that_the_group_has_not_is_a_denial(run_control):
    outcome = _run(run_control, _open, roles=_asking_for("aws:ResourceTag/team"))
    assert outcome.reasons == ["denied-eks-general"]


@pytest.mark.parametrize("key", ["aws:SourceVpc", "aws:PrincipalTag/team"])
def test_a_condition_that_only_a_request_can_meet_is_unknown(run_control, key):
    assert _run(run_control, _open, roles=_asking_for(key)).error


def test_another_clusters_groups_are_out_of_bounds(run_control):
    outcome = _run(run_control, lambda role, actions, *rest: dict.fromkeys(actions, "allowed"))
    assert [(f.reason, f.severity) for f in outcome.findings] == [
        ("other-clusters-groups", "advice")
    ]


def test_a_role_that_is_gone_is_found_before_it_is_asked(run_control):
    assert _run(run_control, roles={ROLE: {"missing": True}}).reasons == ["denied"]


def test_missing_rules_are_named(run_control):
    rules = [r for r in _rules(suite.NEEDS) if r["resources"] != ["pods/eviction"]]
    changed = [{"metadata": {"name": "ca"}, "rules": rules}]
    outcome = _run(run_control, cluster_roles=changed, role_bindings=[])
    assert outcome.reasons == ["rbac"]
    symptom = outcome.findings[0].symptom
    assert "create pods/eviction" in symptom
    assert "create,get,update leases.coordination.k8s.io" in symptom


def test_without_an_autoscaler_it_is_not_applicable(run_control):
    assert _run(run_control, deployments=[]).not_applicable == NOT_RUNNING

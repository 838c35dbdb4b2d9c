"""addons-required, addons-managed and addons-active on literal add-ons."""

from __future__ import annotations

from pytest_eksconform.suites.addons import test_installed as suite

CORE = ("vpc-cni", "coredns", "kube-proxy")


def _addon(name: str, status: str = "ACTIVE", **more: object) -> dict[str, object]:
    return {"addonName": name, "addonVersion": "v1.0.0-eksbuild.1", "status": status, **more}


def _workload(name: str) -> dict[str, object]:
    return {"metadata": {"namespace": "kube-system", "name": name}}


def _sections(**changes: object) -> dict[str, object]:
    return {
        "cluster": {},
        "addons": [_addon(name) for name in CORE],
        "deployments": [_workload("coredns")],
        "daemon_sets": [_workload("aws-node"), _workload("kube-proxy")],
        "pod_identity_associations": [],
    } | changes


def test_core_addons_suffice_where_no_association_exists(run_control):
    outcome = run_control(suite.test_addons_required, sections=_sections())
    assert outcome.passed
    assert outcome.judged == [f"add-on {name}" for name in CORE]


def test_an_association_asks_for_the_agent(run_control):
    sections = _sections(pod_identity_associations=[{"associationId": "a-1"}])
    outcome = run_control(suite.test_addons_required, sections=sections)
    assert [f.resource for f in outcome.findings] == ["add-on eks-pod-identity-agent"]


def test_an_addon_that_is_nowhere_is_found(run_control):
    sections = _sections(addons=[], daemon_sets=[_workload("kube-proxy")])
    outcome = run_control(suite.test_addons_required, sections=sections)
    assert [f.resource for f in outcome.findings] == ["add-on vpc-cni"]


def test_expected_addons_are_required_unless_self_managed_by_choice(run_control):
    expected = {
        "addons.required": ["vpc-cni", "snapshot-controller", "own-one"],
        "addons.self_managed": ["own-one"],
    }
    outcome = run_control(suite.test_addons_required, sections=_sections(), expectations=expected)
    assert [f.resource for f in outcome.findings] == ["add-on snapshot-controller"]


def test_auto_mode_requires_none(run_control):
    sections = _sections(cluster={"computeConfig": {"enabled": True}}, addons=[])
    assert run_control(suite.test_addons_required, sections=sections).not_applicable


def test_a_core_addon_without_eks_is_advice(run_control):
    sections = {k: _sections()[k] for k in ("deployments", "daemon_sets")}
    outcome = run_control(suite.test_addons_managed, sections=sections | {"addons": []})
    assert outcome.reasons == ["self-managed"] * 3
    assert {f.severity for f in outcome.findings} == {"advice"}
    assert outcome.findings[0].cause.startswith("Deployment coredns")


def test_managed_or_chosen_addons_pass(run_control):
    sections = _sections(addons=[_addon("vpc-cni"), _addon("coredns")])
    outcome = run_control(
        suite.test_addons_managed,
        sections=sections,
        expectations={"addons.self_managed": ["kube-proxy"]},
    )
    assert outcome.passed


def test_a_cluster_without_core_addons_has_nothing_to_manage(run_control):
    sections = _sections(deployments=[], daemon_sets=[])
    assert run_control(suite.test_addons_managed, sections=sections).not_applicable


def test_active_addons_pass_and_none_is_not_applicable(run_control):
    assert run_control(suite.test_addons_active, sections=_sections()).passed
    assert run_control(suite.test_addons_active, sections={"addons": []}).not_applicable


def test_a_degraded_addon_quotes_its_issue(run_control):
    issue = {
        "code": "InsufficientNumberOfReplicas",
        "message": "0 of 2\nready",
        "resourceIds": ["coredns"],
    }
    addon = _addon("coredns", "DEGRADED", health={"issues": [issue]})
    outcome = run_control(suite.test_addons_active, sections={"addons": [addon]})
    assert outcome.findings[0].cause == "InsufficientNumberOfReplicas: 0 of 2 ready (coredns)"
    assert outcome.findings[0].severity == "high"


def test_an_addon_that_eks_works_on_is_advice(run_control):
    outcome = run_control(
        suite.test_addons_active, sections={"addons": [_addon("coredns", "UPDATING")]}
    )
    assert outcome.findings[0].severity == "advice"

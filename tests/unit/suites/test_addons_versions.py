"""addons-compatible, addons-current and addons-image on literal versions."""

from __future__ import annotations

import pytest

from pytest_eksconform import CouldNotRead
from pytest_eksconform.suites.addons import test_versions as suite

OLD, NEW, FOREIGN = "v1.19.0-eksbuild.1", "v1.20.4-eksbuild.2", "v1.10.0-eksbuild.1"


def _offer(version: str, minor: str = "1.35", default: bool = False) -> dict[str, object]:
    compatibility = {"clusterVersion": minor, "defaultVersion": default}
    return {"addonVersion": version, "compatibilities": [compatibility]}


def _sections(version: str) -> dict[str, object]:
    return {
        "addons": [{"addonName": "vpc-cni", "addonVersion": version, "status": "ACTIVE"}],
        "addon_versions": {
            "vpc-cni": [_offer(OLD), _offer(NEW, default=True), _offer(FOREIGN, "1.30")]
        },
    }


def test_an_offered_version_is_compatible(run_control):
    assert run_control(suite.test_addons_compatible, sections=_sections(OLD)).passed


def test_a_version_of_another_minor_is_not_compatible(run_control):
    outcome = run_control(suite.test_addons_compatible, sections=_sections(FOREIGN))
    assert outcome.reasons == ["not-for-this-minor"]
    assert outcome.findings[0].fix == f"update it to {NEW}"


def test_versions_that_eks_does_not_list_are_unknown(run_control):
    sections = _sections(OLD) | {"addon_versions": {}}
    assert run_control(suite.test_addons_compatible, sections=sections).error


@pytest.mark.parametrize("control", [suite.test_addons_compatible, suite.test_addons_current])
def test_no_addon_is_not_applicable(run_control, control):
    sections = {"addons": [], "addon_versions": {}}
    assert run_control(control, sections=sections).not_applicable


def test_the_default_version_is_current(run_control):
    assert run_control(suite.test_addons_current, sections=_sections(NEW)).passed


def test_a_version_behind_the_default_is_advice(run_control):
    outcome = run_control(suite.test_addons_current, sections=_sections(OLD))
    assert [(f.reason, f.severity) for f in outcome.findings] == [("behind-default", "advice")]


@pytest.mark.parametrize(("least", "reasons"), [("v1.19.0", []), (">=v1.20.0", ["below-expected"])])
def test_an_expected_version_counts_instead_of_the_default(run_control, least, reasons):
    outcome = run_control(
        suite.test_addons_current,
        sections=_sections(OLD),
        expectations={"addons.versions.vpc-cni": least},
    )
    assert outcome.reasons == reasons


def test_versions_that_are_none_have_no_order():
    with pytest.raises(CouldNotRead):
        suite.is_older("latest", NEW)


@pytest.mark.parametrize(
    ("image", "same"),
    [
        ("602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni:v1.20.4-eksbuild.2", True),
        ("mirror.example.com:5000/kube-proxy:v1.20.4-minimal-eksbuild.2", True),
        ("mirror/cni:v1.20.4", True),
        ("mirror/cni@sha256:0123", True),
        ("mirror/cni:v1.20.4-eksbuild.1", False),
        ("mirror/cni:v1.20.3", False),
        ("mirror/cni:latest", False),
    ],
)
def test_tags_are_compared_without_their_suffixes(image, same):
    assert suite.runs_version(image, NEW) is same


def _pod(image: str, name: str = "aws-node-x") -> dict[str, object]:
    owner = {"kind": "DaemonSet", "name": "aws-node", "controller": True}
    return {
        "metadata": {"namespace": "kube-system", "name": name, "ownerReferences": [owner]},
        "spec": {"nodeName": "ip-1", "containers": [{"name": "aws-node", "image": image}]},
        "status": {"phase": "Running"},
    }


def test_every_pod_must_run_the_reported_version(run_control):
    pods = [_pod(f"cni:{NEW}"), _pod(f"cni:{OLD}", "aws-node-y")]
    outcome = run_control(suite.test_addons_image, sections={**_sections(NEW), "pods": pods})
    assert outcome.reasons == ["other-image"]
    assert OLD in outcome.findings[0].symptom


def test_the_reported_version_on_every_node_passes(run_control):
    sections = {**_sections(NEW), "pods": [_pod(f"cni:{NEW}")]}
    assert run_control(suite.test_addons_image, sections=sections).passed


def test_without_pods_there_is_no_image_to_judge(run_control):
    outcome = run_control(suite.test_addons_image, sections={**_sections(NEW), "pods": []})
    assert outcome.not_applicable

"""nodes-ami-family and nodes-bootstrap on literal groups, nodes and templates."""

from __future__ import annotations

import base64

import pytest

from pytest_eksconform.suites.nodes import test_images as suite
from pytest_eksconform.suites.support.bootstrap import bootstrap_problems, family_of
from tests.unit.suites.cluster_objects import autoscaling_group, node, node_group, pod, template

CA = base64.b64encode(b"-----BEGIN CERTIFICATE-----\none").decode()
BOTH_CAS = base64.b64encode(b"other\n-----BEGIN CERTIFICATE-----\none\n").decode()
CLUSTER = {
    "name": "prod",
    "endpoint": "https://ABC.eks.amazonaws.com",
    "certificateAuthority": {"data": CA},
    "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16"},
}
FACTS = {
    "name": "prod",
    "apiServerEndpoint": "https://ABC.eks.amazonaws.com",
    "certificateAuthority": CA,
    "cidr": "172.20.0.0/16",
}


def _digest(*configs, version="node.eks.aws/v1alpha1", **more):
    found = [{"apiVersion": version, "cluster": c} for c in configs]
    return {"well_formed": True, "bootstrap_sh": False, "node_configs": found, **more}


@pytest.mark.parametrize(
    ("digest", "reasons"),
    [
        (_digest(FACTS), []),
        (_digest({**FACTS, "certificateAuthority": BOTH_CAS}), []),
        (None, ["no-user-data"]),
        (_digest(), ["no-node-config"]),
        (_digest(FACTS, well_formed=False), ["malformed-mime"]),
        (_digest(FACTS, bootstrap_sh=True), ["al2-bootstrap"]),
        (_digest(FACTS, version="node.eks.aws/v1"), ["wrong-api-version"]),
        (_digest({**FACTS, "name": "test"}), ["wrong-name"]),
        (_digest({**FACTS, "cidr": "10.100.0.0/16"}), ["wrong-cidr"]),
        (_digest({**FACTS, "certificateAuthority": "b3RoZXI="}), ["wrong-certificateAuthority"]),
        (
            _digest({"name": "prod", "cidr": "172.20.0.0/16", "certificateAuthority": CA}),
            ["missing-apiServerEndpoint"],
        ),
    ],
)
def test_complete_user_data_must_name_this_cluster(digest, reasons):
    problems = bootstrap_problems("al2023", digest, CLUSTER, must_be_complete=True)
    assert [p.reason for p in problems] == reasons


def test_user_data_that_eks_completes_may_be_partial():
    for digest in (None, _digest(), _digest({})):
        assert not bootstrap_problems("al2023", digest, CLUSTER, must_be_complete=False)


def test_only_al2023_needs_a_node_config():
    assert not bootstrap_problems("bottlerocket", None, CLUSTER, must_be_complete=True)


@pytest.mark.parametrize(
    ("ami_type", "name", "family"),
    [
        ("AL2023_x86_64_STANDARD", "", "al2023"),
        ("AL2_ARM_64", "", "al2"),
        ("BOTTLEROCKET_x86_64", "", "bottlerocket"),
        ("CUSTOM", "amazon-eks-node-al2023-x86_64-standard-1.35-v20261101", "al2023"),
        ("CUSTOM", "amazon-eks-node-1.29-v20240101", "al2"),
        ("CUSTOM", "our-golden-image", "unknown"),
    ],
)
def test_family_follows_ami_type_then_image_name(ami_type, name, family):
    assert family_of(ami_type, {"Name": name}) == family


def _bootstrap_sections(**data):
    used = {"launchTemplate": {"id": "lt-1", "version": "1"}, "amiType": "CUSTOM"}
    return {
        "cluster": CLUSTER,
        "node_groups": [node_group(**used)],
        "autoscaling_groups": [autoscaling_group()],
        "launch_templates": template(**data),
        "images": {"ami-1": {"Name": "amazon-eks-node-al2023-x86_64"}},
    }


def test_a_template_with_its_own_image_is_judged(run_control):
    sections = _bootstrap_sections(ImageId="ami-1", UserDataDigest=_digest(FACTS))
    outcome = run_control(suite.test_nodes_bootstrap, sections=sections)
    assert outcome.passed
    assert outcome.judged == ["launch template lt-1 version 1"]


def test_a_template_without_user_data_is_found(run_control):
    sections = _bootstrap_sections(ImageId="ami-1", UserDataDigest=None)
    outcome = run_control(suite.test_nodes_bootstrap, sections=sections)
    assert outcome.reasons == ["no-user-data"]
    assert outcome.findings[0].owner == "node group general"


def test_an_image_of_unknown_kind_is_unknown(run_control):
    sections = _bootstrap_sections(ImageId="ami-2", UserDataDigest=None)
    assert run_control(suite.test_nodes_bootstrap, sections=sections).error


def test_groups_without_own_templates_have_no_bootstrap_to_judge(run_control):
    sections = {**_bootstrap_sections(), "node_groups": [node_group()]}
    assert run_control(suite.test_nodes_bootstrap, sections=sections).not_applicable


def test_al2023_and_bottlerocket_pass(run_control):
    sections = {
        "node_groups": [node_group(), node_group("b", amiType="BOTTLEROCKET_x86_64")],
        "nodes": [node()],
        "pods": [],
    }
    assert run_control(suite.test_nodes_ami_family, sections=sections).passed


def test_al2_groups_and_nodes_are_found_with_their_pods(run_control):
    sections = {
        "node_groups": [node_group(amiType="AL2_x86_64")],
        "nodes": [node(image="Amazon Linux 2")],
        "pods": [pod(), pod("gone", phase="Succeeded")],
    }
    outcome = run_control(suite.test_nodes_ami_family, sections=sections)
    assert outcome.reasons == ["al2-group", "al2-node"]
    assert "1 pods run on it" in outcome.findings[1].symptom


def test_no_nodes_have_no_family(run_control):
    sections = {"node_groups": [], "nodes": [], "pods": []}
    assert run_control(suite.test_nodes_ami_family, sections=sections).not_applicable

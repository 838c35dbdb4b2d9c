"""ca-flags and ca-asg-tags on literal flags and groups."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.autoscaling import test_configuration as suite
from tests.unit.suites.autoscaler_objects import (
    FLAGS,
    NOT_RUNNING,
    TAGS,
    deployment,
    group,
    node_group,
    service_account,
)


def _flags(run_control, *deployments, node_groups=(), groups=None):
    sections = {
        "deployments": list(deployments),
        "autoscaling_groups": [group()] if groups is None else groups,
        "node_groups": list(node_groups),
    }
    return run_control(suite.test_ca_flags, sections=sections)


def test_discovery_of_the_clusters_groups_passes(run_control):
    assert _flags(run_control, deployment(), node_groups=[node_group()]).passed


@pytest.mark.parametrize(
    ("flags", "reasons"),
    [
        (["--cloud-provider=aws"], ["no-groups-named"]),
        (
            ["--node-group-auto-discovery=asg:tag=k8s.io/cluster-autoscaler/test"],
            ["no-group-found"],
        ),
        (["--nodes=1:4:eks-general", "--nodes=1:4:gone"], ["unknown-group-gone"]),
        ([*FLAGS, "--expander=price"], ["expander-price"]),
    ],
)
def test_flags_that_lead_nowhere_are_found(run_control, flags, reasons):
    assert _flags(run_control, deployment(*flags)).reasons == reasons


def test_another_region_is_found(run_control):
    wrong = deployment()
    container = wrong["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "AWS_REGION", "value": "us-west-2"}, {"name": "OTHER"}]
    outcome = _flags(run_control, wrong)
    assert [(f.reason, f.severity) for f in outcome.findings] == [("other-region", "high")]


def test_zonal_groups_that_are_alike_are_better_balanced(run_control):
    zones = [node_group(n, subnets=[f"subnet-{n}"]) for n in "ab"]
    outcome = _flags(run_control, deployment(), node_groups=zones)
    assert [(f.reason, f.severity) for f in outcome.findings] == [("not-balanced", "advice")]
    balanced = deployment(*FLAGS, "--balance-similar-node-groups")
    assert _flags(run_control, balanced, node_groups=zones).passed


def test_an_autoscaler_that_may_evict_itself_is_advice(run_control):
    loose = deployment()
    loose["spec"]["template"]["metadata"] = {}
    outcome = _flags(run_control, loose)
    assert [(f.reason, f.severity) for f in outcome.findings] == [("evicts-itself", "advice")]


def _tags(run_control, *groups, node_groups=None, deployments=None, simulations=None):
    sections = {
        "deployments": [deployment()] if deployments is None else deployments,
        "autoscaling_groups": list(groups),
        "node_groups": [node_group()] if node_groups is None else node_groups,
        "pod_identity_associations": [],
        "service_accounts": [service_account()],
    }
    return run_control(suite.test_ca_asg_tags, sections=sections, simulations=simulations)


def test_tagged_groups_pass(run_control):
    outcome = _tags(run_control, group())
    assert outcome.passed
    assert outcome.judged == ["Auto Scaling group eks-general"]


def test_a_missing_tag_is_named_and_so_is_a_near_miss(run_control):
    tags = {"eks:cluster-autoscaler/enabled": "true", "k8s.io/cluster-autoscaler/prod": "owned"}
    outcome = _tags(run_control, group(tags=tags))
    assert outcome.reasons == ["not-discovered"]
    assert outcome.findings[0].owner == "node group general"
    assert "no tag k8s.io/cluster-autoscaler/enabled" in outcome.findings[0].cause
    assert "eks:cluster-autoscaler/enabled is not what" in outcome.findings[0].cause


def test_near_misses_are_other_prefixes_and_other_cases():
    tags = dict.fromkeys(
        ["K8s.io/Cluster-Autoscaler/Enabled", "cluster-autoscaler/enabled", "Name", *TAGS], ""
    )
    assert suite.near_misses(tuple(TAGS), tags) == [
        "K8s.io/Cluster-Autoscaler/Enabled",
        "cluster-autoscaler/enabled",
    ]


def test_a_group_that_starts_at_zero_needs_tags_or_the_right_to_ask(run_control):
    empty = group(MinSize=0)
    labelled = [node_group(labels={"team": "shop"})]
    assert _tags(run_control, empty, node_groups=labelled).passed
    outcome = _tags(
        run_control,
        empty,
        node_groups=labelled,
        simulations=lambda role, actions, *rest: dict.fromkeys(actions, "implicitDeny"),
    )
    assert [(f.reason, f.severity) for f in outcome.findings] == [("no-template-tags", "medium")]


def test_without_autoscaler_or_managed_groups_it_is_not_applicable(run_control):
    assert _tags(run_control, deployments=[]).not_applicable == NOT_RUNNING
    assert _tags(run_control, node_groups=[]).not_applicable

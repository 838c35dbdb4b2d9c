"""autoscaling-present and ca-version on literal Deployments."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.autoscaling import test_presence as suite
from pytest_eksconform.suites.support.cluster_autoscaler import (
    cluster_autoscalers,
    discovery_of,
    parsed_flags,
)
from tests.unit.suites.autoscaler_objects import FLAGS, NOT_RUNNING, deployment, group


def _present(run_control, *deployments, cluster=None, **expectations):
    sections = {
        "cluster": cluster or {},
        "deployments": list(deployments),
        "autoscaling_groups": [group()],
    }
    return run_control(suite.test_autoscaling_present, sections=sections, expectations=expectations)


def _karpenter():
    container = {"name": "controller", "image": "public.ecr.aws/karpenter/controller:1.14.1"}
    return {
        "metadata": {"namespace": "karpenter", "name": "karpenter"},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [container]}}},
    }


def test_a_ready_autoscaler_passes(run_control):
    assert _present(run_control, deployment()).passed
    assert _present(run_control, deployment(), autoscaler="cluster-autoscaler").passed


def test_no_autoscaler_is_not_applicable_unless_expected(run_control):
    assert _present(run_control).not_applicable
    assert _present(run_control, autoscaler="karpenter").reasons == ["not-the-expected"]
    assert _present(run_control, autoscaler="none").passed


def test_karpenter_and_auto_mode_are_found_by_what_runs(run_control):
    assert _present(run_control, _karpenter(), autoscaler="karpenter").passed
    auto_mode = {"computeConfig": {"enabled": True}}
    assert _present(run_control, cluster=auto_mode, autoscaler="auto-mode").passed


def test_an_autoscaler_without_a_ready_replica_is_found(run_control):
    assert _present(run_control, deployment(ready=0)).reasons == ["not-ready"]


def test_two_that_elect_leaders_apart_are_found(run_control):
    second = deployment(*FLAGS, "--leader-elect-resource-name=other", name="second")
    outcome = _present(run_control, deployment(), second)
    assert outcome.reasons == ["two-for-the-same-nodes"]
    assert "eks-general" in outcome.findings[0].symptom


def test_two_with_one_lease_or_other_groups_pass(run_control):
    assert _present(run_control, deployment(), deployment(name="second")).passed
    elsewhere = deployment("--nodes=1:2:other", "--leader-elect=false", name="second")
    assert _present(run_control, deployment(), elsewhere).passed


@pytest.mark.parametrize(("tag", "reasons"), [("v1.35.2", []), ("v1.33.0", ["other-minor"])])
def test_the_minor_must_be_the_clusters(run_control, tag, reasons):
    outcome = run_control(suite.test_ca_version, sections={"deployments": [deployment(tag=tag)]})
    assert outcome.reasons == reasons
    assert outcome.judged


def test_an_image_without_a_version_is_unknown(run_control):
    sections = {"deployments": [deployment(tag="latest")]}
    assert run_control(suite.test_ca_version, sections=sections).error


def test_a_deployment_scaled_to_zero_does_not_run(run_control):
    idle = deployment()
    idle["spec"]["replicas"] = 0
    outcome = run_control(suite.test_ca_version, sections={"deployments": [idle]})
    assert outcome.not_applicable == NOT_RUNNING


def test_flags_are_read_in_every_form():
    words = ["./cluster-autoscaler", "--a=1", "-b", "2", "--c", "--a=3", "--leader-elect=false"]
    assert parsed_flags(words) == {
        "a": ("1", "3"),
        "b": ("2",),
        "c": ("true",),
        "leader-elect": ("false",),
    }


def test_discovery_asks_for_keys_and_for_values_where_given():
    (autoscaler,) = cluster_autoscalers(
        [deployment("--node-group-auto-discovery=asg:tag=team=shop,env", "--nodes=0:3:own")]
    )
    discovery = discovery_of(autoscaler)
    assert discovery.keys == ("team", "env")
    assert discovery.takes(group(tags={"team": "shop", "env": ""}))
    assert not discovery.takes(group(tags={"team": "other", "env": ""}))
    assert discovery.takes(group("own", tags={}))

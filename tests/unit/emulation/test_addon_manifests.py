"""The add-ons' manifests and what their configuration changes."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform.emulation.addon_manifests import Manifests
from pytest_eksconform.emulation.addons import is_available

MANIFESTS = Manifests("us-east-1", "conform")


def workload(name: str, configuration: dict[str, Any] | None = None) -> dict[str, Any]:
    objects = MANIFESTS.objects(name, "v1.2.3-eksbuild.4", configuration or {}, None)
    return next(item for item in objects if item["kind"] in ("Deployment", "DaemonSet"))


@pytest.mark.parametrize("name", ["vpc-cni", "coredns", "kube-proxy", "eks-pod-identity-agent"])
def test_image_has_registry_and_version(name: str) -> None:
    image = workload(name)["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.startswith("602401143452.dkr.ecr.us-east-1.amazonaws.com/")
    assert image.endswith(":v1.2.3-eksbuild.4")


def test_unknown_addon_has_no_workloads() -> None:
    assert MANIFESTS.objects("snapshot-controller", "v1", {}, None) == []


def test_configuration_sets_replicas_and_resources() -> None:
    resources = {"limits": {"memory": "1Gi"}}
    found = workload("coredns", {"replicaCount": 3, "resources": resources})
    assert found["spec"]["replicas"] == 3
    assert found["spec"]["template"]["spec"]["containers"][0]["resources"] == resources


def test_configuration_overrides_and_adds_environment() -> None:
    found = workload("vpc-cni", {"env": {"ENABLE_PREFIX_DELEGATION": "true", "NEW": 1}})
    variables = found["spec"]["template"]["spec"]["containers"][0]["env"]
    values = {item["name"]: item.get("value") for item in variables}
    assert values["ENABLE_PREFIX_DELEGATION"] == "true"
    assert values["NEW"] == "1"
    assert len(values) == len(variables)


def test_role_is_annotated_on_the_service_account() -> None:
    objects = MANIFESTS.objects("vpc-cni", "v1", {}, "arn:role")
    account = next(item for item in objects if item["kind"] == "ServiceAccount")
    assert account["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": "arn:role"}


@pytest.mark.parametrize(
    ("kind", "status", "is_ready"),
    [
        ("Deployment", {"observedGeneration": 2, "availableReplicas": 2}, True),
        ("Deployment", {"observedGeneration": 2, "availableReplicas": 1}, False),
        ("Deployment", {"observedGeneration": 1, "availableReplicas": 2}, False),
        ("DaemonSet", {"observedGeneration": 2, "desiredNumberScheduled": 0}, True),
        (
            "DaemonSet",
            {"observedGeneration": 2, "desiredNumberScheduled": 2, "numberAvailable": 1},
            False,
        ),
    ],
)
def test_workload_is_available(kind: str, status: dict[str, int], is_ready: bool) -> None:
    live = {"kind": kind, "metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status}
    assert is_available(live) == is_ready

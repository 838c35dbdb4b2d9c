"""Add-ons: versions from dated data, workloads, health, associations."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from pytest_eksconform.emulation.cloud import Issue

REPLICAS = Issue("InsufficientNumberOfReplicas", "The add-on is unhealthy", ("coredns",))


def describe(cluster: Any, name: str = "coredns") -> dict[str, Any]:
    return dict(cluster.eks().describe_addon(clusterName="conform", addonName=name)["addon"])


def test_default_version_is_the_one_of_the_minor(cluster: Any) -> None:
    eks = cluster.eks()
    offered = eks.describe_addon_versions(kubernetesVersion="1.35", addonName="coredns")["addons"]
    default = [
        v["addonVersion"]
        for v in offered[0]["addonVersions"]
        if v["compatibilities"][0]["defaultVersion"]
    ]
    eks.create_addon(clusterName="conform", addonName="coredns")
    assert [describe(cluster)["addonVersion"]] == default
    assert cluster.lab.workloads.applied["coredns"]["version"] == default[0]
    assert eks.list_addons(clusterName="conform")["addons"] == ["coredns"]


def test_version_of_another_minor_is_refused(cluster: Any) -> None:
    eks = cluster.eks()
    with pytest.raises(eks.exceptions.InvalidParameterException, match="not supported"):
        eks.create_addon(
            clusterName="conform", addonName="kube-proxy", addonVersion="v1.31.2-eksbuild.3"
        )
    with pytest.raises(eks.exceptions.InvalidParameterException):
        eks.create_addon(clusterName="conform", addonName="nonsense")


def test_status_follows_the_workloads(cluster: Any) -> None:
    workloads = cluster.lab.workloads
    workloads.issues = [REPLICAS]
    cluster.eks().create_addon(clusterName="conform", addonName="coredns")
    assert describe(cluster)["status"] == "CREATING"
    workloads.issues = []
    assert describe(cluster)["status"] == "ACTIVE"
    workloads.issues = [REPLICAS]
    broken = describe(cluster)
    assert broken["status"] == "DEGRADED"
    assert broken["health"]["issues"][0]["code"] == "InsufficientNumberOfReplicas"


def test_addon_that_never_starts_becomes_degraded(cluster: Any) -> None:
    cluster.lab.workloads.issues = [REPLICAS]
    cluster.eks().create_addon(clusterName="conform", addonName="coredns")
    cluster.lab.clock.ahead = timedelta(minutes=11)
    assert describe(cluster)["status"] == "DEGRADED"


def test_configuration_is_checked_by_the_schema(cluster: Any) -> None:
    eks = cluster.eks()
    with pytest.raises(eks.exceptions.InvalidParameterException, match="Json schema validation"):
        eks.create_addon(
            clusterName="conform", addonName="coredns", configurationValues='{"replicas": 3}'
        )
    eks.create_addon(
        clusterName="conform", addonName="coredns", configurationValues="replicaCount: 3"
    )
    assert cluster.lab.workloads.applied["coredns"]["configuration"] == {"replicaCount": 3}
    version = describe(cluster)["addonVersion"]
    answer = eks.describe_addon_configuration(addonName="coredns", addonVersion=version)
    assert "replicaCount" in json.loads(answer["configurationSchema"])["properties"]


def test_update_is_recorded_with_its_conflict_rule(cluster: Any) -> None:
    eks = cluster.eks()
    eks.create_addon(clusterName="conform", addonName="coredns")
    update = eks.update_addon(
        clusterName="conform",
        addonName="coredns",
        addonVersion="v1.13.2-eksbuild.4",
        resolveConflicts="PRESERVE",
    )["update"]
    found = eks.describe_update(name="conform", updateId=update["id"], addonName="coredns")
    parameters = {p["type"]: p["value"] for p in found["update"]["params"]}
    assert parameters == {"ResolveConflicts": "PRESERVE", "AddonVersion": "v1.13.2-eksbuild.4"}
    assert describe(cluster)["addonVersion"] == "v1.13.2-eksbuild.4"


def test_associations_come_and_go_with_the_addon(cluster: Any) -> None:
    eks = cluster.eks()
    role = cluster.lab.role("cni", {"Service": "pods.eks.amazonaws.com"})
    eks.create_addon(
        clusterName="conform",
        addonName="vpc-cni",
        podIdentityAssociations=[{"serviceAccount": "aws-node", "roleArn": role}],
    )
    found = eks.list_pod_identity_associations(clusterName="conform")["associations"]
    assert found[0]["ownerArn"] == describe(cluster, "vpc-cni")["addonArn"]
    eks.delete_addon(clusterName="conform", addonName="vpc-cni")
    assert eks.list_pod_identity_associations(clusterName="conform")["associations"] == []
    assert "vpc-cni" not in cluster.lab.workloads.applied
    with pytest.raises(eks.exceptions.ResourceNotFoundException, match="No addon: vpc-cni found"):
        describe(cluster, "vpc-cni")

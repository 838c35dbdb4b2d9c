"""Access entries, access policies and Pod Identity associations."""

from __future__ import annotations

from typing import Any

import pytest

VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def test_entry_has_the_user_name_that_a_session_gets(cluster: Any) -> None:
    eks, role = cluster.eks(), cluster.lab.role("dev", {"AWS": "*"})
    entry = eks.create_access_entry(
        clusterName="conform", principalArn=role, kubernetesGroups=["devs"]
    )["accessEntry"]
    assert entry["username"] == "arn:aws:sts::111122223333:assumed-role/dev/{{SessionName}}"
    assert entry["kubernetesGroups"] == ["devs"]
    eks.update_access_entry(clusterName="conform", principalArn=role, kubernetesGroups=["ops"])
    found = eks.describe_access_entry(clusterName="conform", principalArn=role)["accessEntry"]
    assert found["kubernetesGroups"] == ["ops"]


def test_entry_is_refused_for_strangers_twice_and_for_system_groups(cluster: Any) -> None:
    eks, role = cluster.eks(), cluster.lab.role("dev", {"AWS": "*"})
    with pytest.raises(eks.exceptions.InvalidParameterException, match="invalid principal"):
        eks.create_access_entry(clusterName="conform", principalArn=role + "-gone")
    with pytest.raises(eks.exceptions.InvalidParameterException, match="system:"):
        eks.create_access_entry(
            clusterName="conform", principalArn=role, kubernetesGroups=["system:masters"]
        )
    eks.create_access_entry(clusterName="conform", principalArn=role)
    with pytest.raises(eks.exceptions.ResourceInUseException):
        eks.create_access_entry(clusterName="conform", principalArn=role)


def test_policies_are_associated_and_taken_away(cluster: Any) -> None:
    eks, role = cluster.eks(), cluster.lab.role("dev", {"AWS": "*"})
    eks.create_access_entry(clusterName="conform", principalArn=role)
    names = {"clusterName": "conform", "principalArn": role}
    scope = {"type": "namespace", "namespaces": ["web"]}
    eks.associate_access_policy(**names, policyArn=VIEW, accessScope=scope)
    found = eks.list_associated_access_policies(**names)["associatedAccessPolicies"]
    assert [(p["policyArn"], p["accessScope"]) for p in found] == [(VIEW, scope)]
    listed = eks.list_access_entries(clusterName="conform", associatedPolicyArn=VIEW)
    assert listed["accessEntries"] == [role]
    eks.disassociate_access_policy(**names, policyArn=VIEW)
    assert eks.list_associated_access_policies(**names)["associatedAccessPolicies"] == []
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.associate_access_policy(**names, policyArn=VIEW + "X", accessScope=scope)
    assert VIEW in {p["arn"] for p in eks.list_access_policies()["accessPolicies"]}


def test_entries_come_in_pages(cluster: Any) -> None:
    eks = cluster.eks()
    for number in range(5):
        role = cluster.lab.role(f"dev{number}", {"AWS": "*"})
        eks.create_access_entry(clusterName="conform", principalArn=role)
    first = eks.list_access_entries(clusterName="conform", maxResults=4)
    assert len(first["accessEntries"]) == 4
    rest = eks.list_access_entries(clusterName="conform", nextToken=first["nextToken"])
    assert len(rest["accessEntries"]) == 2
    assert "nextToken" not in rest


def test_association_is_made_once_for_a_service_account(cluster: Any) -> None:
    eks, role = cluster.eks(), cluster.lab.role("app", {"Service": "pods.eks.amazonaws.com"})
    values = {"clusterName": "conform", "namespace": "web", "serviceAccount": "app"}
    made = eks.create_pod_identity_association(**values, roleArn=role)["association"]
    with pytest.raises(eks.exceptions.ResourceInUseException, match=made["associationId"]):
        eks.create_pod_identity_association(**values, roleArn=role)
    with pytest.raises(eks.exceptions.InvalidParameterException):
        eks.create_pod_identity_association(
            **{**values, "serviceAccount": "b"}, roleArn=role + "-gone"
        )
    names = {"clusterName": "conform", "associationId": made["associationId"]}
    target = {"targetRoleArn": "arn:aws:iam::444455556666:role/far"}
    updated = eks.update_pod_identity_association(**names, **target)["association"]
    assert updated["externalId"]
    assert (
        eks.list_pod_identity_associations(clusterName="conform", namespace="x")["associations"]
        == []
    )
    eks.delete_pod_identity_association(**names)
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.describe_pod_identity_association(**names)

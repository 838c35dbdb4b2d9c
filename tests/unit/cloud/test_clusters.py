"""Clusters: described truly, updated, deleted."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from botocore.exceptions import ClientError


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_cluster_is_described_with_what_its_control_plane_says(cluster: Any) -> None:
    found = cluster.eks().describe_cluster(name="conform")["cluster"]
    assert found["status"] == "ACTIVE"
    assert found["endpoint"] == "https://127.0.0.1:6443"
    assert base64.b64decode(found["certificateAuthority"]["data"]) == b"PEM"
    assert found["identity"]["oidc"]["issuer"] == "https://oidc.stand-in.test/id/A1"
    assert found["resourcesVpcConfig"]["subnetIds"] == cluster.subnets
    assert found["resourcesVpcConfig"]["vpcId"].startswith("vpc-")
    assert found["accessConfig"]["authenticationMode"] == "API"
    assert found["health"] == {"issues": []}


def test_unknown_cluster_is_refused_in_the_words_of_eks(lab: Any) -> None:
    eks = lab.client("eks")
    with pytest.raises(ClientError) as error:
        eks.describe_cluster(name="gone")
    assert code(error) == "ResourceNotFoundException"
    assert "No cluster found for name: gone." in str(error.value)
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.list_nodegroups(clusterName="gone")


def test_cluster_needs_two_zones_and_an_existing_role(lab: Any, make_network: Any) -> None:
    eks, subnets = lab.client("eks"), make_network()
    role = lab.role("cluster", {"Service": "eks.amazonaws.com"})
    with pytest.raises(eks.exceptions.InvalidParameterException, match="two different AZs"):
        eks.create_cluster(name="a", roleArn=role, resourcesVpcConfig={"subnetIds": subnets[:1]})
    with pytest.raises(eks.exceptions.InvalidParameterException, match="does not exist"):
        eks.create_cluster(name="a", roleArn=role + "x", resourcesVpcConfig={"subnetIds": subnets})
    with pytest.raises(eks.exceptions.InvalidParameterException, match="unsupported"):
        eks.create_cluster(
            name="a", version="1.19", roleArn=role, resourcesVpcConfig={"subnetIds": subnets}
        )


def test_creator_becomes_cluster_admin(cluster: Any) -> None:
    eks = cluster.eks()
    entries = eks.list_access_entries(clusterName="conform")["accessEntries"]
    assert entries == ["arn:aws:iam::111122223333:user/emulation-administrator"]
    policies = eks.list_associated_access_policies(clusterName="conform", principalArn=entries[0])
    arn = policies["associatedAccessPolicies"][0]["policyArn"]
    assert arn.endswith("/AmazonEKSClusterAdminPolicy")


def test_logging_update_is_recorded_and_makes_the_log_group(cluster: Any) -> None:
    eks = cluster.eks()
    update = eks.update_cluster_config(
        name="conform", logging={"clusterLogging": [{"types": ["audit"], "enabled": True}]}
    )["update"]
    assert update["type"] == "LoggingUpdate"
    described = eks.describe_update(name="conform", updateId=update["id"])["update"]
    assert described["status"] == "Successful"
    assert eks.list_updates(name="conform")["updateIds"] == [update["id"]]
    logs = cluster.lab.client("logs")
    streams = logs.describe_log_streams(logGroupName="/aws/eks/conform/cluster")["logStreams"]
    assert [s["logStreamName"].startswith("kube-apiserver-audit-") for s in streams] == [True]


def test_endpoint_access_update_keeps_the_subnets(cluster: Any) -> None:
    eks = cluster.eks()
    eks.update_cluster_config(
        name="conform",
        resourcesVpcConfig={"endpointPrivateAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]},
    )
    config = eks.describe_cluster(name="conform")["cluster"]["resourcesVpcConfig"]
    assert config["endpointPrivateAccess"]
    assert config["publicAccessCidrs"] == ["203.0.113.0/24"]
    assert config["subnetIds"] == cluster.subnets


def test_two_kinds_of_update_at_once_are_refused(cluster: Any) -> None:
    eks = cluster.eks()
    with pytest.raises(eks.exceptions.InvalidParameterException, match="Exactly one"):
        eks.update_cluster_config(
            name="conform",
            deletionProtection=True,
            upgradePolicy={"supportType": "STANDARD"},
        )


def test_authentication_mode_never_goes_back(cluster: Any) -> None:
    eks = cluster.eks()
    with pytest.raises(eks.exceptions.InvalidParameterException):
        eks.update_cluster_config(
            name="conform", accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"}
        )


def test_cluster_is_deleted_with_its_control_plane_and_network(cluster: Any) -> None:
    eks, ec2 = cluster.eks(), cluster.lab.client("ec2")
    filters = [{"Name": "description", "Values": ["Amazon EKS conform"]}]
    assert len(ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]) == 2
    eks.update_cluster_config(name="conform", deletionProtection=True)
    with pytest.raises(eks.exceptions.InvalidRequestException):
        eks.delete_cluster(name="conform")
    eks.update_cluster_config(name="conform", deletionProtection=False)
    assert eks.delete_cluster(name="conform")["cluster"]["status"] == "DELETING"
    eks.get_waiter("cluster_deleted").wait(
        name="conform", WaiterConfig={"Delay": 1, "MaxAttempts": 10}
    )
    assert cluster.lab.control_planes.created == []
    assert ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"] == []


def test_cluster_versions_follow_the_calendar(lab: Any) -> None:
    eks = lab.client("eks")
    everything = eks.describe_cluster_versions(includeAll=True)["clusterVersions"]
    by_version = {v["clusterVersion"]: v for v in everything}
    assert by_version["1.30"]["versionStatus"] == "UNSUPPORTED"
    assert by_version["1.35"]["endOfStandardSupportDate"].strftime("%Y-%m-%d") == "2027-03-27"
    supported = eks.describe_cluster_versions()["clusterVersions"]
    assert "1.30" not in {v["clusterVersion"] for v in supported}
    default = eks.describe_cluster_versions(defaultOnly=True)["clusterVersions"]
    assert [v["clusterVersion"] for v in default] == ["1.35"]


def test_every_kind_of_resource_carries_tags(cluster: Any) -> None:
    eks = cluster.eks()
    arn = eks.describe_cluster(name="conform")["cluster"]["arn"]
    eks.tag_resource(resourceArn=arn, tags={"team": "a", "stage": "b"})
    eks.untag_resource(resourceArn=arn, tagKeys=["stage"])
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "a"}
    with pytest.raises(ClientError):
        eks.list_tags_for_resource(resourceArn=arn + "x")

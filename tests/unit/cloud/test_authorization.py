"""Every call is authorised; simulations answer from the same engine."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

PREFIX = "arn:aws:eks:eu-west-1:111122223333"


def allow(action: str | list[str], resource: str = "*", **condition: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": action, "Resource": resource}
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


def error_of(call: Any, **values: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**values)
    answer = error.value.response["Error"]
    return str(answer["Code"]), str(answer["Message"])


def test_refusal_has_the_shape_of_each_protocol(lab: Any) -> None:
    keys = lab.user("nobody")
    asked = {
        "eks": ("list_clusters", "AccessDeniedException", "eks:ListClusters"),
        "ssm": ("describe_parameters", "AccessDeniedException", "ssm:DescribeParameters"),
        "iam": ("list_roles", "AccessDenied", "iam:ListRoles"),
        "autoscaling": ("describe_tags", "AccessDenied", "autoscaling:DescribeTags"),
        "ec2": ("describe_vpcs", "UnauthorizedOperation", "ec2:DescribeVpcs"),
    }
    for service, (operation, code, action) in asked.items():
        found, text = error_of(getattr(lab.client(service, keys), operation))
        assert found == code
        sentence = (
            "User: arn:aws:iam::111122223333:user/nobody is not authorized to perform: "
            f"{action} on resource: * because no identity-based policy allows the {action} action"
        )
        assert sentence in text
    assert lab.client("sts", keys).get_caller_identity()["Arn"].endswith("user/nobody")


def test_resource_of_the_call_decides(cluster: Any) -> None:
    lab = cluster.lab
    keys = lab.user("one", allow("eks:*", f"{PREFIX}:cluster/conform"))
    eks = lab.client("eks", keys)
    assert eks.describe_cluster(name="conform")
    assert eks.list_addons(clusterName="conform")["addons"] == []
    code, text = error_of(eks.describe_cluster, name="other")
    assert code == "AccessDeniedException"
    assert f"on resource: {PREFIX}:cluster/other" in text
    assert error_of(eks.list_clusters)[0] == "AccessDeniedException"


def test_tags_of_the_group_decide(cluster: Any) -> None:
    eks, sizes = cluster.eks(), {"minSize": 0, "maxSize": 3, "desiredSize": 1}
    eks.create_nodegroup(
        clusterName="conform",
        nodegroupName="blue",
        subnets=cluster.subnets,
        nodeRole=cluster.node_role,
        scalingConfig=sizes,
    )
    found = eks.describe_nodegroup(clusterName="conform", nodegroupName="blue")["nodegroup"]
    name = found["resources"]["autoScalingGroups"][0]["name"]
    key = "autoscaling:ResourceTag/k8s.io/cluster-autoscaler/{}"
    mine = allow("autoscaling:*", StringEquals={key.format("conform"): "owned"})
    other = allow("autoscaling:*", StringEquals={key.format("other"): "owned"})
    for user, document, permitted in (("mine", mine, True), ("other", other, False)):
        client = cluster.lab.client("autoscaling", cluster.lab.user(user, document))
        values = {"AutoScalingGroupName": name, "DesiredCapacity": 2}
        if permitted:
            client.set_desired_capacity(**values)
        else:
            assert error_of(client.set_desired_capacity, **values)[0] == "AccessDenied"


def test_role_must_be_passable(cluster: Any) -> None:
    lab = cluster.lab
    role = lab.role("app", {"Service": "pods.eks.amazonaws.com"})
    eks = lab.client("eks", lab.user("half", allow("eks:*")))
    values = {"namespace": "web", "serviceAccount": "app", "roleArn": role}
    code, text = error_of(eks.create_pod_identity_association, clusterName="conform", **values)
    assert (code, "iam:PassRole" in text) == ("AccessDeniedException", True)


def test_managed_policies_of_eks_are_there_and_bind(lab: Any) -> None:
    iam, keys = lab.client("iam"), lab.user("worker")
    arn = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
    assert "ec2:DescribeInstances" in json.dumps(document["Document"])
    ec2 = lab.client("ec2", keys)
    assert error_of(ec2.describe_instances)[0] == "UnauthorizedOperation"
    iam.attach_user_policy(UserName="worker", PolicyArn=arn)
    assert ec2.describe_instances()["Reservations"] == []


def test_boundary_and_explicit_deny_are_named_in_the_refusal(lab: Any) -> None:
    deny = allow("eks:*")
    deny["Statement"].append({"Effect": "Deny", "Action": "eks:ListClusters", "Resource": "*"})
    eks = lab.client("eks", lab.user("denied", deny))
    assert "with an explicit deny in an identity-based policy" in error_of(eks.list_clusters)[1]


def test_simulation_answers_as_the_engine_decides(lab: Any) -> None:
    iam = lab.client("iam")
    lab.user(
        "auto", allow("autoscaling:SetDesiredCapacity", StringEquals={"aws:ResourceTag/a": "b"})
    )
    arn = "arn:aws:iam::111122223333:user/auto"
    actions = ["autoscaling:SetDesiredCapacity", "eks:ListClusters"]
    results = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=actions)
    first, second = results["EvaluationResults"]
    assert (first["EvalDecision"], first["MissingContextValues"]) == (
        "implicitDeny",
        ["aws:ResourceTag/a"],
    )
    assert second["EvalDecision"] == "implicitDeny"
    entry = {
        "ContextKeyName": "aws:ResourceTag/a",
        "ContextKeyType": "string",
        "ContextKeyValues": ["b"],
    }
    told = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=actions[:1], ContextEntries=[entry]
    )["EvaluationResults"][0]
    assert told["EvalDecision"] == "allowed"
    assert told["MatchedStatements"][0]["SourcePolicyId"] == "user_auto_own"
    code, _ = error_of(
        iam.simulate_principal_policy, PolicySourceArn=arn + "x", ActionNames=actions
    )
    assert code == "NoSuchEntity"


def test_custom_policies_are_simulated_in_pages(lab: Any) -> None:
    iam = lab.client("iam")
    document = json.dumps(allow("eks:Describe*"))
    names = [f"eks:Describe{n}" for n in range(7)]
    pages = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[document], ActionNames=names, PaginationConfig={"PageSize": 3}
    )
    decisions = [r["EvalDecision"] for page in pages for r in page["EvaluationResults"]]
    assert decisions == ["allowed"] * 7
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[document])
    assert keys["ContextKeyNames"] == []


@pytest.mark.parametrize("trust", ["{", "{}", json.dumps(allow("sts:AssumeRole"))])
def test_malformed_trust_policy_is_refused(lab: Any, trust: str) -> None:
    iam = lab.client("iam")
    code, _ = error_of(iam.create_role, RoleName="r", AssumeRolePolicyDocument=trust)
    assert code == "MalformedPolicyDocument"

"""The IAM roles and policies of the managed-nodes blueprint, as AWS documents them."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from pytest_eksconform.emulation.world import World

Document = dict[str, Any]


def service_trust(service: str, *actions: str) -> Document:
    """The trust policy of a role that an AWS service assumes."""
    allowed = list(actions) or ["sts:AssumeRole"]
    principal = {"Service": service}
    return _document({"Effect": "Allow", "Principal": principal, "Action": allowed})


def account_trust(account: str) -> Document:
    """The trust policy of a role that people of the account assume, with a second factor."""
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        }
    )


def pod_identity_trust() -> Document:
    """The trust policy of a role for EKS Pod Identity."""
    return service_trust("pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession")


def irsa_trust(account: str, issuer: str, namespace: str, service_account: str) -> Document:
    """The trust policy of a role for exactly one service account."""
    host = issuer.removeprefix("https://")
    subject = f"system:serviceaccount:{namespace}:{service_account}"
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{host}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {f"{host}:sub": subject, f"{host}:aud": "sts.amazonaws.com"}
            },
        }
    )


def autoscaler_policy(cluster: str) -> Document:
    """The Cluster Autoscaler's policy: it changes only the groups tagged for its cluster."""
    tag = "aws:ResourceTag/k8s.io/cluster-autoscaler"
    changes = {
        "Effect": "Allow",
        "Action": [
            "autoscaling:SetDesiredCapacity",
            "autoscaling:TerminateInstanceInAutoScalingGroup",
        ],
        "Resource": "*",
        "Condition": {"StringEquals": {f"{tag}/enabled": "true", f"{tag}/{cluster}": "owned"}},
    }
    reads = {
        "Effect": "Allow",
        "Action": [
            "autoscaling:DescribeAutoScalingGroups",
            "autoscaling:DescribeAutoScalingInstances",
            "autoscaling:DescribeLaunchConfigurations",
            "autoscaling:DescribeScalingActivities",
            "autoscaling:DescribeTags",
            "ec2:DescribeImages",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:GetInstanceTypesFromInstanceRequirements",
            "eks:DescribeNodegroup",
        ],
        "Resource": "*",
    }
    return _document(changes, reads)


def bucket_policy(bucket: str) -> Document:
    """A policy that reads the objects of one bucket."""
    resource = f"arn:aws:s3:::{bucket}/*"
    return _document({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": resource})


def runner_policy() -> str:
    """The least-privilege policy that users attach to what runs the tests, as JSON text."""
    return (files("pytest_eksconform") / "data" / "iam-policy.json").read_text("utf-8")


def _document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


class Roles:
    """Makes roles.

    Args:
        world: the account to make them in.
    """

    def __init__(self, world: World) -> None:
        self._iam = world.aws("iam")

    def create(
        self,
        name: str,
        trust: Document,
        *managed: str,
        inline: Document | None = None,
    ) -> str:
        """Make a role with AWS managed policies and perhaps one of its own; returns its ARN."""
        arn = self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        for policy in managed:
            self._iam.attach_role_policy(
                RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}"
            )
        if inline is not None:
            self._iam.put_role_policy(
                RoleName=name, PolicyName=name, PolicyDocument=json.dumps(inline)
            )
        return str(arn["Role"]["Arn"])

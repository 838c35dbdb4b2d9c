"""Ways to break who may do what in the cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytest_eksconform.emulation.faults import fault
from pytest_eksconform.emulation.world import World

_ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
_RBAC = "rbac.authorization.k8s.io/v1"
_AWS_AUTH = ("v1", "ConfigMap", "aws-auth", "kube-system")
_BREAK_GLASS = "break-glass"
_EXPECTS_BREAK_GLASS = """\
[access]
break_glass = "arn:aws:iam::111122223333:role/break-glass"
"""


@fault("aws-auth-without-effect", breaks=("access-authentication-mode",))
def aws_auth_without_effect(world: World) -> Iterator[None]:
    """Someone maps a role in aws-auth, which mode API does not read."""
    with _mapped(world, f"{world.cluster}-orders"):
        yield


@fault("aws-auth-principal-gone", breaks=("access-aws-auth-leftovers",))
def aws_auth_principal_gone(world: World) -> Iterator[None]:
    """The ConfigMap aws-auth still maps a role that was deleted."""
    with _mapped(world, "former-operators"):
        yield


@contextmanager
def _mapped(world: World, role: str) -> Iterator[None]:
    """Map a role to the group operators in aws-auth for the length of the block."""
    kind, namespace = _AWS_AUTH[:3], _AWS_AUTH[3]
    before = world.kube.get(*_AWS_AUTH)["data"]["mapRoles"]
    arn = f"arn:aws:iam::{world.account}:role/{role}"
    more = f"- rolearn: {arn}\n  username: operator\n  groups: [operators]\n"
    world.kube.patch(*kind, {"data": {"mapRoles": before + more}}, namespace)
    try:
        yield
    finally:
        world.kube.patch(*kind, {"data": {"mapRoles": before}}, namespace)


@fault("break-glass-not-admin", breaks=("access-admin-reachable",), expects=_EXPECTS_BREAK_GLASS)
def break_glass_not_admin(world: World) -> Iterator[None]:
    """The emergency role loses the access policy of cluster admins."""
    arn = f"arn:aws:iam::{world.account}:role/{_BREAK_GLASS}"
    eks, named = world.aws("eks"), {"clusterName": world.cluster, "principalArn": arn}
    eks.disassociate_access_policy(**named, policyArn=_ADMIN_POLICY)
    try:
        yield
    finally:
        eks.associate_access_policy(
            **named, policyArn=_ADMIN_POLICY, accessScope={"type": "cluster"}
        )


@fault("access-entry-of-deleted-role", breaks=("access-entries-valid",))
def access_entry_of_deleted_role(world: World) -> Iterator[None]:
    """A role is deleted, and its access entry stays."""
    iam, eks, name = world.aws("iam"), world.aws("eks"), "left-behind"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{world.account}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    entry = {"clusterName": world.cluster, "principalArn": role["Arn"]}
    eks.create_access_entry(**entry)
    iam.delete_role(RoleName=name)
    try:
        yield
    finally:
        eks.delete_access_entry(**entry)


@fault("public-endpoint-open", breaks=("access-endpoint-exposure",))
def public_endpoint_open(world: World) -> Iterator[None]:
    """The whole Internet may reach the API server's public endpoint."""
    cluster = world.aws("eks").describe_cluster(name=world.cluster)["cluster"]
    blocks = cluster["resourcesVpcConfig"]["publicAccessCidrs"]
    _limit_public_access(world, ["0.0.0.0/0"])
    try:
        yield
    finally:
        _limit_public_access(world, blocks)


def _limit_public_access(world: World, blocks: list[str]) -> None:
    eks = world.aws("eks")
    update = eks.update_cluster_config(
        name=world.cluster, resourcesVpcConfig={"publicAccessCidrs": blocks}
    )["update"]
    named = {"name": world.cluster, "updateId": update["id"]}
    world.wait_until(
        "the endpoint's update is done",
        lambda: eks.describe_update(**named)["update"]["status"] == "Successful",
    )


@fault("anonymous-may-view", breaks=("access-anonymous-bindings",))
def anonymous_may_view(world: World) -> Iterator[None]:
    """Callers without credentials may read most objects."""
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:anonymous"}
    with _bound(world, "anonymous-view", "view", subject):
        yield


@fault("default-account-admin", breaks=("access-cluster-admin-bindings",))
def default_account_admin(world: World) -> Iterator[None]:
    """The default service account of a namespace is cluster admin."""
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": "shop"}
    with _bound(world, "shop-admin", "cluster-admin", subject):
        yield


@contextmanager
def _bound(world: World, name: str, role: str, subject: dict[str, Any]) -> Iterator[None]:
    """Bind a ClusterRole to a subject for the length of the block."""
    world.kube.create(
        {
            "apiVersion": _RBAC,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": role,
            },
            "subjects": [subject],
        }
    )
    try:
        yield
    finally:
        world.kube.delete(_RBAC, "ClusterRoleBinding", name)

"""Ways to break the identities of pods, controllers, nodes and the cluster."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pytest_eksconform.emulation.faults import fault
from pytest_eksconform.emulation.faults.autoscaler_reports import forget_warnings, wait_for_health
from pytest_eksconform.emulation.world import World

Document = dict[str, Any]

_SHOP = "shop"
_ROLE = "eks.amazonaws.com/role-arn"
_AWS_POLICY = "arn:aws:iam::aws:policy/"
_AGENT = "eks-pod-identity-agent"
_EVENT = "aws-node.denied"


@fault(
    "oidc-provider-deleted",
    breaks=("identity-oidc-provider", "identity-live-controllers", "ca-status"),
)
def oidc_provider_deleted(world: World) -> Iterator[None]:
    """Someone deletes the IAM OIDC provider of the cluster's issuer."""
    iam = world.aws("iam")
    issuer = world.aws("eks").describe_cluster(name=world.cluster)["cluster"]["identity"]["oidc"]
    host = issuer["issuer"].removeprefix("https://")
    arn = f"arn:aws:iam::{world.account}:oidc-provider/{host}"
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    try:
        wait_for_health(world, "Unhealthy")
        yield
    finally:
        thumbprints = found.get("ThumbprintList") or []
        iam.create_open_id_connect_provider(
            Url=issuer["issuer"],
            ClientIDList=found["ClientIDList"],
            **({"ThumbprintList": thumbprints} if thumbprints else {}),
        )
        wait_for_health(world, "Healthy")
        forget_warnings(world)


@fault("irsa-trust-other-account", breaks=("identity-irsa-trust",))
def irsa_trust_other_account(world: World) -> Iterator[None]:
    """The trust policy of a role names a service account that nobody uses."""

    def renamed(statement: Document) -> None:
        conditions = statement["Condition"]["StringEquals"]
        subject = next(key for key in conditions if key.endswith(":sub"))
        conditions[subject] += "-old"

    with _changed_trust(world, f"{world.cluster}-orders", renamed):
        yield


@fault("irsa-trust-wildcard", breaks=("identity-irsa-trust",))
def irsa_trust_wildcard(world: World) -> Iterator[None]:
    """The trust policy of a role admits every service account of a namespace."""

    def widened(statement: Document) -> None:
        conditions = statement["Condition"].pop("StringEquals")
        subject = next(key for key in conditions if key.endswith(":sub"))
        conditions[subject] = f"system:serviceaccount:{_SHOP}:*"
        statement["Condition"]["StringLike"] = conditions

    with _changed_trust(world, f"{world.cluster}-orders", widened):
        yield


@fault("pod-identity-agent-removed", breaks=("identity-pod-identity-agent", "addons-required"))
def pod_identity_agent_removed(world: World) -> Iterator[None]:
    """Someone removes the add-on of the Pod Identity agent."""
    eks, named = world.aws("eks"), {"clusterName": world.cluster, "addonName": _AGENT}
    version = eks.describe_addon(**named)["addon"]["addonVersion"]
    eks.delete_addon(**named)
    try:
        world.wait_until("the agent's pods are gone", lambda: not _agents(world), 30.0)
        yield
    finally:
        eks.create_addon(**named, addonVersion=version, resolveConflicts="OVERWRITE")
        world.wait_until(
            "the agent is ACTIVE again",
            lambda: eks.describe_addon(**named)["addon"]["status"] == "ACTIVE",
            30.0,
        )


def _agents(world: World) -> list[Document]:
    label = f"app.kubernetes.io/name={_AGENT}"
    return world.kube.list("v1", "Pod", "kube-system", labels=label)


@fault("pod-identity-without-tag-session", breaks=("identity-pod-identity-association",))
def pod_identity_without_tag_session(world: World) -> Iterator[None]:
    """The trust policy of an associated role does not allow sts:TagSession."""

    def narrowed(statement: Document) -> None:
        statement["Action"] = "sts:AssumeRole"

    with _changed_trust(world, f"{world.cluster}-billing", narrowed):
        yield


@fault("account-with-two-identities", breaks=("identity-precedence",))
def account_with_two_identities(world: World) -> Iterator[None]:
    """A service account with an association is annotated with a second role."""
    with _irsa_role(world, "billing") as role, _annotated(world, _SHOP, "billing", role):
        yield


@fault("annotation-changed-under-pods", breaks=("identity-pods-injected",))
def annotation_changed_under_pods(world: World) -> Iterator[None]:
    """A service account gets another role, and its pods are not restarted."""
    with _irsa_role(world, "orders") as role, _annotated(world, _SHOP, "orders", role):
        yield


@fault("node-role-with-autoscaling", breaks=("identity-node-role-minimal",))
def node_role_with_autoscaling(world: World) -> Iterator[None]:
    """The node role gets the policy that the autoscaler was once given."""
    with _attached(world, f"{world.cluster}-node", "AutoScalingFullAccess"):
        yield


@fault("autoscaler-without-role", breaks=("identity-dedicated-accounts", "ca-permissions"))
def autoscaler_without_role(world: World) -> Iterator[None]:
    """The autoscaler's service account loses the annotation with its role."""
    with _annotated(world, "kube-system", "cluster-autoscaler", None):
        yield


@fault("cni-role-without-policy", breaks=("identity-controller-permissions",))
def cni_role_without_policy(world: World) -> Iterator[None]:
    """The VPC CNI's role loses its policy."""
    with _detached(world, f"{world.cluster}-vpc-cni", "AmazonEKS_CNI_Policy"):
        yield


@fault("cni-role-administrator", breaks=("identity-controller-permissions",))
def cni_role_administrator(world: World) -> Iterator[None]:
    """The VPC CNI's role may do everything."""
    with _attached(world, f"{world.cluster}-vpc-cni", "AdministratorAccess"):
        yield


@fault("cni-reports-denial", breaks=("identity-live-controllers",))
def cni_reports_denial(world: World) -> Iterator[None]:
    """The VPC CNI writes the event that it writes when EC2 denies its calls."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    pods = world.kube.list("v1", "Pod", "kube-system", labels="k8s-app=aws-node")
    pod = pods[0]["metadata"]
    world.kube.create(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": _EVENT, "namespace": "kube-system"},
            "involvedObject": {"kind": "Pod", "namespace": "kube-system", "name": pod["name"]},
            "type": "Warning",
            "reason": "MissingIAMPermissions",
            "message": "Unauthorized operation: failed to call ec2:CreateNetworkInterface due to "
            "missing permissions",
            "source": {"component": "aws-node"},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
    )
    try:
        yield
    finally:
        world.kube.delete("v1", "Event", _EVENT, "kube-system")


@fault("cluster-role-without-policy", breaks=("identity-cluster-role",))
def cluster_role_without_policy(world: World) -> Iterator[None]:
    """The cluster's role loses AmazonEKSClusterPolicy."""
    with _detached(world, f"{world.cluster}-cluster", "AmazonEKSClusterPolicy"):
        yield


@contextmanager
def _changed_trust(world: World, role: str, change: Callable[[Document], None]) -> Iterator[None]:
    """Change the one statement of a role's trust policy for the length of the block."""
    iam = world.aws("iam")
    right = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    wrong = copy.deepcopy(right)
    change(wrong["Statement"][0])
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(wrong))
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(right))


@contextmanager
def _irsa_role(world: World, account: str) -> Iterator[str]:
    """A second role that trusts a service account of the shop; its ARN."""
    iam, name = world.aws("iam"), f"{world.cluster}-{account}-second"
    pattern = iam.get_role(RoleName=f"{world.cluster}-orders")["Role"]
    text = json.dumps(pattern["AssumeRolePolicyDocument"])
    trust = text.replace(f"{_SHOP}:orders", f"{_SHOP}:{account}")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    try:
        yield str(made["Role"]["Arn"])
    finally:
        iam.delete_role(RoleName=name)


@contextmanager
def _annotated(world: World, namespace: str, account: str, role: str | None) -> Iterator[None]:
    """Annotate a service account with a role, or take the annotation off if it is None."""
    found = world.kube.get("v1", "ServiceAccount", account, namespace)
    before = (found["metadata"].get("annotations") or {}).get(_ROLE)
    _annotate(world, namespace, account, role)
    try:
        yield
    finally:
        _annotate(world, namespace, account, before)


def _annotate(world: World, namespace: str, account: str, role: str | None) -> None:
    body = {"metadata": {"annotations": {_ROLE: role}}}
    world.kube.patch("v1", "ServiceAccount", account, body, namespace)


@contextmanager
def _attached(world: World, role: str, policy: str) -> Iterator[None]:
    """Attach an AWS managed policy to a role for the length of the block."""
    named = {"RoleName": role, "PolicyArn": f"{_AWS_POLICY}{policy}"}
    iam = world.aws("iam")
    iam.attach_role_policy(**named)
    try:
        yield
    finally:
        iam.detach_role_policy(**named)


@contextmanager
def _detached(world: World, role: str, policy: str) -> Iterator[None]:
    """Take an AWS managed policy off a role for the length of the block."""
    named = {"RoleName": role, "PolicyArn": f"{_AWS_POLICY}{policy}"}
    iam = world.aws("iam")
    iam.detach_role_policy(**named)
    try:
        yield
    finally:
        iam.attach_role_policy(**named)

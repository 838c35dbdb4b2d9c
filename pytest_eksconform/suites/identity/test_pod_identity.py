"""EKS Pod Identity: its agent on the nodes, and the associations."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, EksCluster, Findings, Snapshot
from pytest_eksconform.suites.support.iam_roles import (
    account_of,
    role_name,
    role_resource,
    show_trust,
    simulation_command,
)
from pytest_eksconform.suites.support.nodes import (
    condition,
    is_young,
    node_owner,
    node_resource,
    on_ec2,
)
from pytest_eksconform.suites.support.service_accounts import (
    account_resource,
    association_key,
    show_account,
)
from pytest_eksconform.suites.support.versions import image_name
from pytest_eksconform.suites.support.workloads import metadata
from pytest_eksconform.trust import ASSUME, TAG_SESSION, as_list, service_actions

SERVICE = "pods.eks.amazonaws.com"
AGENT_IMAGE = "eks-pod-identity-agent"
NO_ASSOCIATIONS = "the cluster has no Pod Identity association"
_WITHOUT_AGENT = frozenset({"auto", "fargate", "hybrid"})


@pytest.mark.eks_control(
    "identity-pod-identity-agent",
    severity="critical",
    reads=("pod_identity_associations", "nodes", "pods"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html",
        "S3",
        "S4",
    ),
    applies="clusters with Pod Identity associations and Linux EC2 nodes outside Auto Mode, "
    "which has the agent built in",
)
def test_pod_identity_agent(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """The Pod Identity agent is ready on every node, where associations exist."""
    if not eks_snapshot.read("pod_identity_associations"):
        eks_findings.not_applicable(NO_ASSOCIATIONS)
    nodes = [node for node in on_ec2(eks_snapshot.read("nodes")) if needs_agent(node)]
    if not nodes:
        eks_findings.not_applicable("no ready Linux EC2 node outside Auto Mode")
    with_agent = agent_nodes(eks_snapshot.read("pods"))
    if not with_agent:
        _add_no_agent(eks_findings, f"cluster {eks_cluster.name}", "any node")
        return
    for node in nodes:
        name = node["metadata"]["name"]
        if name in with_agent:
            eks_findings.judged(node_resource(node))
        elif not is_young(node["metadata"]["creationTimestamp"]):
            _add_no_agent(eks_findings, node_resource(node), f"node {name}", node_owner(node))


def needs_agent(node: dict[str, Any]) -> bool:
    """Whether `node` has to run the agent: ready, Linux, and not one that EKS looks after."""
    labels = metadata(node, "labels")
    ready = condition(node, "Ready") or {}
    return (
        labels.get("kubernetes.io/os", "linux") == "linux"
        and labels.get("eks.amazonaws.com/compute-type") not in _WITHOUT_AGENT
        and ready.get("status") == "True"
    )


def agent_nodes(pods: list[dict[str, Any]]) -> set[str]:
    """Names of the nodes on which a pod of the agent is ready."""
    return {
        pod["spec"].get("nodeName", "")
        for pod in pods
        if any(image_name(c.get("image", "")) == AGENT_IMAGE for c in pod["spec"]["containers"])
        and _is_ready(pod)
    }


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _add_no_agent(findings: Findings, resource: str, where: str, owner: str | None = None) -> None:
    findings.add(
        resource,
        owner=owner,
        reason="agent-not-ready",
        symptom=f"pods with a Pod Identity association get no credentials on {where}: their "
        "request to 169.254.170.23 fails",
        cause="no pod of the EKS Pod Identity Agent is ready there",
        confirm="kubectl get pods -A -l app.kubernetes.io/name=eks-pod-identity-agent -o wide",
        fix="install the add-on eks-pod-identity-agent, or mend its pods",
    )


@pytest.mark.eks_control(
    "identity-pod-identity-association",
    severity="high",
    reads=("pod_identity_associations", "roles", "service_accounts", "simulations"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html",
        "S3",
        "S4",
    ),
    applies="clusters with Pod Identity associations",
)
def test_pod_identity_association(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """Each association's service account exists, and its roles let EKS Pod Identity assume them."""
    associations = eks_snapshot.read("pod_identity_associations")
    if not associations:
        eks_findings.not_applicable(NO_ASSOCIATIONS)
    names = [account["metadata"] for account in eks_snapshot.read("service_accounts")]
    existing = {(named["namespace"], named["name"]) for named in names}
    foreign = []
    for association in associations:
        resource = eks_findings.judged(account_resource(*association_key(association)))
        if association_key(association) not in existing:
            _add_no_account(eks_findings, resource, eks_cluster, association)
        _judge_role(eks_snapshot, eks_findings, resource, association)
        target = association.get("targetRoleArn")
        if target and account_of(target) != eks_cluster.account:
            foreign.append(target)
        if target:
            _judge_target(eks_snapshot, eks_findings, resource, association)
    if foreign and not eks_findings.findings:
        raise CouldNotRead(f"the trust policy of {foreign[0]}", "it is a role of another account")


def _add_no_account(
    findings: Findings, resource: str, cluster: EksCluster, association: dict[str, Any]
) -> None:
    findings.add(
        resource,
        severity="medium",
        reason="no-account",
        symptom=f"no pod gets {role_name(association['roleArn'])} by this association",
        cause="it names a service account that does not exist",
        confirm=f"aws eks describe-pod-identity-association --cluster-name {cluster.name} "
        f"--association-id {association['associationId']}",
        fix="make the service account, or associate the one that the pods use",
    )


def _judge_role(
    snapshot: Snapshot, findings: Findings, resource: str, association: dict[str, Any]
) -> None:
    arn = association["roleArn"]
    role = snapshot.read("roles").get(arn) or {"missing": True}
    if role["missing"]:
        findings.add(
            resource,
            reason="no-role",
            symptom="its pods get no AWS credentials: AssumeRoleForPodIdentity is denied",
            cause=f"the associated role {arn} does not exist",
            confirm=show_account(*association_key(association)),
            fix="make the role, or associate one that exists",
        )
        return
    lacking = lacking_actions(role["trust"], association)
    if lacking:
        findings.add(
            resource,
            reason="trust",
            symptom="its pods get no AWS credentials: AssumeRoleForPodIdentity is denied",
            cause=f"the trust policy of {role_name(arn)} does not allow {' and '.join(lacking)} "
            f"to {SERVICE}",
            confirm=show_trust(arn),
            fix=f"allow {SERVICE} sts:AssumeRole and sts:TagSession",
        )


def lacking_actions(trust: dict[str, Any], association: dict[str, Any]) -> list[str]:
    """What `trust` does not allow to EKS Pod Identity, of what the association asks."""
    wanted = [ASSUME] if association.get("disableSessionTags") else [ASSUME, TAG_SESSION]
    allowed = service_actions(trust, SERVICE)
    return [action for action in wanted if action not in allowed]


def _judge_target(
    snapshot: Snapshot, findings: Findings, resource: str, association: dict[str, Any]
) -> None:
    """Judge the second hop: from the associated role to the target role."""
    source, target = association["roleArn"], association["targetRoleArn"]
    roles = snapshot.read("roles")
    if roles.get(source, {"missing": True})["missing"]:
        return
    answer = snapshot.simulate(source, [ASSUME], target)
    if answer.get(ASSUME) != "allowed":
        cause = f"{role_name(source)} is not allowed sts:AssumeRole on {target}"
        _add_no_hop(findings, resource, target, cause, simulation_command(source, [ASSUME], target))
    found = roles.get(target)
    if found is None:
        return
    if found["missing"]:
        _add_no_hop(findings, resource, target, "it does not exist", show_trust(source))
    elif not trusts_role(found["trust"], source):
        cause = f"its trust policy does not admit {role_name(source)}"
        _add_no_hop(findings, resource, target, cause, show_trust(target))


def trusts_role(trust: dict[str, Any], arn: str) -> bool:
    """Whether a statement of `trust` lets the role `arn`, or its whole account, assume."""
    admitted = {arn, account_of(arn), f"{arn.partition(':role/')[0]}:root", "*"}
    for statement in as_list(trust.get("Statement")):
        principal = statement.get("Principal")
        named = principal.get("AWS") if isinstance(principal, dict) else principal
        actions = set(as_list(statement.get("Action")))
        if (
            statement.get("Effect") == "Allow"
            and actions & {ASSUME, "sts:*", "*"}
            and admitted & set(as_list(named))
        ):
            return True
    return False


def _add_no_hop(findings: Findings, resource: str, target: str, cause: str, confirm: str) -> None:
    findings.add(
        resource,
        reason="target-role",
        symptom=f"its pods do not get the target {role_resource(target)}",
        cause=cause,
        confirm=confirm,
        fix="allow the associated role sts:AssumeRole on the target, and let the target trust it",
    )

"""Controllers that call AWS: an identity of their own, with the rights that they need."""

from __future__ import annotations

from collections import defaultdict

import pytest

from pytest_eksconform import CouldNotRead, EksCluster, Findings, Snapshot
from pytest_eksconform.suites.support.controllers import (
    NO_CONTROLLERS,
    Needs,
    RunningController,
    controllers_of,
)
from pytest_eksconform.suites.support.iam_roles import (
    account_of,
    role_name,
    role_resource,
    simulation_command,
)
from pytest_eksconform.suites.support.service_accounts import (
    annotated_accounts,
    role_of_account,
    show_account,
)

EXCESS = ("iam:CreateAccessKey", "s3:DeleteBucket", "secretsmanager:GetSecretValue")
"""What no known controller needs: allowed only by policies for everything."""


def own_role(snapshot: Snapshot, running: RunningController) -> str | None:
    """ARN of the role that the controller's service account has, if any."""
    return role_of_account(
        running.namespace,
        running.service_account,
        snapshot.read("pod_identity_associations"),
        snapshot.read("service_accounts"),
    )


@pytest.mark.eks_control(
    "identity-dedicated-accounts",
    severity="high",
    reads=(
        "cluster",
        "deployments",
        "daemon_sets",
        "service_accounts",
        "pod_identity_associations",
        "node_groups",
    ),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
        "S0",
        "S2",
        "H",
    ),
    applies="clusters where a known controller that calls AWS runs",
)
def test_dedicated_accounts(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Each controller that calls AWS has a service account and a role that are its own."""
    controllers = controllers_of(eks_snapshot)
    if not controllers:
        eks_findings.not_applicable(NO_CONTROLLERS)
    users: dict[str, list[RunningController]] = defaultdict(list)
    for running in controllers:
        eks_findings.judged(running.resource)
        role = own_role(eks_snapshot, running)
        if running.service_account == "default":
            _add_default(eks_findings, running)
        elif role is None:
            _add_none(eks_snapshot, eks_findings, running)
        else:
            users[role].append(running)
    node_roles = {group.get("nodeRole") for group in eks_snapshot.read("node_groups")}
    for role, sharing in users.items():
        if role in node_roles or len({each.controller.title for each in sharing}) > 1:
            resources = sorted(each.resource for each in sharing)
            _add_shared(eks_findings, role, resources, nodes=role in node_roles)


def _add_default(findings: Findings, running: RunningController) -> None:
    findings.add(
        running.resource,
        reason="default-account",
        symptom=f"the {running.controller.title} runs as the service account default",
        cause="whatever is given to it, every pod in the namespace without an account of its own "
        "has too",
        confirm=_show(running),
        fix="make a service account for it, with a role of its own",
    )


def _show(running: RunningController) -> str:
    return f"kubectl -n {running.namespace} get {running.kind} {running.name} -o yaml"


def _add_none(snapshot: Snapshot, findings: Findings, running: RunningController) -> None:
    annotated = annotated_accounts(snapshot.read("service_accounts"))
    others = [a.name for a in annotated if a.namespace == running.namespace]
    beside = f" (annotated in its namespace: {', '.join(others)})" if others else ""
    findings.add(
        running.resource,
        severity="advice" if running.controller.on_node_role else "high",
        reason="no-own-role",
        symptom=f"the {running.controller.title} calls AWS as the node's role, which every pod "
        "with a way to IMDS can be, or not at all",
        cause=f"its service account {running.service_account} has neither a Pod Identity "
        f"association nor an annotation with a role{beside}",
        confirm=show_account(running.namespace, running.service_account),
        fix="give the service account a role of its own",
    )


def _add_shared(findings: Findings, role: str, resources: list[str], *, nodes: bool) -> None:
    others = "the nodes" if nodes else " and ".join(resources)
    for resource in resources:
        findings.add(
            resource,
            severity="medium",
            reason="shared-role",
            symptom=f"it has the rights of others: {role_name(role)} belongs to {others}",
            cause="one role is used for several purposes",
            confirm=f"aws iam get-role --role-name {role_name(role)}",
            fix="make a role for each, with only what it needs",
        )


@pytest.mark.eks_control(
    "identity-controller-permissions",
    severity="high",
    reads=(
        "cluster",
        "deployments",
        "daemon_sets",
        "service_accounts",
        "pod_identity_associations",
        "node_groups",
        "roles",
        "simulations",
    ),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
        "S2",
        "S3",
        "H",
    ),
    applies="clusters where a known controller that calls AWS runs with a role of its own; the "
    "VPC CNI also with the node's",
)
def test_controller_permissions(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """Each known controller's role allows the actions that it needs, and not everything."""
    open_questions = []
    for running in controllers_of(eks_snapshot):
        for role in _roles_of(eks_snapshot, running):
            if account_of(role) != eks_cluster.account:
                open_questions.append(f"{role}: it is a role of another account")
                continue
            eks_findings.judged(running.resource)
            open_questions += _judge_needs(eks_snapshot, eks_findings, eks_cluster, running, role)
            _judge_excess(eks_snapshot, eks_findings, running, role)
    if open_questions and not eks_findings.findings:
        raise CouldNotRead("what a controller may do", open_questions[0])
    if not eks_findings.resources:
        eks_findings.not_applicable("no known controller runs with a role that is its own")


def _roles_of(snapshot: Snapshot, running: RunningController) -> list[str]:
    role = own_role(snapshot, running)
    if role is None and running.controller.on_node_role:
        node_groups = snapshot.read("node_groups")
        return sorted({group["nodeRole"] for group in node_groups if group.get("nodeRole")})
    roles = snapshot.read("roles")
    # A role that is gone is told by the controls of IRSA and Pod Identity.
    return [] if role is None or roles.get(role, {}).get("missing") else [role]


def _judge_needs(
    snapshot: Snapshot,
    findings: Findings,
    cluster: EksCluster,
    running: RunningController,
    role: str,
) -> list[str]:
    """Judge what the controller needs, and give back what the simulator left open."""
    left_open = []
    for needs in (filled_in(each, cluster) for each in running.controller.needs):
        answers = snapshot.simulate(role, needs.actions, needs.resource, needs.context)
        denied = [action for action, said in answers.items() if said.endswith("Deny")]
        left_open += [
            f"a condition on {action} for {role_name(role)} asks for what only a request has"
            for action, said in answers.items()
            if said == "missingContext"
        ]
        if denied:
            _add_denied(findings, running, role, denied, needs.resource)
    return left_open


def filled_in(needs: Needs, cluster: EksCluster) -> Needs:
    """`needs` with the partition, region, account and name of `cluster`."""
    values = {
        "partition": cluster.arn.split(":")[1],
        "region": cluster.region,
        "account": cluster.account,
        "cluster": cluster.name,
    }
    context = {k.format(**values): v.format(**values) for k, v in needs.context.items()}
    return Needs(needs.actions, needs.resource.format(**values), context)


def _add_denied(
    findings: Findings, running: RunningController, role: str, denied: list[str], resource: str
) -> None:
    findings.add(
        running.resource,
        reason=f"denied-{denied[0]}",
        symptom=f"the {running.controller.title} is denied {', '.join(denied)}",
        cause=f"the policies of {role_resource(role)} do not allow it",
        confirm=simulation_command(role, denied, resource),
        fix=f"give the role the policy that the {running.controller.title} documents",
    )


def _judge_excess(
    snapshot: Snapshot, findings: Findings, running: RunningController, role: str
) -> None:
    actions = [*EXCESS, *running.controller.excess]
    answers = snapshot.simulate(role, actions)
    allowed = [action for action, said in answers.items() if said == "allowed"]
    if allowed:
        findings.add(
            running.resource,
            severity="medium",
            reason="too-broad",
            symptom=f"the {running.controller.title} may {', '.join(allowed)}: it never needs that",
            cause=f"a policy of {role_resource(role)} allows far more than the controller's own",
            confirm=simulation_command(role, allowed),
            fix=f"replace it by the policy that the {running.controller.title} documents",
        )

"""What the pod identity webhook put into the pods, and which of two identities wins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_eksconform import Findings, Snapshot
from pytest_eksconform.suites.support.iam_roles import role_name
from pytest_eksconform.suites.support.service_accounts import (
    AnnotatedAccount,
    account_resource,
    annotated_accounts,
    association_key,
    show_account,
)
from pytest_eksconform.suites.support.workloads import is_active, metadata, workload_of

NO_IDENTITIES = "no service account has an IAM role, by annotation or by association"


@pytest.mark.eks_control(
    "identity-precedence",
    severity="medium",
    reads=("service_accounts", "pod_identity_associations"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
        "S4",
    ),
    applies="clusters with annotated or associated service accounts",
)
def test_precedence(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """No service account gets its role in two ways at once."""
    annotated = {a.key: a for a in annotated_accounts(eks_snapshot.read("service_accounts"))}
    associated = {association_key(a): a for a in eks_snapshot.read("pod_identity_associations")}
    if not annotated and not associated:
        eks_findings.not_applicable(NO_IDENTITIES)
    for key in sorted({*annotated, *associated}):
        resource = eks_findings.judged(account_resource(*key))
        if key in annotated and key in associated:
            _add_both(eks_findings, resource, annotated[key], associated[key]["roleArn"])


def _add_both(
    findings: Findings, resource: str, account: AnnotatedAccount, associated: str
) -> None:
    same = account.role == associated
    findings.add(
        resource,
        severity="advice" if same else "medium",
        reason="two-identities",
        symptom=f"pods get {role_name(associated)} or {role_name(account.role)}, by when they "
        "were created",
        cause="the account has both a Pod Identity association and the annotation of IRSA; for a "
        "new pod the association wins, pods from before it keep the annotated role",
        confirm=show_account(account.namespace, account.name),
        fix="remove the annotation, or delete the association, and restart the pods",
    )


@dataclass(frozen=True)
class Identity:
    """What a pod of a service account must carry.

    Attributes:
        variables: environment variables; a value that is not None must be exactly that.
        audience: of its projected token.
        way: how the account gets its role, in words.
    """

    variables: Mapping[str, str | None]
    audience: str
    way: str


def irsa_identity(account: AnnotatedAccount) -> Identity:
    """What a pod of an annotated account must carry."""
    variables = {"AWS_ROLE_ARN": account.role, "AWS_WEB_IDENTITY_TOKEN_FILE": None}
    return Identity(variables, account.audience, "annotation")


POD_IDENTITY = Identity(
    {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": None,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": None,
    },
    "pods.eks.amazonaws.com",
    "association",
)


@pytest.mark.eks_control(
    "identity-pods-injected",
    severity="high",
    reads=("service_accounts", "pod_identity_associations", "pods"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html",
        "S1",
        "S3",
    ),
    applies="clusters with running pods of annotated or associated service accounts",
)
def test_pods_injected(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Running pods carry the variables and the token of the identity that their account has."""
    identities = expected_identities(
        eks_snapshot.read("service_accounts"), eks_snapshot.read("pod_identity_associations")
    )
    wrong: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for pod in eks_snapshot.read("pods"):
        identity = identities.get(_account(pod))
        # Fargate has no Pod Identity, so that the webhook leaves its pods alone.
        if identity is None or not is_active(pod) or _on_fargate(pod, identity):
            continue
        eks_findings.judged(workload_of(pod))
        if reason := problem_of(pod, identity):
            wrong[workload_of(pod), reason].append(pod)
    if not eks_findings.resources:
        eks_findings.not_applicable("no running pod uses an annotated or associated account")
    for (workload, reason), pods in wrong.items():
        _add_wrong(eks_findings, workload, reason, pods, identities[_account(pods[0])].way)


def expected_identities(
    service_accounts: Iterable[dict[str, Any]], associations: Iterable[dict[str, Any]]
) -> dict[tuple[str, str], Identity]:
    """By namespace and name of each account with a role; an association wins."""
    annotated = {a.key: irsa_identity(a) for a in annotated_accounts(service_accounts)}
    return {**annotated, **{association_key(a): POD_IDENTITY for a in associations}}


def _account(pod: dict[str, Any]) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName") or "default"


def _on_fargate(pod: dict[str, Any], identity: Identity) -> bool:
    labels = metadata(pod, "labels")
    return identity is POD_IDENTITY and "eks.amazonaws.com/fargate-profile" in labels


def problem_of(pod: dict[str, Any], identity: Identity) -> str | None:
    """What is wrong with a pod: ``not-injected``, ``other-role``, ``other-audience``, or None."""
    # One container is enough: others may be skipped on purpose, or added by later webhooks.
    environments = [_variables(container) for container in _containers(pod)]
    injected = [env for env in environments if set(identity.variables) <= set(env)]
    if not injected:
        return "not-injected"
    if not any(_agrees(env, identity) for env in injected):
        return "other-role"
    return None if identity.audience in audiences(pod) else "other-audience"


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]


def _variables(container: dict[str, Any]) -> dict[str, str | None]:
    return {v["name"]: v.get("value") for v in container.get("env") or []}


def _agrees(env: Mapping[str, str | None], identity: Identity) -> bool:
    # A variable that comes from elsewhere has no value here.
    return all(
        wanted is None or env[name] in (None, wanted) for name, wanted in identity.variables.items()
    )


def audiences(pod: dict[str, Any]) -> set[str]:
    """The audiences of the service account tokens that are projected into a pod."""
    return {
        source["serviceAccountToken"].get("audience", "")
        for volume in pod["spec"].get("volumes") or []
        for source in (volume.get("projected") or {}).get("sources") or []
        if source.get("serviceAccountToken")
    }


SYMPTOMS = {
    "not-injected": "pods run without the role of their service account",
    "other-role": "pods run with another role than the one their service account names",
    "other-audience": "pods carry no token with the audience of their service account's role",
}


def _add_wrong(
    findings: Findings, workload: str, reason: str, pods: list[dict[str, Any]], way: str
) -> None:
    named = pods[0]["metadata"]
    findings.add(
        workload,
        reason=reason,
        symptom=f"{len(pods)} {SYMPTOMS[reason]}, for example {named['name']}",
        cause=f"the webhook injects when a pod is created: they are older than the account's {way} "
        "(or its last change), or their template sets the variables itself",
        confirm=f"kubectl -n {named['namespace']} get pods "
        f"--field-selector metadata.name={named['name']} -o yaml",
        fix="restart the pods: kubectl rollout restart of their workload",
    )

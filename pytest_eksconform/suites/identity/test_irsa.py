"""IAM roles for service accounts: the cluster's OIDC provider and the roles' trust policies."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, EksCluster, Findings, Snapshot
from pytest_eksconform.suites.support.iam_roles import account_of, is_role, role_name, show_trust
from pytest_eksconform.suites.support.service_accounts import (
    AnnotatedAccount,
    annotated_accounts,
    show_account,
)
from pytest_eksconform.trust import WebIdentityTrust, web_identity_trusts

NO_ANNOTATIONS = "no service account has the annotation eks.amazonaws.com/role-arn"


@pytest.mark.eks_control(
    "identity-oidc-provider",
    severity="critical",
    reads=("cluster", "oidc_provider", "service_accounts"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html",
        "S0",
        "S3",
    ),
    applies="clusters with service accounts annotated for IRSA",
)
def test_oidc_provider(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """IAM has an OIDC provider for the cluster's issuer that accepts the tokens' audience."""
    accounts = annotated_accounts(eks_snapshot.read("service_accounts"))
    if not accounts:
        eks_findings.not_applicable(NO_ANNOTATIONS)
    resource = eks_findings.judged(f"cluster {eks_cluster.name}")
    provider = eks_snapshot.read("oidc_provider")
    if provider is None:
        eks_findings.add(
            resource,
            reason="no-provider",
            symptom="AssumeRoleWithWebIdentity fails for every annotated service account: "
            "No OpenIDConnect provider found",
            cause=f"IAM has no OIDC provider for the issuer {_issuer(eks_snapshot)}",
            confirm="aws iam list-open-id-connect-providers",
            fix="create the IAM OIDC provider with the issuer's URL and client id "
            "sts.amazonaws.com",
        )
        return
    for audience in sorted({account.audience for account in accounts}):
        if audience not in provider["ClientIDList"]:
            _add_audience(eks_findings, resource, provider["Arn"], audience)


def _issuer(snapshot: Snapshot) -> str:
    identity = snapshot.read("cluster").get("identity") or {}
    return str((identity.get("oidc") or {}).get("issuer", ""))


def _add_audience(findings: Findings, resource: str, provider: str, audience: str) -> None:
    findings.add(
        resource,
        reason=f"audience-{audience}",
        symptom="AssumeRoleWithWebIdentity fails: Incorrect token audience",
        cause=f"the OIDC provider does not have {audience} among its client ids",
        confirm="aws iam get-open-id-connect-provider --open-id-connect-provider-arn "
        f"{provider} --query 'ClientIDList'",
        fix=f"add the client id {audience} to the provider",
    )


@pytest.mark.eks_control(
    "identity-irsa-trust",
    severity="high",
    reads=("cluster", "roles", "service_accounts"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
        "S0",
        "S1",
        "S3",
    ),
    applies="clusters with service accounts annotated for IRSA",
)
def test_irsa_trust(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """Each annotated service account's role exists and trusts that account and no other."""
    accounts = annotated_accounts(eks_snapshot.read("service_accounts"))
    if not accounts:
        eks_findings.not_applicable(NO_ANNOTATIONS)
    partition = eks_cluster.arn.split(":")[1]
    issuer = _issuer(eks_snapshot).removeprefix("https://")
    provider = f"arn:{partition}:iam::{eks_cluster.account}:oidc-provider/{issuer}"
    roles, foreign = eks_snapshot.read("roles"), []
    for account in accounts:
        eks_findings.judged(account.resource)
        role = roles.get(account.role)
        if not is_role(account.role) or (role and role["missing"]):
            _add_no_role(eks_findings, account)
        elif role is None and account_of(account.role) != eks_cluster.account:
            foreign.append(account.role)
        else:
            _judge_trust(eks_findings, account, role or {}, provider)
    if foreign and not eks_findings.findings:
        raise CouldNotRead(f"the trust policy of {foreign[0]}", "it is a role of another account")


def _add_no_role(findings: Findings, account: AnnotatedAccount) -> None:
    findings.add(
        account.resource,
        reason="no-role",
        symptom="its pods get no AWS credentials: AssumeRoleWithWebIdentity is denied",
        cause=f"the annotated role {account.role} does not exist",
        confirm=show_account(account.namespace, account.name),
        fix="make the role, or put the right ARN (with its path) into the annotation",
    )


def _judge_trust(
    findings: Findings, account: AnnotatedAccount, role: dict[str, Any], provider: str
) -> None:
    trusts = [t for t in web_identity_trusts(role["trust"]) if t.provider == provider]
    admitting = [t for t in trusts if t.admits(account.subject)]
    if not trusts:
        cause = f"its trust policy does not name this cluster's OIDC provider {provider}"
        _add_untrusted(findings, account, "other-provider", cause)
    elif not admitting:
        cause = f"its trust policy admits {_subjects(trusts)}, not {account.subject}"
        _add_untrusted(findings, account, "other-subject", cause)
    elif not any(_takes(trust, account.audience) for trust in admitting):
        cause = f"its trust policy asks for another audience than {account.audience}"
        _add_untrusted(findings, account, "other-audience", cause)
    for trust in trusts:
        if problem := breadth(trust):
            _add_broad(findings, account, *problem)


def _takes(trust: WebIdentityTrust, audience: str) -> bool:
    return not trust.audiences or audience in trust.audiences


def _subjects(trusts: list[WebIdentityTrust]) -> str:
    return ", ".join(subject for trust in trusts for subject in trust.subjects)


def breadth(trust: WebIdentityTrust) -> tuple[str, str, str] | None:
    """How a statement lets in more than it should: reason, cause and severity; None if not."""
    if not trust.subjects:
        return "any-subject", "its trust policy has no condition on sub", "high"
    if trust.wildcard:
        subjects = ", ".join(trust.subjects)
        return "wildcard-subject", f"its condition on sub is a pattern: {subjects}", "medium"
    if not trust.audiences:
        return "any-audience", "its trust policy has no condition on aud", "medium"
    return None


def _add_untrusted(findings: Findings, account: AnnotatedAccount, reason: str, cause: str) -> None:
    findings.add(
        account.resource,
        reason=reason,
        symptom=f"its pods get no AWS credentials: {role_name(account.role)} denies "
        "AssumeRoleWithWebIdentity",
        cause=cause,
        confirm=show_trust(account.role),
        fix=f"let the trust policy admit exactly sub {account.subject} and aud {account.audience} "
        "of this cluster's provider",
    )


def _add_broad(
    findings: Findings, account: AnnotatedAccount, reason: str, cause: str, severity: str
) -> None:
    findings.add(
        account.resource,
        severity=severity,
        reason=reason,
        symptom=f"tokens other than this account's can assume {role_name(account.role)}",
        cause=cause,
        confirm=show_trust(account.role),
        fix=f"use StringEquals with sub {account.subject} and aud {account.audience}",
    )

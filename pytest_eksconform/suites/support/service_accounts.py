"""Service accounts that get an IAM role: by annotation (IRSA) or by association (Pod Identity)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pytest_eksconform.suites.support.workloads import metadata

ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
AUDIENCE_ANNOTATION = "eks.amazonaws.com/audience"
STS_AUDIENCE = "sts.amazonaws.com"


@dataclass(frozen=True)
class AnnotatedAccount:
    """A service account with the annotation of IRSA.

    Attributes:
        namespace: of the account.
        name: of the account.
        role: ARN in the annotation.
        audience: that its tokens carry.
    """

    namespace: str
    name: str
    role: str
    audience: str

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return (self.namespace, self.name)

    @property
    def resource(self) -> str:
        """As findings name it."""
        return account_resource(self.namespace, self.name)

    @property
    def subject(self) -> str:
        """The ``sub`` claim of its tokens."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"


def account_resource(namespace: str, name: str) -> str:
    """How findings name a service account."""
    return f"service account {namespace}/{name}"


def annotated_accounts(service_accounts: Iterable[dict[str, Any]]) -> list[AnnotatedAccount]:
    """The accounts that carry IRSA's annotation."""
    return [
        AnnotatedAccount(
            namespace=account["metadata"]["namespace"],
            name=account["metadata"]["name"],
            role=annotations[ROLE_ANNOTATION],
            audience=annotations.get(AUDIENCE_ANNOTATION) or STS_AUDIENCE,
        )
        for account in service_accounts
        if (annotations := metadata(account, "annotations")).get(ROLE_ANNOTATION)
    ]


def association_key(association: dict[str, Any]) -> tuple[str, str]:
    """Namespace and name of the service account that a Pod Identity association is for."""
    return (association["namespace"], association["serviceAccount"])


def role_of_account(
    namespace: str,
    name: str,
    associations: list[dict[str, Any]],
    service_accounts: list[dict[str, Any]],
) -> str | None:
    """ARN of the role that a service account gets: Pod Identity first, then its annotation."""
    for association in associations:
        if association_key(association) == (namespace, name):
            return str(association.get("targetRoleArn") or association["roleArn"])
    roles = {account.key: account.role for account in annotated_accounts(service_accounts)}
    return roles.get((namespace, name))


def accounts_with_role(
    service_accounts: Iterable[dict[str, Any]], associations: Iterable[dict[str, Any]]
) -> set[tuple[str, str]]:
    """Namespace and name of the service accounts that have an IAM role of their own."""
    annotated = {account.key for account in annotated_accounts(service_accounts)}
    return annotated | {association_key(association) for association in associations}


def show_account(namespace: str, name: str) -> str:
    """A command that shows a service account."""
    return f"kubectl -n {namespace} get serviceaccount {name} -o yaml"

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


def show_account(namespace: str, name: str) -> str:
    """A command that shows a service account."""
    return f"kubectl -n {namespace} get serviceaccount {name} -o yaml"

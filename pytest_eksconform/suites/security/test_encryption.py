"""The customer key that encrypts Secrets."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform import EksCluster, Expectations, Findings, Snapshot


@pytest.mark.eks_control(
    "security-secrets-encryption",
    severity="critical",
    reads=("cluster", "secrets_key"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/envelope-encryption.html",
        "S4",
        "K",
        "W",
    ),
    applies="clusters with a customer KMS key for Secrets, or where security.secrets_key asks "
    "for one; EKS encrypts with a key of its own otherwise",
)
def test_secrets_encryption(
    eks_snapshot: Snapshot,
    eks_findings: Findings,
    eks_expectations: Expectations,
    eks_cluster: EksCluster,
) -> None:
    """The KMS key that encrypts Secrets can be used, and there is one if the team wants it."""
    key = eks_snapshot.read("secrets_key")
    resource = f"cluster {eks_cluster.name}"
    if key is not None:
        eks_findings.judged(resource)
        _judge_key(eks_findings, resource, key)
    elif eks_expectations.get("security.secrets_key"):
        eks_findings.add(
            resource,
            severity="medium",
            reason="no-customer-key",
            symptom="no customer KMS key encrypts the Secrets",
            cause="the cluster has no encryptionConfig; EKS uses a key of its own",
            confirm=f"aws eks describe-cluster --name {eks_cluster.name} "
            "--query 'cluster.encryptionConfig'",
            fix="associate an encryption config with a KMS key (it can not be taken off again)",
        )
    else:
        eks_findings.not_applicable(
            "no customer KMS key is set and security.secrets_key does not ask for one"
        )


def _judge_key(findings: Findings, resource: str, key: dict[str, Any]) -> None:
    state = key.get("KeyState", "")
    usage = key.get("KeyUsage", "ENCRYPT_DECRYPT")
    if state == "Enabled" and usage == "ENCRYPT_DECRYPT":
        return
    wrong = f"is {state}" if state != "Enabled" else f"is for {usage} only"
    findings.add(
        resource,
        reason="key-unusable",
        symptom=f"the KMS key {key['Arn']} of the Secrets {wrong}",
        cause="the API server can neither read nor write Secrets without it; if the key is "
        "deleted they are lost",
        confirm=f"aws kms describe-key --key-id {key['Arn']} --query 'KeyMetadata.KeyState'",
        fix="enable the key, or cancel its deletion, now",
    )

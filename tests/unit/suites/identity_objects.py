"""Literal IAM and Kubernetes objects of the identity controls' tests."""

from __future__ import annotations

from typing import Any

ACCOUNT = "111122223333"
ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
CLUSTER = {
    "name": "prod",
    "arn": f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/prod",
    "status": "ACTIVE",
    "roleArn": f"arn:aws:iam::{ACCOUNT}:role/cluster",
    "identity": {"oidc": {"issuer": f"https://{ISSUER}"}},
    "accessConfig": {"authenticationMode": "API"},
    "kubernetesNetworkConfig": {"ipFamily": "ipv4"},
}


def role_arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def role(trust: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    found = {"missing": False, "created": "2026-01-01T00:00:00+00:00", "attached": [], "inline": []}
    return {**found, "trust": trust or {"Statement": []}, **more}


def irsa_trust(
    namespace: str = "shop",
    name: str = "orders",
    *,
    provider: str = PROVIDER,
    operator: str = "StringEquals",
    **conditions: str,
) -> dict[str, Any]:
    """A trust for one account; ``sub=""`` or ``aud=""`` leaves that condition out."""
    wanted = {
        "sub": f"system:serviceaccount:{namespace}:{name}",
        "aud": "sts.amazonaws.com",
        **conditions,
    }
    pairs = {f"{ISSUER}:{key}": value for key, value in wanted.items() if value}
    return {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {operator: pairs},
            }
        ]
    }


def service_trust(service: str, *actions: str) -> dict[str, Any]:
    principal = {"Service": service}
    allowed = list(actions) or ["sts:AssumeRole"]
    return {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": allowed}]}


def account(name: str = "orders", namespace: str = "shop", role: str | None = None) -> Any:
    annotations = {"eks.amazonaws.com/role-arn": role} if role else {}
    return {"metadata": {"namespace": namespace, "name": name, "annotations": annotations}}


def association(
    name: str = "billing", namespace: str = "shop", role: str = "billing", **more: Any
) -> dict[str, Any]:
    return {
        "namespace": namespace,
        "serviceAccount": name,
        "roleArn": role_arn(role),
        "associationId": "a-1",
        **more,
    }


def workload(
    image: str,
    name: str = "cluster-autoscaler",
    account: str | None = "cluster-autoscaler",
    args: tuple[str, ...] = (),
    **status: int,
) -> dict[str, Any]:
    spec = {"serviceAccountName": account, "containers": [{"image": image, "args": list(args)}]}
    return {
        "metadata": {"namespace": "kube-system", "name": name},
        "spec": {"template": {"spec": spec}},
        "status": status,
    }

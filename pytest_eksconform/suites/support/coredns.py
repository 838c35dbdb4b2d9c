"""CoreDNS as EKS runs it: a Deployment of kube-system with the label ``k8s-app: kube-dns``."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.suites.support.workloads import is_active, metadata

COREDNS = "deployment kube-system/coredns"


def coredns_deployment(deployments: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The Deployment, if there is one."""
    for item in deployments:
        if item["metadata"]["name"] == "coredns" and item["metadata"]["namespace"] == "kube-system":
            return item
    return None


def coredns_pods(pods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Its pods that are to run."""
    return [
        pod
        for pod in pods
        if pod["metadata"]["namespace"] == "kube-system"
        and metadata(pod, "labels").get("k8s-app") == "kube-dns"
        and is_active(pod)
    ]


def selects(budget: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a PodDisruptionBudget of kube-system selects pods with `labels`."""
    if budget["metadata"]["namespace"] != "kube-system":
        return False
    selector = budget["spec"].get("selector") or {}
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or []
    return all(labels.get(k) == v for k, v in wanted.items()) and all(
        _matches(expression, labels) for expression in expressions
    )


def _matches(expression: dict[str, Any], labels: dict[str, str]) -> bool:
    value = labels.get(expression["key"])
    values = expression.get("values") or []
    return {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }[expression["operator"]]


def corefile_plugins(corefile: str) -> set[str]:
    """First word of each line of a Corefile, comments left out."""
    lines = (line.split("#", 1)[0].split() for line in corefile.splitlines())
    return {words[0] for words in lines if words}

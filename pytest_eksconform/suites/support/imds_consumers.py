"""Who asks IMDS for something: known controllers, by their image, and what they ask it for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_eksconform.suites.support.versions import image_name
from pytest_eksconform.suites.support.workloads import controller_of, is_active

REGION_VARIABLES = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION"})
CREDENTIAL_VARIABLES = frozenset(
    {"AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_FULL_URI"}
)
CALLS_AWS = frozenset(
    {
        "aws-ebs-csi-driver",
        "aws-efs-csi-driver",
        "aws-for-fluent-bit",
        "aws-load-balancer-controller",
        "aws-node-termination-handler",
        "cloudwatch-agent",
        "cluster-autoscaler",
        "external-dns",
        "external-secrets",
        "karpenter-controller",
    }
)
"""Images whose program calls AWS APIs with credentials."""
_NODE_PLUGINS = frozenset({"aws-ebs-csi-driver", "aws-efs-csi-driver"})
_NEEDS_REGION = frozenset(
    {"aws-load-balancer-controller", "cluster-autoscaler", "karpenter-controller"}
)
_NEEDS_VPC = frozenset({"aws-load-balancer-controller"})


def known_consumers(pods: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Active pods on the pod network whose program calls AWS."""
    return [
        pod
        for pod in pods
        if is_active(pod) and not pod["spec"].get("hostNetwork") and _program(pod) is not None
    ]


def needs_of(pod: dict[str, Any], with_role: set[tuple[str, str]]) -> list[str]:
    """What the known consumer `pod` must ask IMDS for: ``credentials``, ``region``, ``VPC id``."""
    program, container = _program(pod) or ("", {})
    variables = _variables(container)
    needs = []
    account = (pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName", "default"))
    if account not in with_role and not variables & CREDENTIAL_VARIABLES:
        needs.append("credentials")
    if program in _NEEDS_REGION and not (
        variables & REGION_VARIABLES or _has_flag(container, "--aws-region")
    ):
        needs.append("region")
    if program in _NEEDS_VPC and not (
        _has_flag(container, "--aws-vpc-id") or _has_flag(container, "--aws-vpc-tags")
    ):
        needs.append("VPC id")
    return needs


def _program(pod: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    controller = controller_of(pod)
    on_each_node = controller is not None and controller[0] == "DaemonSet"
    for container in pod["spec"].get("containers") or []:
        name = _program_name(container.get("image", ""))
        if name in CALLS_AWS and not (on_each_node and name in _NODE_PLUGINS):
            return name, container
    return None


def _program_name(image: str) -> str:
    # Karpenter's image is called "controller", as that of many others.
    name = image_name(image)
    return "karpenter-controller" if f"karpenter/{name}" in image else name


def _variables(container: dict[str, Any]) -> set[str]:
    # An empty value counts as unset, as the SDKs take it.
    return {v["name"] for v in container.get("env") or [] if v.get("value") != ""}


def _has_flag(container: dict[str, Any], flag: str) -> bool:
    arguments = [*(container.get("command") or []), *(container.get("args") or [])]
    return any(str(a) == flag or str(a).startswith(f"{flag}=") for a in arguments)

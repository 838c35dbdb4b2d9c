"""What the cloud asks of the machines around it: control planes, add-on workloads, nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True)
class ControlPlaneFacts:
    """What DescribeCluster tells of a running control plane.

    Attributes:
        endpoint: ``https://127.0.0.1:PORT`` of the API server.
        certificate_authority_pem: the CA that signed the API server's certificate, PEM.
        issuer: the OIDC issuer URL that the API server puts into service account tokens.
        platform_version: for example ``eks.9``.
    """

    endpoint: str
    certificate_authority_pem: bytes
    issuer: str
    platform_version: str


@dataclass(frozen=True)
class Issue:
    """A health issue of an add-on, in EKS's words (``InsufficientNumberOfReplicas`` …)."""

    code: str
    message: str
    resource_ids: tuple[str, ...] = ()


class ControlPlaneProvider(Protocol):
    """Starts and stops the control plane behind a cluster."""

    def create(self, cluster_name: str, version: str) -> ControlPlaneFacts:
        """Start a control plane of that Kubernetes minor; may block until it is ready."""

    def delete(self, cluster_name: str) -> None:
        """Stop the control plane and forget its state."""


class AddonWorkloads(Protocol):
    """Puts the workloads of add-ons into the cluster and reads their health."""

    def apply(
        self,
        cluster_name: str,
        addon_name: str,
        addon_version: str,
        configuration: dict[str, Any],
        service_account_role_arn: str | None,
    ) -> None:
        """Create or update the workloads of one add-on."""

    def remove(self, cluster_name: str, addon_name: str, preserve: bool) -> None:
        """Delete the workloads, or leave them self-managed when ``preserve`` is set."""

    def health(self, cluster_name: str, addon_name: str) -> tuple[bool, list[Issue]]:
        """Say whether the workloads are ready, with the issues that stop them."""


@runtime_checkable
class NodeGroupNodes(Protocol):
    """Counts the Ready nodes of a node group."""

    def ready(self, cluster_name: str, nodegroup_name: str) -> int:
        """Return how many nodes of the group are Ready."""

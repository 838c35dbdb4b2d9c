"""The Kubernetes sections, and what of each object never enters the snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_eksconform.errors import CouldNotRead
from pytest_eksconform.snapshot.field_owners import spec_owners
from pytest_eksconform.snapshot.sections import Reader, Rights, Section

CONFIG_MAPS = ("aws-auth", "cluster-autoscaler-status", "coredns")
"""ConfigMaps of kube-system whose data may be read, none else."""
PLAIN_VARIABLES = frozenset(
    {
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_ROLE_ARN",
        "AWS_STS_REGIONAL_ENDPOINTS",
        "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "ENABLE_POD_ENI",
        "ENABLE_PREFIX_DELEGATION",
        "MINIMUM_IP_TARGET",
        "WARM_ENI_TARGET",
        "WARM_IP_TARGET",
        "WARM_PREFIX_TARGET",
        "AWS_VPC_K8S_CNI_EXTERNALSNAT",
        "ENI_CONFIG_LABEL_DEF",
    }
)
"""Environment variables whose value is kept, as they are settings; of others only the name is."""
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def sanitized(item: dict[str, Any]) -> dict[str, Any]:
    """`item` without managed fields, last-applied annotation and the values of its variables."""
    metadata = dict(item.get("metadata") or {})
    metadata.pop("managedFields", None)
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(_LAST_APPLIED, None)
    metadata["annotations"] = annotations
    clean = {**item, "metadata": metadata}
    for pod_spec in _pod_specs(clean):
        for container in _containers(pod_spec):
            container["env"] = [_variable(v) for v in container.get("env") or []]
    return clean


def _pod_specs(item: dict[str, Any]) -> list[dict[str, Any]]:
    spec = item.get("spec") or {}
    template = (spec.get("template") or {}).get("spec")
    return [s for s in (spec, template) if isinstance(s, dict)]


def _containers(pod_spec: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = ("containers", "initContainers", "ephemeralContainers")
    return [container for kind in kinds for container in pod_spec.get(kind) or []]


def _variable(variable: dict[str, Any]) -> dict[str, Any]:
    kept = {"name": variable["name"]}
    if variable["name"] in PLAIN_VARIABLES and "value" in variable:
        kept["value"] = variable["value"]
    return kept


def _version(reader: Reader) -> Any:
    return reader.kube.get("/version")


def _list(path: str, *, metadata_only: bool = False, **query: str) -> Callable[[Reader], Any]:
    def load(reader: Reader) -> Any:
        found = reader.kube.list(path, metadata_only=metadata_only, **query)
        return [sanitized(item) for item in found]

    return load


def _config_maps(reader: Reader) -> Any:
    """The ConfigMaps in `CONFIG_MAPS` that exist, by name."""

    def load(name: str) -> Any:
        path = f"/api/v1/namespaces/kube-system/configmaps/{name}"
        try:
            return name, sanitized(reader.kube.get(path))
        except CouldNotRead as error:
            if error.answer.endswith("404"):
                return name, None
            raise

    return {name: found for name, found in reader.each(load, CONFIG_MAPS) if found}


def _eni_configs(reader: Reader) -> Any:
    """The VPC CNI's ENIConfigs; None where their CRD is not installed."""
    try:
        return _list("/apis/crd.k8s.amazonaws.com/v1alpha1/eniconfigs")(reader)
    except CouldNotRead as error:
        if error.answer.endswith("404"):
            return None
        raise


def _addon_field_owners(reader: Reader) -> Any:
    """Who set the fields of kube-system's workloads, as ``daemonset kube-system/aws-node``."""
    owners = {}
    for kind in ("daemonset", "deployment"):
        path = f"/apis/apps/v1/namespaces/kube-system/{kind}s"
        for item in reader.kube.list(path, metadata_only=True):
            owners[f"{kind} kube-system/{item['metadata']['name']}"] = spec_owners(item)
    return owners


def _section(name: str, about: str, path: str, **how: Any) -> Section:
    group, resource = _group_and_resource(path)
    rule = f"list {resource}.{group}" if group else f"list {resource}"
    return Section(name, about, _list(path, **how), Rights(rbac=(rule,)))


def _group_and_resource(path: str) -> tuple[str, str]:
    parts = path.strip("/").split("/")
    return ("", parts[2]) if parts[0] == "api" else (parts[1], parts[3])


SECTIONS = (
    Section("kubernetes_version", "the API server's version", _version),
    Section(
        "config_maps",
        "the ConfigMaps of kube-system that the project names",
        _config_maps,
        Rights(rbac=tuple(f"get configmaps/{name}" for name in CONFIG_MAPS)),
    ),
    Section(
        "addon_field_owners",
        "who set the fields of kube-system's workloads",
        _addon_field_owners,
        Rights(rbac=("list daemonsets.apps", "list deployments.apps")),
    ),
    _section("nodes", "the Nodes", "/api/v1/nodes"),
    _section("pods", "the pods", "/api/v1/pods"),
    _section("namespaces", "the namespaces", "/api/v1/namespaces"),
    _section("services", "the Services", "/api/v1/services"),
    _section(
        "service_accounts", "the service accounts", "/api/v1/serviceaccounts", metadata_only=True
    ),
    _section(
        "warning_events", "the Warning events", "/api/v1/events", fieldSelector="type=Warning"
    ),
    _section("deployments", "the Deployments", "/apis/apps/v1/deployments"),
    _section("daemon_sets", "the DaemonSets", "/apis/apps/v1/daemonsets"),
    _section("stateful_sets", "the StatefulSets", "/apis/apps/v1/statefulsets"),
    _section(
        "replica_sets", "the ReplicaSets' metadata", "/apis/apps/v1/replicasets", metadata_only=True
    ),
    _section(
        "pod_disruption_budgets", "the PodDisruptionBudgets", "/apis/policy/v1/poddisruptionbudgets"
    ),
    _section("storage_classes", "the StorageClasses", "/apis/storage.k8s.io/v1/storageclasses"),
    _section(
        "cluster_roles", "the ClusterRoles", "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    ),
    _section(
        "cluster_role_bindings",
        "the ClusterRoleBindings",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    ),
    _section("roles_of_namespaces", "the Roles", "/apis/rbac.authorization.k8s.io/v1/roles"),
    _section(
        "role_bindings", "the RoleBindings", "/apis/rbac.authorization.k8s.io/v1/rolebindings"
    ),
    Section(
        "eni_configs",
        "the VPC CNI's ENIConfigs",
        _eni_configs,
        Rights(rbac=("list eniconfigs.crd.k8s.amazonaws.com",)),
    ),
)

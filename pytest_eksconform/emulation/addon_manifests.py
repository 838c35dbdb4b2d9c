"""The objects of the add-ons, from the manifests in ``data/manifests`` and the configuration."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from importlib.resources import files
from string import Template
from typing import Any

import yaml

Object = dict[str, Any]

_REGISTRY_ACCOUNT = "602401143452"
_ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
_POD_FIELDS = ("affinity", "nodeSelector", "tolerations", "topologySpreadConstraints")


class Manifests:
    """The add-ons' manifests for one cluster.

    Args:
        region: where images come from.
        cluster_name: the cluster that agents are told of.
    """

    def __init__(self, region: str, cluster_name: str) -> None:
        self._region = region
        self._cluster_name = cluster_name

    def objects(
        self,
        addon_name: str,
        addon_version: str,
        configuration: Mapping[str, Any],
        service_account_role_arn: str | None,
    ) -> list[Object]:
        """The objects of an add-on, configured; empty for an add-on that has no manifest here."""
        text = manifest_text(addon_name)
        if text is None:
            return []
        values = {
            "REGISTRY": f"{_REGISTRY_ACCOUNT}.dkr.ecr.{self._region}.amazonaws.com",
            "REGION": self._region,
            "CLUSTER": self._cluster_name,
            "VERSION": addon_version,
        }
        objects = list(yaml.load(Template(text).substitute(values), yaml.CSafeLoader))
        return [_configured(item, configuration, service_account_role_arn) for item in objects]


@functools.cache
def manifest_text(addon_name: str) -> str | None:
    """The manifest of an add-on, with placeholders, or None if there is none."""
    file = files("pytest_eksconform.emulation") / "data" / "manifests" / f"{addon_name}.yaml"
    return file.read_text("utf-8") if file.is_file() else None


def _configured(item: Object, configuration: Mapping[str, Any], role_arn: str | None) -> Object:
    item = copy.deepcopy(item)
    configure = _CONFIGURE.get(item["kind"])
    if configure is not None:
        configure(item, configuration)
    if item["kind"] == "ServiceAccount" and role_arn:
        item["metadata"].setdefault("annotations", {})[_ROLE_ANNOTATION] = role_arn
    return item


def _configure_workload(item: Object, configuration: Mapping[str, Any]) -> None:
    template = item["spec"]["template"]
    if item["kind"] == "Deployment" and "replicaCount" in configuration:
        item["spec"]["replicas"] = int(configuration["replicaCount"])
    template["spec"] |= {name: configuration[name] for name in _POD_FIELDS if name in configuration}
    template["metadata"]["labels"] |= configuration.get("podLabels", {})
    if configuration.get("podAnnotations"):
        template["metadata"]["annotations"] = dict(configuration["podAnnotations"])
    container = template["spec"]["containers"][0]
    if "resources" in configuration:
        container["resources"] = configuration["resources"]
    _set_environment(container, configuration.get("env") or {})


def _set_environment(container: Object, values: Mapping[str, Any]) -> None:
    present = {variable["name"]: variable for variable in container.get("env", ())}
    present |= {name: {"name": name, "value": str(value)} for name, value in values.items()}
    if present:
        container["env"] = list(present.values())


def _configure_config_map(item: Object, configuration: Mapping[str, Any]) -> None:
    if "corefile" in configuration and "Corefile" in item["data"]:
        item["data"]["Corefile"] = configuration["corefile"]


_CONFIGURE: dict[str, Callable[[Object, Mapping[str, Any]], None]] = {
    "Deployment": _configure_workload,
    "DaemonSet": _configure_workload,
    "ConfigMap": _configure_config_map,
}

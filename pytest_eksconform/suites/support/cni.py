"""The VPC CNI's settings: environment of the aws-node container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CniSettings:
    """How aws-node is set.

    Attributes:
        variables: its environment, as far as the snapshot keeps the values.
    """

    variables: Mapping[str, str]

    def on(self, name: str) -> bool:
        """Whether the switch `name` is true."""
        return self.variables.get(name, "false").lower() == "true"

    def number(self, name: str) -> int | None:
        """The value of `name`, if it is set to a number."""
        value = self.variables.get(name, "")
        return int(value) if value.lstrip("-").isdigit() else None

    @property
    def prefixes(self) -> bool:
        """Whether each interface gets /28 prefixes instead of single addresses."""
        return self.on("ENABLE_PREFIX_DELEGATION")

    @property
    def custom_networking(self) -> bool:
        """Whether pods get addresses from the subnets of ENIConfigs."""
        return self.on("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG")


def aws_node(daemon_sets: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The VPC CNI's DaemonSet; None where another CNI runs, or EKS runs it out of sight."""
    for item in daemon_sets:
        if (
            item["metadata"]["name"] == "aws-node"
            and item["metadata"]["namespace"] == "kube-system"
        ):
            return item
    return None


def cni_settings(daemon_set: dict[str, Any]) -> CniSettings:
    """The settings of the container ``aws-node``."""
    for container in daemon_set["spec"]["template"]["spec"]["containers"]:
        if container["name"] == "aws-node":
            return CniSettings({v["name"]: v.get("value", "") for v in container.get("env") or []})
    return CniSettings({})

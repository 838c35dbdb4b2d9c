"""Launch templates: which version each group of nodes uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_eksconform.suites.support.instances import autoscaling_group_owner


@dataclass(frozen=True)
class TemplateInUse:
    """One version of a launch template, and who uses it.

    Attributes:
        id: of the template.
        number: version number.
        owner: ``node group NAME`` or ``Auto Scaling group NAME``.
        data: its LaunchTemplateData, with ``UserDataDigest`` in place of the user data.
    """

    id: str
    number: int
    owner: str
    data: dict[str, Any]

    @property
    def resource(self) -> str:
        """How findings name it."""
        return f"launch template {self.id} version {self.number}"

    @property
    def confirm(self) -> str:
        """The start of a command that shows it."""
        return (
            f"aws ec2 describe-launch-template-versions --launch-template-id {self.id} "
            f"--versions {self.number}"
        )


def asg_template(group: dict[str, Any]) -> dict[str, Any]:
    """Id and version of an Auto Scaling group's template, mixed instances included; else empty."""
    mixed = (group.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    found: dict[str, Any] = (
        group.get("LaunchTemplate") or mixed.get("LaunchTemplateSpecification") or {}
    )
    return found


def launching_templates(
    groups: list[dict[str, Any]], versions: Mapping[str, dict[str, Any]]
) -> list[TemplateInUse]:
    """What each Auto Scaling group launches from: for a managed node group, the one EKS made."""
    found = []
    for group in groups:
        template = asg_template(group)
        version = _version(versions, template.get("LaunchTemplateId"), template.get("Version"))
        if version is not None:
            found.append(_in_use(version, autoscaling_group_owner(group)))
    return found


def written_templates(
    groups: list[dict[str, Any]],
    node_groups: list[dict[str, Any]],
    versions: Mapping[str, dict[str, Any]],
) -> list[TemplateInUse]:
    """The templates that people wrote: of node groups, and of groups that EKS does not manage."""
    found = []
    for node_group in node_groups:
        template = node_group.get("launchTemplate") or {}
        version = _version(versions, template.get("id"), template.get("version"))
        if version is not None:
            found.append(_in_use(version, f"node group {node_group['nodegroupName']}"))
    self_managed = [g for g in groups if not autoscaling_group_owner(g).startswith("node group")]
    return found + launching_templates(self_managed, versions)


def _version(
    versions: Mapping[str, dict[str, Any]], template: str | None, number: Any
) -> dict[str, Any] | None:
    return versions.get(f"{template}:{number or '$Default'}")


def _in_use(version: dict[str, Any], owner: str) -> TemplateInUse:
    return TemplateInUse(
        version["LaunchTemplateId"], version["VersionNumber"], owner, version["LaunchTemplateData"]
    )

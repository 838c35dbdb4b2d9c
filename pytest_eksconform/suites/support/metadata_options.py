"""IMDS settings in force: of instances, and of what a launch template would start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_eksconform import Snapshot
from pytest_eksconform.suites.support.instances import instance_owner
from pytest_eksconform.suites.support.launch_templates import TemplateInUse, launching_templates

SECTIONS = ("instances", "autoscaling_groups", "launch_templates", "metadata_defaults", "images")
"""What `metadata_settings` reads."""


@dataclass(frozen=True)
class MetadataSettings:
    """How IMDS answers on one instance, or would on one made from a template.

    Attributes:
        resource: ``instance i-…`` or ``launch template lt-… version N``.
        owner: the stable thing behind it.
        tokens: HttpTokens: ``required`` or ``optional``.
        hop_limit: HttpPutResponseHopLimit.
        enabled: whether IMDS answers at all (HttpEndpoint).
        confirm: a command that shows the settings.
        profile: name of the instance profile, if known.
    """

    resource: str
    owner: str
    tokens: str
    hop_limit: int
    enabled: bool
    confirm: str
    profile: str = "of the node"

    @property
    def blocks_pods(self) -> bool:
        """Whether a pod on the pod network gets nothing: no token reaches it and it needs one."""
        return not self.enabled or (self.tokens == "required" and self.hop_limit < 2)


def metadata_settings(snapshot: Snapshot) -> list[MetadataSettings]:
    """The settings of every instance and of every template that a group launches from.

    A control that calls this declares `SECTIONS` in its ``reads``. The account's defaults and
    the AMIs are read only when a template is silent.
    """
    instances = [of_instance(i) for i in snapshot.read("instances")]
    templates = launching_templates(
        snapshot.read("autoscaling_groups"), snapshot.read("launch_templates")
    )
    return instances + [
        of_template(t, lambda: snapshot.read("metadata_defaults"), lambda: snapshot.read("images"))
        for t in templates
    ]


def of_instance(instance: dict[str, Any]) -> MetadataSettings:
    """The settings that EC2 reports of a running instance."""
    options = instance.get("MetadataOptions") or {}
    profile = (instance.get("IamInstanceProfile") or {}).get("Arn", "of the node")
    return MetadataSettings(
        resource=f"instance {instance['InstanceId']}",
        owner=instance_owner(instance),
        tokens=options.get("HttpTokens", "optional"),
        hop_limit=options.get("HttpPutResponseHopLimit", 1),
        enabled=options.get("HttpEndpoint", "enabled") == "enabled",
        confirm=f"aws ec2 describe-instances --instance-ids {instance['InstanceId']} "
        "--query 'Reservations[].Instances[].MetadataOptions'",
        profile=profile.rsplit("/", 1)[-1],
    )


def of_template(
    template: TemplateInUse,
    account_defaults: Callable[[], Mapping[str, Any]],
    images: Callable[[], Mapping[str, Mapping[str, Any]]],
) -> MetadataSettings:
    """The settings that an instance would get: the template's, else the account's, else the AMI's.

    Args:
        template: the version in use.
        account_defaults: gives the account's defaults; called only if the template is silent.
        images: gives the AMIs by id; called only if the template is silent.
    """
    options = dict(template.data.get("MetadataOptions") or {})
    if not {"HttpTokens", "HttpPutResponseHopLimit"} <= set(options):
        image = images().get(template.data.get("ImageId", ""), {})
        options = {**_of_image(image), **_said(account_defaults()), **_said(options)}
    return MetadataSettings(
        resource=template.resource,
        owner=template.owner,
        tokens=options["HttpTokens"],
        hop_limit=options["HttpPutResponseHopLimit"],
        enabled=options.get("HttpEndpoint", "enabled") == "enabled",
        confirm=template.confirm
        + " --query 'LaunchTemplateVersions[].LaunchTemplateData.MetadataOptions'",
    )


def _of_image(image: Mapping[str, Any]) -> dict[str, Any]:
    v2 = image.get("ImdsSupport") == "v2.0"
    return {
        "HttpTokens": "required" if v2 else "optional",
        "HttpPutResponseHopLimit": 2 if v2 else 1,
    }


def _said(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that state something: ``no-preference`` and -1 do not."""
    return {k: v for k, v in options.items() if v not in (None, "no-preference", -1)}

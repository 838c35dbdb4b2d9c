"""moto's EC2 with what it leaves out: launch-template options, metadata defaults, EKS images."""

from __future__ import annotations

from typing import Any

from moto.ec2 import urls as ec2_urls
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.amis import Ami

from . import eks_images
from .metadata import IMAGE_DEFAULTS, METADATA_OPTIONS

DEFAULT_DISK_GIB = 20


class EksAwareEc2Backend(EC2Backend):
    """EC2 of one account and region."""

    _url_module = ec2_urls

    def __init__(self, region_name: str, account_id: str) -> None:
        self.metadata_defaults: dict[str, Any] = {}
        super().__init__(region_name, account_id)

    def _load_amis(self) -> None:
        for _, kind, name in eks_images.catalogue():
            image: Any = Ami(
                self,
                eks_images.image_id(name),
                name=name,
                description=f"EKS-optimized Kubernetes node image: {kind}",
                owner_id=eks_images.AMI_ACCOUNT,
                owner_alias="amazon",
                public=True,
                virtualization_type="hvm",
                architecture=eks_images.AMI_VARIANTS[kind][1],
                hypervisor="xen",
                root_device_type="ebs",
                root_device_name="/dev/xvda",
                image_location=f"amazon/{name}",
            )
            image.imds_support = None if kind.startswith("AL2_") else "v2.0"
            self.amis[image.id] = image

    def run_instances(
        self,
        image_id: str,
        count: int,
        user_data: Any,
        security_group_names: list[str],
        **options: Any,
    ) -> Any:
        """Run instances, with everything their launch template says."""
        template: dict[str, Any] = {}
        if options.get("launch_template"):
            template = self._get_template_from_args(options["launch_template"]).data
        asked = {**(template.get("MetadataOptions") or {}), **(options["metadata_options"] or {})}
        image = self.amis.get(image_id or template.get("ImageId", ""))
        options["metadata_options"] = self.effective_metadata(asked, image)
        disks = template.get("BlockDeviceMappings")
        if disks and "block_device_mappings" not in options:
            # moto would add the template's disks beside a default root disk.
            options["block_device_mappings"] = [_sized(disk) for disk in disks if "Ebs" in disk]
        if (template.get("Monitoring") or {}).get("Enabled"):
            options["monitoring_state"] = "enabled"
        reservation = super().run_instances(
            image_id, count, user_data, security_group_names, **options
        )
        self._give_profile(reservation, template, options)
        return reservation

    def _give_profile(
        self, reservation: Any, template: dict[str, Any], options: dict[str, Any]
    ) -> None:
        profile = template.get("IamInstanceProfile") or {}
        asked = options.get("iam_instance_profile_name") or options.get("iam_instance_profile_arn")
        if asked or not (profile.get("Name") or profile.get("Arn")):
            return
        for instance in reservation.instances:
            self.associate_iam_instance_profile(
                instance.id, profile.get("Name"), profile.get("Arn")
            )

    def effective_metadata(self, asked: dict[str, Any], image: Any) -> dict[str, Any]:
        """Lay metadata options over each other: image, account, then what was asked for."""
        support = getattr(image, "imds_support", None) or ""
        defaults = {k: v for k, v in self.metadata_defaults.items() if v not in (None, -1)}
        return {**IMAGE_DEFAULTS[support], **defaults, **asked}

    def change_metadata(self, instance_id: str, changes: dict[str, Any]) -> Any:
        """Change the named metadata options of an instance and keep the others."""
        options = self.get_instance(instance_id).metadata_options
        for member, attribute in METADATA_OPTIONS.items():
            if changes.get(member) is not None:
                setattr(options, attribute, changes[member])
        return options


def _sized(disk: dict[str, Any]) -> dict[str, Any]:
    return {**disk, "Ebs": {"VolumeSize": DEFAULT_DISK_GIB, **disk["Ebs"]}}


def install() -> None:
    """Make moto build this backend; call before the first EC2 call."""
    ec2_backends.backend = EksAwareEc2Backend

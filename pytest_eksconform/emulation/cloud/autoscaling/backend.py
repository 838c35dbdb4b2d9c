"""moto's Auto Scaling with bounds, a spread over zones and a record of activities."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from moto.autoscaling import models as autoscaling_models
from moto.autoscaling import urls as autoscaling_urls
from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import (
    ASG_NAME_TAG,
    AutoScalingBackend,
    FakeAutoScalingGroup,
    InstanceState,
    autoscaling_backends,
)
from moto.core.utils import utcnow

KEPT_ACTIVITIES = 500


class SpreadingGroup(FakeAutoScalingGroup):
    """A group that launches where it has the fewest instances, from its template's version."""

    autoscaling_backend: BoundedAutoScalingBackend

    def replace_autoscaling_group_instances(
        self, count_needed: int, propagated_tags: dict[str, str]
    ) -> None:
        """Launch instances one by one; a launch that fails is recorded and ends the attempt."""
        for _ in range(count_needed):
            subnet = self._emptiest_subnet()
            try:
                instance = self._launch(subnet, propagated_tags)
            except StopIteration:
                self._record_failure(subnet)
                return
            state = InstanceState(
                instance,
                protected_from_scale_in=self.new_instances_protected_from_scale_in,
                autoscaling_group=self,
            )
            self.instance_states.append(state)
            self._record(f"Launching a new EC2 instance: {instance.id}", instance)

    def _emptiest_subnet(self) -> Any:
        ec2 = self.autoscaling_backend.ec2_backend
        names = (self.vpc_zone_identifier or "").split(",")
        subnets = [ec2.get_subnet(name) for name in names if name]
        if not subnets:
            subnets = list(ec2.get_default_subnets().values())
        zones = Counter(state.availability_zone for state in self.instance_states)
        used = Counter(state.instance.subnet_id for state in self.instance_states)
        return min(subnets, key=lambda s: (zones[s.availability_zone], used[s.id]))

    def _launch(self, subnet: Any, propagated_tags: dict[str, str]) -> Any:
        template = self.ec2_launch_template
        tags = {**propagated_tags, **self.instance_tags, ASG_NAME_TAG: self.name}
        options: dict[str, Any] = {
            "instance_type": self._type_to_launch(),
            "tags": {"instance": tags},
            "region_name": self.region,
            "is_instance_type_default": False,
            "subnet_id": subnet.id,
            "associate_public_ip": None,
            "metadata_options": {},
            "launch_config": self.launch_config,
        }
        if template is not None:
            version = str(template.get_version(self.launch_template_version).number)
            options["launch_template"] = {"LaunchTemplateId": template.id, "Version": version}
        if self._is_spot():
            options["instance_market_options"] = "spot"
        reservation = self.autoscaling_backend.ec2_backend.run_instances(
            self.image_id, 1, self.user_data, list(self.security_groups), **options
        )
        instance: Any = reservation.instances[0]
        instance.autoscaling_group = self
        return instance

    def _type_to_launch(self) -> str:
        policy = self.mixed_instances_policy or {}
        overrides = (policy.get("LaunchTemplate") or {}).get("Overrides") or []
        named = [entry["InstanceType"] for entry in overrides if entry.get("InstanceType")]
        return str(named[0] if named else self.instance_type)

    def _is_spot(self) -> bool:
        policy = self.mixed_instances_policy or {}
        distribution = policy.get("InstancesDistribution") or {}
        return str(distribution.get("OnDemandPercentageAboveBaseCapacity", 100)) == "0"

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        """Launch or terminate until the group has the new size."""
        before = {state.instance.id: state.instance for state in self.instance_states}
        self.autoscaling_backend.causes[self.name] = (
            f"At {utcnow():%Y-%m-%dT%H:%M:%SZ} the desired capacity was set to {new_capacity}, "
            f"with {len(before)} instances in the group."
        )
        super().set_desired_capacity(new_capacity)
        left = {state.instance.id for state in self.instance_states}
        for name in before.keys() - left:
            self.record_termination(before[name])

    def update(self, **changes: Any) -> None:  # type: ignore[override]
        """Change the group; its mixed-instances policy stays unless another one is given."""
        if not changes.get("mixed_instances_policy") and not changes.get("launch_template"):
            changes["mixed_instances_policy"] = self.mixed_instances_policy
        super().update(**changes)

    def record_termination(self, instance: Any) -> None:
        """Note that an instance of the group was terminated."""
        self._record(f"Terminating EC2 instance: {instance.id}", instance)

    def _record_failure(self, subnet: Any) -> None:
        text = (
            "There are not enough free addresses in subnet "
            f"'{subnet.id}' to satisfy the requested number of instances. "
            "Launching EC2 instance failed."
        )
        self._record("Launching a new EC2 instance.  Status Reason: " + text, None, text)

    def _record(self, description: str, instance: Any, failure: str | None = None) -> None:
        now = utcnow()
        zone = instance.placement.zone if instance else ""
        activity = {
            "ActivityId": str(uuid.uuid4()),
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "Description": description,
            "Cause": self.autoscaling_backend.causes.get(self.name, ""),
            "StartTime": now,
            "EndTime": now,
            "StatusCode": "Failed" if failure else "Successful",
            "StatusMessage": failure,
            "Progress": 100,
            "Details": f'{{"Availability Zone":"{zone}"}}',
        }
        log = self.autoscaling_backend.activities.setdefault(self.name, [])
        log.insert(0, activity)
        del log[KEPT_ACTIVITIES:]


class BoundedAutoScalingBackend(AutoScalingBackend):
    """Auto Scaling of one account and region."""

    _url_module = autoscaling_urls

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.activities: dict[str, list[dict[str, Any]]] = {}
        self.causes: dict[str, str] = {}
        self.deleting: set[str] = set()

    def group(self, name: str) -> Any:
        """Return a group, or raise AWS's ValidationError."""
        group = self.autoscaling_groups.get(name)
        if group is None:
            raise ValidationError(
                f"AutoScalingGroup name not found - AutoScalingGroup {name} not found"
            )
        return group

    def set_desired_capacity(self, group_name: str, desired_capacity: int | None) -> None:
        """Resize a group within its bounds."""
        group, wanted = self.group(group_name), int(desired_capacity or 0)
        if wanted > group.max_size:
            raise ValidationError(
                f"New SetDesiredCapacity value {wanted} is above max value {group.max_size} "
                "for the AutoScalingGroup."
            )
        if wanted < group.min_size and group_name not in self.deleting:
            raise ValidationError(
                f"New SetDesiredCapacity value {wanted} is below min value {group.min_size} "
                "for the AutoScalingGroup."
            )
        super().set_desired_capacity(group_name, wanted)

    def delete_auto_scaling_group(self, group_name: str) -> None:
        """Terminate a group's instances and delete it."""
        self.group(group_name)
        self.deleting.add(group_name)
        try:
            super().delete_auto_scaling_group(group_name)
        finally:
            self.deleting.discard(group_name)

    def create_auto_scaling_group(self, **values: Any) -> Any:  # type: ignore[override]
        """Create a group whose sizes fit each other and whose name is free."""
        name = values["name"]
        if name in self.autoscaling_groups:
            raise AlreadyExists(
                "AutoScalingGroup by this name already exists - A group with the name "
                f"{name} already exists"
            )
        _check_sizes(values.get("min_size"), values.get("max_size"), values.get("desired_capacity"))
        return super().create_auto_scaling_group(**values)

    def update_auto_scaling_group(  # type: ignore[override]
        self, name: str, **changes: Any
    ) -> Any:
        """Change a group; its sizes have to fit each other."""
        group = self.group(name)
        sizes = [
            changes[member] if changes.get(member) is not None else getattr(group, member)
            for member in ("min_size", "max_size")
        ]
        _check_sizes(sizes[0], sizes[1], changes.get("desired_capacity"))
        return super().update_auto_scaling_group(name=name, **changes)

    def terminate_instance(self, instance_id: str, should_decrement: bool) -> Any:
        """Terminate an instance of a group, and shrink the group if asked."""
        groups: list[Any] = list(self.autoscaling_groups.values())
        for group in groups:
            if any(state.instance.id == instance_id for state in group.instance_states):
                if should_decrement and int(group.desired_capacity or 0) <= int(
                    group.min_size or 0
                ):
                    raise ValidationError(
                        "Currently, desiredSize equals minSize "
                        f"({group.min_size}). Terminating instance without replacement will "
                        f"violate group's min size constraint. Either set shouldDecrement"
                        "DesiredCapacity flag to false or lower group's min size."
                    )
                activity = super().terminate_instance(instance_id, should_decrement)
                group.record_termination(self.ec2_backend.get_instance(instance_id))
                return activity
        raise ValidationError(
            f"Instance Id not found - No managed instance found for {instance_id}"
        )


class AlreadyExists(ValidationError):
    """A group of that name is there already."""

    code = "AlreadyExists"


def _check_sizes(least: Any, most: Any, wanted: Any) -> None:
    if least is not None and most is not None and int(least) > int(most):
        raise ValidationError(
            f"Min bound, {least}, must be less than or equal to max bound, {most}"
        )
    if wanted is None:
        return
    if not int(least or 0) <= int(wanted) <= int(most or 0):
        raise ValidationError(
            f"Desired capacity:{wanted} must be between the specified min size:{least} "
            f"and max size:{most}"
        )


def install() -> None:
    """Make moto build these groups; call before the first Auto Scaling call."""
    autoscaling_models.FakeAutoScalingGroup = SpreadingGroup  # type: ignore[misc]
    autoscaling_backends.backend = BoundedAutoScalingBackend

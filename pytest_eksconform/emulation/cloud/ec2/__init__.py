"""EC2 beyond moto: the calls that controls and controllers make and moto lacks."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.emulation.cloud.context import Handlers, Invocation
from pytest_eksconform.emulation.cloud.errors import AwsError

from .metadata import METADATA_OPTIONS


def modify_instance_metadata_options(call: Invocation) -> dict[str, Any]:
    """Change the metadata options that are named, and no others."""
    instance = call.text("InstanceId")
    options = call.cloud.stores.ec2.change_metadata(instance, call.parameters)
    values = {member: getattr(options, attribute) for member, attribute in METADATA_OPTIONS.items()}
    return {
        "InstanceId": instance,
        "InstanceMetadataOptions": {"State": "applied", **values},
    }


def get_instance_metadata_defaults(call: Invocation) -> dict[str, Any]:
    """Answer with the account's defaults; empty when none are set."""
    return {"AccountLevel": dict(call.cloud.stores.ec2.metadata_defaults)}


def modify_instance_metadata_defaults(call: Invocation) -> dict[str, Any]:
    """Set the account's defaults; ``no-preference`` and -1 take one away."""
    defaults = call.cloud.stores.ec2.metadata_defaults
    for member in METADATA_OPTIONS:
        value = call.parameters.get(member)
        if value in ("no-preference", -1):
            defaults.pop(member, None)
        elif value is not None:
            defaults[member] = value
    return {"Return": True}


def describe_instances(call: Invocation) -> None:
    """Refuse a limit beside instance ids, as EC2 does, and leave the rest to moto."""
    if call.parameters.get("InstanceIds") and call.parameters.get("MaxResults"):
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter instancesSet cannot be used with the parameter maxResults",
            400,
        )


def _nothing(member: str) -> Any:
    def handler(_: Invocation) -> dict[str, Any]:
        return {member: []}

    return handler


HANDLERS: Handlers = {
    "ModifyInstanceMetadataOptions": modify_instance_metadata_options,
    "GetInstanceMetadataDefaults": get_instance_metadata_defaults,
    "ModifyInstanceMetadataDefaults": modify_instance_metadata_defaults,
    "DescribeInstances": describe_instances,
    "DescribeCapacityReservations": _nothing("CapacityReservations"),
    "DescribePlacementGroups": _nothing("PlacementGroups"),
}

"""Node groups without nodes that faults add, so that nothing that runs is disturbed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from pytest_eksconform.emulation.world import World

LIKE = "general"
"""The node group of the blueprint that a spare one resembles."""
_METADATA = {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 1}
_VOLUME = {"VolumeSize": 50, "VolumeType": "gp3", "Encrypted": True}


@contextlib.contextmanager
def spare_node_group(world: World, name: str, **changes: Any) -> Iterator[dict[str, Any]]:
    """A managed node group of size zero for as long as the block lasts; gives its description.

    Args:
        world: where.
        name: of the node group.
        changes: parameters of CreateNodegroup that differ from those of `LIKE`.
    """
    eks, group = world.aws("eks"), {"clusterName": world.cluster, "nodegroupName": name}
    like = eks.describe_nodegroup(clusterName=world.cluster, nodegroupName=LIKE)["nodegroup"]
    asked = {
        "nodeRole": like["nodeRole"],
        "subnets": like["subnets"],
        "instanceTypes": like["instanceTypes"],
        "scalingConfig": {"minSize": 0, "maxSize": 1, "desiredSize": 0},
        "nodeRepairConfig": {"enabled": True},
        **changes,
    }
    eks.create_nodegroup(**group, **asked)
    try:
        yield world.wait_until(
            f"node group {name} is created",
            lambda: (
                (found := eks.describe_nodegroup(**group)["nodegroup"])["status"] == "ACTIVE"
                and found
            ),
        )
    finally:
        eks.delete_nodegroup(**group)


@contextlib.contextmanager
def spare_launch_template(world: World, name: str, **data: Any) -> Iterator[str]:
    """A launch template with `data` besides what the blueprint's have; gives its id."""
    ec2 = world.aws("ec2")
    made = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=template(**data))
    template_id = str(made["LaunchTemplate"]["LaunchTemplateId"])
    try:
        yield template_id
    finally:
        ec2.delete_launch_template(LaunchTemplateId=template_id)


def template(**data: Any) -> dict[str, Any]:
    """The data of a sound launch template, with `data` added."""
    return {
        "MetadataOptions": _METADATA,
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": _VOLUME}],
        **data,
    }

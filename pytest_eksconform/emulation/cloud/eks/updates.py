"""Updates: what was changed, when, and how it ended."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from pytest_eksconform.emulation.cloud.context import Handlers, Invocation
from pytest_eksconform.emulation.cloud.paging import page

from .errors import not_found
from .state import Cluster, Description, Update


def record(
    call: Invocation,
    cluster: Cluster,
    kind: str,
    parameters: Mapping[str, Any],
    nodegroup: str | None = None,
    addon: str | None = None,
) -> Description:
    """Remember an update that has been carried out and return it as the API answers it.

    The answer to the request says ``InProgress``, as with EKS; DescribeUpdate ``Successful``.
    """
    description: Description = {
        "id": str(uuid.uuid4()),
        "status": "Successful",
        "type": kind,
        "params": [
            {"type": name, "value": value if isinstance(value, str) else json.dumps(value)}
            for name, value in parameters.items()
            if value is not None
        ],
        "createdAt": call.cloud.clock(),
        "errors": [],
    }
    cluster.updates[description["id"]] = Update(description, nodegroup, addon)
    return {**description, "status": "InProgress"}


def list_updates(call: Invocation) -> dict[str, Any]:
    """List the updates of a cluster, or of the node group or add-on that is named."""
    cluster = call.cloud.eks.cluster(call.text("name"))
    owner = (call.parameters.get("nodegroupName"), call.parameters.get("addonName"))
    ids = [
        name
        for name, update in cluster.updates.items()
        if (update.nodegroup, update.addon) == owner
    ]
    return page("updateIds", ids, call.parameters)


def describe_update(call: Invocation) -> dict[str, Any]:
    """Describe one update."""
    cluster = call.cloud.eks.cluster(call.text("name"))
    update = cluster.updates.get(call.text("updateId"))
    owner = (call.parameters.get("nodegroupName"), call.parameters.get("addonName"))
    if update is None or (update.nodegroup, update.addon) != owner:
        raise not_found(f"No update found for ID: {call.text('updateId')}")
    return {"update": update.description}


HANDLERS: Handlers = {"ListUpdates": list_updates, "DescribeUpdate": describe_update}

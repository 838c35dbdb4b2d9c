"""Tags on every kind of EKS resource."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.emulation.cloud.context import Handlers, Invocation

from .errors import not_found
from .state import Description


def _tagged(call: Invocation) -> Description:
    description = call.cloud.eks.tagged().get(call.text("resourceArn"))
    if description is None:
        raise not_found(f"No resource found for arn: {call.text('resourceArn')}")
    return description


def list_tags(call: Invocation) -> dict[str, Any]:
    """List a resource's tags."""
    return {"tags": dict(_tagged(call).get("tags") or {})}


def tag(call: Invocation) -> dict[str, Any]:
    """Add or replace tags."""
    description = _tagged(call)
    description["tags"] = {**(description.get("tags") or {}), **call.parameters["tags"]}
    return {}


def untag(call: Invocation) -> dict[str, Any]:
    """Take tags away; unknown keys are no error."""
    description = _tagged(call)
    gone = set(call.parameters["tagKeys"])
    kept = {k: v for k, v in (description.get("tags") or {}).items() if k not in gone}
    description["tags"] = kept
    return {}


HANDLERS: Handlers = {"ListTagsForResource": list_tags, "TagResource": tag, "UntagResource": untag}

"""Changes of a node group: sizes, labels, taints, update settings."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.emulation.cloud.context import Handlers, Invocation

from . import scaling_groups
from .errors import invalid
from .nodegroups import check_scaling, find
from .state import Description
from .updates import record

SIZES = {"minSize": "MinSize", "maxSize": "MaxSize", "desiredSize": "DesiredSize"}
LIMITS = {
    "maxUnavailable": "MaxUnavailable",
    "maxUnavailablePercentage": "MaxUnavailablePercentage",
    "updateStrategy": "UpdateStrategy",
}


def update_nodegroup_config(call: Invocation) -> dict[str, Any]:
    """Change a node group; sizes drive its Auto Scaling group at once."""
    description, parameters = find(call), call.parameters
    changed: dict[str, Any] = {}
    with call.cloud.eks.lock:
        changed |= _scale(call, description)
        changed |= _label(description, parameters.get("labels") or {})
        changed |= _taint(description, parameters.get("taints") or {})
        for member in ("updateConfig", "nodeRepairConfig"):
            if member in parameters:
                description[member] = parameters[member]
        changed |= _named(LIMITS, parameters.get("updateConfig") or {})
        if "nodeRepairConfig" in parameters:
            changed["NodeRepairConfig"] = parameters["nodeRepairConfig"]
        description["modifiedAt"] = call.cloud.clock()
        cluster = call.cloud.eks.cluster(call.text("clusterName"))
        name = call.text("nodegroupName")
        return {"update": record(call, cluster, "ConfigUpdate", changed, nodegroup=name)}


def _scale(call: Invocation, description: Description) -> dict[str, Any]:
    given = call.parameters.get("scalingConfig") or {}
    if not given:
        return {}
    scaling = {**description["scalingConfig"], **given}
    check_scaling(scaling)
    scaling_groups.resize(call.cloud, description, scaling)
    description["scalingConfig"] = scaling
    return _named(SIZES, given)


def _named(names: dict[str, str], given: dict[str, Any]) -> dict[str, Any]:
    return {names[member]: str(value) for member, value in given.items() if member in names}


def _label(description: Description, given: dict[str, Any]) -> dict[str, Any]:
    labels = dict(description.get("labels") or {})
    added, removed = given.get("addOrUpdateLabels") or {}, given.get("removeLabels") or []
    labels |= added
    description["labels"] = {k: v for k, v in labels.items() if k not in removed}
    parameters: dict[str, Any] = {"LabelsToAdd": added, "LabelsToRemove": removed}
    return {name: value for name, value in parameters.items() if value}


def _taint(description: Description, given: dict[str, Any]) -> dict[str, Any]:
    added, removed = given.get("addOrUpdateTaints") or [], given.get("removeTaints") or []
    if not added and not removed:
        return {}
    touched = {(t["key"], t["effect"]) for t in [*added, *removed]}
    if len(touched) < len(added) + len(removed):
        raise invalid("Duplicate taints are not allowed.")
    kept = [t for t in description.get("taints") or [] if (t["key"], t["effect"]) not in touched]
    description["taints"] = [*kept, *added]
    return {"TaintsToAdd": added or None, "TaintsToRemove": removed or None}


HANDLERS: Handlers = {"UpdateNodegroupConfig": update_nodegroup_config}

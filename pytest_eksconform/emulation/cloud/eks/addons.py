"""Add-ons of a cluster: installed as workloads, their status read from the workloads' health."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pytest_eksconform.emulation.cloud.context import Cloud, Handlers, Invocation
from pytest_eksconform.emulation.cloud.paging import page

from . import addon_catalogue as catalogue
from .arns import child_arn
from .errors import in_use, not_found
from .pod_identity import add_association, find
from .state import Addon, Cluster, Description
from .updates import record

CREATION_LIMIT = timedelta(minutes=10)


def create_addon(call: Invocation) -> dict[str, Any]:
    """Install an add-on; ACTIVE once its workloads are ready."""
    cloud, cluster, name = call.cloud, _cluster(call), call.text("addonName")
    version = catalogue.chosen_version(name, cluster.version, call.parameters.get("addonVersion"))
    values = catalogue.checked_configuration(name, call.parameters.get("configurationValues"))
    role = call.parameters.get("serviceAccountRoleArn")
    with cloud.eks.lock:
        if name in cluster.addons:
            raise in_use("Addon already exists.", clusterName=cluster.name, addonName=name)
        description = _description(call, cluster, version)
        cluster.addons[name] = Addon(description)
        _associate(call, cluster, description)
    cloud.workloads.apply(cluster.name, name, version, values, role)
    return {"addon": dict(description)}


def _cluster(call: Invocation) -> Cluster:
    return call.cloud.eks.cluster(call.text("clusterName"))


def _description(call: Invocation, cluster: Cluster, version: str) -> Description:
    now, name = call.cloud.clock(), call.text("addonName")
    description: Description = {
        "addonName": name,
        "clusterName": cluster.name,
        "status": "CREATING",
        "addonVersion": version,
        "health": {"issues": []},
        "addonArn": child_arn(call.cloud, "addon", cluster.name, name),
        "createdAt": now,
        "modifiedAt": now,
        "tags": dict(call.parameters.get("tags") or {}),
        "publisher": "eks",
        "owner": "aws",
        "namespaceConfig": {"namespace": catalogue.addon(name)["namespace"]},
    }
    for member in ("serviceAccountRoleArn", "configurationValues"):
        if call.parameters.get(member):
            description[member] = call.parameters[member]
    return description


def _associate(call: Invocation, cluster: Cluster, description: Description) -> None:
    wanted = call.parameters.get("podIdentityAssociations")
    if wanted is None:
        return
    namespace = description["namespaceConfig"]["namespace"]
    arns = []
    for entry in wanted:
        known = find(cluster, namespace, entry["serviceAccount"])
        if known is not None and known["ownerArn"] == description["addonArn"]:
            known["roleArn"] = entry["roleArn"]
        else:
            values = {**entry, "namespace": namespace}
            known = add_association(call.cloud, cluster, values, description["addonArn"])
        arns.append(known["associationArn"])
    _drop_associations(cluster, description["addonArn"], keep=arns)
    description["podIdentityAssociations"] = arns


def _drop_associations(cluster: Cluster, owner_arn: str, keep: list[str]) -> None:
    for name, association in list(cluster.associations.items()):
        if association["ownerArn"] == owner_arn and association["associationArn"] not in keep:
            del cluster.associations[name]


def _addon(call: Invocation) -> Addon:
    cluster, name = _cluster(call), call.text("addonName")
    addon = cluster.addons.get(name)
    if addon is None:
        raise not_found(
            f"No addon: {name} found in cluster: {cluster.name}",
            clusterName=cluster.name,
            addonName=name,
        )
    return addon


def _refresh(cloud: Cloud, cluster: Cluster, addon: Addon) -> None:
    description = addon.description
    ready, issues = cloud.workloads.health(cluster.name, description["addonName"])
    addon.was_ready = addon.was_ready or ready
    description["health"] = {
        "issues": [
            {"code": i.code, "message": i.message, "resourceIds": list(i.resource_ids)}
            for i in issues
        ]
    }
    starting = not addon.was_ready and cloud.clock() < description["createdAt"] + CREATION_LIMIT
    description["status"] = "ACTIVE" if ready else "CREATING" if starting else "DEGRADED"


def describe_addon(call: Invocation) -> dict[str, Any]:
    """Describe an add-on with the health that its workloads have now."""
    addon = _addon(call)
    _refresh(call.cloud, _cluster(call), addon)
    return {"addon": addon.description}


def list_addons(call: Invocation) -> dict[str, Any]:
    """List the add-ons of a cluster."""
    return page("addons", sorted(_cluster(call).addons), call.parameters)


def update_addon(call: Invocation) -> dict[str, Any]:
    """Give an add-on another version, role, configuration or associations."""
    cluster, addon, name = _cluster(call), _addon(call), call.text("addonName")
    parameters, description = call.parameters, addon.description
    changed: dict[str, Any] = {"ResolveConflicts": parameters.get("resolveConflicts") or "NONE"}
    if parameters.get("addonVersion"):
        version = catalogue.chosen_version(name, cluster.version, parameters["addonVersion"])
        changed["AddonVersion"] = description["addonVersion"] = version
    if "configurationValues" in parameters:
        catalogue.checked_configuration(name, parameters["configurationValues"])
        description["configurationValues"] = parameters["configurationValues"]
        changed["ConfigurationValues"] = parameters["configurationValues"]
    if parameters.get("serviceAccountRoleArn"):
        description["serviceAccountRoleArn"] = parameters["serviceAccountRoleArn"]
        changed["ServiceAccountRoleArn"] = parameters["serviceAccountRoleArn"]
    with call.cloud.eks.lock:
        _associate(call, cluster, description)
    if "podIdentityAssociations" in parameters:
        changed["PodIdentityAssociations"] = parameters["podIdentityAssociations"]
    description["modifiedAt"] = call.cloud.clock()
    _apply(call.cloud, cluster, description)
    return {"update": record(call, cluster, "AddonUpdate", changed, addon=name)}


def _apply(cloud: Cloud, cluster: Cluster, description: Description) -> None:
    name = description["addonName"]
    cloud.workloads.apply(
        cluster.name,
        name,
        description["addonVersion"],
        catalogue.checked_configuration(name, description.get("configurationValues")),
        description.get("serviceAccountRoleArn"),
    )


def delete_addon(call: Invocation) -> dict[str, Any]:
    """Remove an add-on and its associations; with ``preserve`` its workloads stay."""
    cluster, addon = _cluster(call), _addon(call)
    name = call.text("addonName")
    call.cloud.workloads.remove(cluster.name, name, bool(call.parameters.get("preserve")))
    with call.cloud.eks.lock:
        _drop_associations(cluster, addon.description["addonArn"], keep=[])
        cluster.addons.pop(name, None)
    return {"addon": {**addon.description, "status": "DELETING"}}


def describe_addon_versions(call: Invocation) -> dict[str, Any]:
    """List add-ons and their versions, filtered as the request says."""
    parameters = call.parameters
    name, minor = parameters.get("addonName"), parameters.get("kubernetesVersion")
    found = []
    for known, data in sorted(catalogue.addons().items()):
        wanted_type = parameters.get("types") or [data["type"]]
        wanted_owner = parameters.get("owners") or ["aws"]
        wanted_publisher = parameters.get("publishers") or ["eks"]
        if name not in (None, known) or data["type"] not in wanted_type:
            continue
        if "aws" not in wanted_owner or "eks" not in wanted_publisher:
            continue
        entry = catalogue.described(known, data, minor)
        if entry is not None:
            found.append(entry)
    return page("addons", found, parameters)


def describe_addon_configuration(call: Invocation) -> dict[str, Any]:
    """Answer with the JSON schema of an add-on's configuration values."""
    return catalogue.configuration(call.text("addonName"), call.text("addonVersion"))


HANDLERS: Handlers = {
    "CreateAddon": create_addon,
    "DescribeAddon": describe_addon,
    "ListAddons": list_addons,
    "UpdateAddon": update_addon,
    "DeleteAddon": delete_addon,
    "DescribeAddonVersions": describe_addon_versions,
    "DescribeAddonConfiguration": describe_addon_configuration,
}

"""Managed node groups: created over launch template and Auto Scaling group, described, deleted."""

from __future__ import annotations

import uuid
from typing import Any

from pytest_eksconform.emulation.cloud.context import Cloud, Handlers, Invocation
from pytest_eksconform.emulation.cloud.ec2.eks_images import release_version
from pytest_eksconform.emulation.cloud.paging import page

from . import scaling_groups
from .access import add_entry
from .errors import in_use, invalid, not_found
from .health import nodegroup_issues
from .state import Cluster, Description

DEFAULT_SCALING = {"minSize": 1, "maxSize": 2, "desiredSize": 2}
DEFAULT_DISK_GIB = 20
COPIED = ("labels", "taints", "nodeRepairConfig", "remoteAccess", "warmPoolConfig")


def create_nodegroup(call: Invocation) -> dict[str, Any]:
    """Create a node group, with the launch template and group that EKS would make."""
    cloud, cluster = call.cloud, call.cloud.eks.cluster(call.text("clusterName"))
    _check(call, cluster)
    with cloud.eks.lock:
        if call.text("nodegroupName") in cluster.nodegroups:
            raise in_use(
                f"NodeGroup already exists with name {call.text('nodegroupName')} "
                f"and cluster name {cluster.name}",
                clusterName=cluster.name,
                nodegroupName=call.text("nodegroupName"),
            )
        description = _description(call, cluster)
        group = scaling_groups.make(cloud, cluster.description, description)
        description["resources"] = {"autoScalingGroups": [{"name": group}]}
        cluster.nodegroups[call.text("nodegroupName")] = description
        _give_nodes_access(cloud, cluster, call.text("nodeRole"))
    return {"nodegroup": dict(description)}


def _check(call: Invocation, cluster: Cluster) -> None:
    if call.cloud.stores.role(call.text("nodeRole")) is None:
        raise invalid("The role provided does not exist: " + call.text("nodeRole"))
    known = {subnet.id for subnet in call.cloud.stores.ec2.describe_subnets()}
    missing = [name for name in call.parameters["subnets"] if name not in known]
    if missing:
        raise invalid(f"The subnet ID '{missing[0]}' does not exist")
    check_scaling(_scaling(call.parameters))
    if call.parameters.get("launchTemplate") and call.parameters.get("diskSize"):
        raise invalid("Disk size must be specified within the launch template.")
    version = str(call.parameters.get("version") or cluster.version)
    if _minor(version) > _minor(cluster.version):
        raise invalid(
            f"Requested Nodegroup version {version} is greater than "
            f"cluster version {cluster.version}"
        )


def _minor(version: str) -> int:
    return int(version.split(".")[1])


def _scaling(parameters: dict[str, Any]) -> dict[str, int]:
    return {**DEFAULT_SCALING, **(parameters.get("scalingConfig") or {})}


def check_scaling(scaling: dict[str, int]) -> None:
    """Refuse sizes that contradict each other, in EKS's words."""
    least, most, wanted = (scaling[m] for m in ("minSize", "maxSize", "desiredSize"))
    if least > most:
        raise invalid(f"Minimum capacity {least} can't be greater than maximum size {most}")
    if wanted > most:
        raise invalid(f"Desired capacity {wanted} can't be greater than max size {most}")
    if wanted < least:
        raise invalid(f"Minimum capacity {least} can't be greater than desired size {wanted}")


def _description(call: Invocation, cluster: Cluster) -> Description:
    parameters, now = call.parameters, call.cloud.clock()
    name = call.text("nodegroupName")
    template = _launch_template(call.cloud, parameters.get("launchTemplate"))
    custom = bool(template and template["data"].get("ImageId"))
    ami_type = "CUSTOM" if custom else parameters.get("amiType") or "AL2023_x86_64_STANDARD"
    version = str(parameters.get("version") or cluster.version)
    release = parameters.get("releaseVersion") or release_version(version)
    path = f"{cluster.name}/{name}/{uuid.uuid4()}"
    description: Description = {
        "nodegroupName": name,
        "nodegroupArn": (
            f"arn:aws:eks:{call.cloud.region}:{call.cloud.account_id}:nodegroup/{path}"
        ),
        "clusterName": cluster.name,
        "version": version,
        "releaseVersion": template["data"]["ImageId"] if template and custom else release,
        "createdAt": now,
        "modifiedAt": now,
        "status": "CREATING",
        "capacityType": parameters.get("capacityType") or "ON_DEMAND",
        "scalingConfig": _scaling(parameters),
        "instanceTypes": _instance_types(parameters, template),
        "subnets": list(parameters["subnets"]),
        "amiType": ami_type,
        "nodeRole": call.text("nodeRole"),
        "diskSize": None if template else parameters.get("diskSize") or DEFAULT_DISK_GIB,
        "health": {"issues": []},
        "updateConfig": parameters.get("updateConfig") or {"maxUnavailable": 1},
        "tags": dict(parameters.get("tags") or {}),
    }
    if template:
        description["launchTemplate"] = {m: template[m] for m in ("name", "version", "id")}
    description |= {m: parameters[m] for m in COPIED if m in parameters}
    return description


def _instance_types(
    parameters: dict[str, Any], template: dict[str, Any] | None
) -> list[str] | None:
    in_template = template and template["data"].get("InstanceType")
    if parameters.get("instanceTypes"):
        if in_template:
            raise invalid("Instance types must be given in the launch template or the request.")
        return list(parameters["instanceTypes"])
    return None if in_template else ["t3.medium"]


def _launch_template(cloud: Cloud, given: dict[str, str] | None) -> dict[str, Any] | None:
    if not given:
        return None
    found = scaling_groups.find_template(cloud, given)
    if found is None:
        raise invalid("Launch template details can't be found: it does not exist")
    version = found.get_version(given.get("version") or "$Default")
    return {
        "id": found.id,
        "name": found.name,
        "version": str(version.number),
        "data": version.data,
    }


def _give_nodes_access(cloud: Cloud, cluster: Cluster, role_arn: str) -> None:
    if cluster.description["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
        return
    if role_arn not in cluster.access_entries:
        add_entry(cloud, cluster, role_arn, "EC2_LINUX")


def find(call: Invocation) -> Description:
    """Return the node group that a call names, with its status brought up to date.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    cluster = call.cloud.eks.cluster(call.text("clusterName"))
    description = cluster.nodegroups.get(call.text("nodegroupName"))
    if description is None:
        raise not_found(
            f"No node group found for name: {call.text('nodegroupName')}.",
            clusterName=cluster.name,
            nodegroupName=call.text("nodegroupName"),
        )
    _refresh(call.cloud, cluster, description)
    return description


def _refresh(cloud: Cloud, cluster: Cluster, description: Description) -> None:
    name = description["resources"]["autoScalingGroups"][0]["name"]
    group = cloud.stores.autoscaling.autoscaling_groups.get(name)
    if group is not None:
        # EKS shows what the group has: an autoscaler changes it behind EKS's back.
        description["scalingConfig"]["desiredSize"] = int(group.desired_capacity or 0)
    description["health"] = {"issues": nodegroup_issues(cloud, description)}
    description["status"] = _status(cloud, cluster, description)


def _status(cloud: Cloud, cluster: Cluster, description: Description) -> str:
    status = str(description["status"])
    if status == "CREATING":
        wanted = int(description["scalingConfig"]["desiredSize"])
        name = str(description["nodegroupName"])
        ready = cloud.nodes.ready(cluster.name, name) if cloud.nodes else wanted
        return "ACTIVE" if ready >= wanted else status
    if status in ("ACTIVE", "DEGRADED"):
        return "DEGRADED" if description["health"]["issues"] else "ACTIVE"
    return status


def describe_nodegroup(call: Invocation) -> dict[str, Any]:
    """Describe a node group; ACTIVE once as many nodes are Ready as were asked for."""
    return {"nodegroup": find(call)}


def list_nodegroups(call: Invocation) -> dict[str, Any]:
    """List the node groups of a cluster."""
    cluster = call.cloud.eks.cluster(call.text("clusterName"))
    return page("nodegroups", sorted(cluster.nodegroups), call.parameters)


def delete_nodegroup(call: Invocation) -> dict[str, Any]:
    """Delete a node group with its Auto Scaling group, instances and launch template."""
    description = find(call)
    cluster = call.cloud.eks.cluster(call.text("clusterName"))
    with call.cloud.eks.lock:
        scaling_groups.remove(call.cloud, description)
        cluster.nodegroups.pop(call.text("nodegroupName"), None)
    return {"nodegroup": {**description, "status": "DELETING"}}


HANDLERS: Handlers = {
    "CreateNodegroup": create_nodegroup,
    "DescribeNodegroup": describe_nodegroup,
    "ListNodegroups": list_nodegroups,
    "DeleteNodegroup": delete_nodegroup,
}

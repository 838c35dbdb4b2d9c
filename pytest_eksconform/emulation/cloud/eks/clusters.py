"""Clusters: created with their control plane, described truly, updated, deleted."""

from __future__ import annotations

import base64
import logging
import threading
from typing import Any

from pytest_eksconform.emulation.cloud.context import Cloud, Handlers, Invocation
from pytest_eksconform.emulation.cloud.paging import page
from pytest_eksconform.emulation.cloud.providers import ControlPlaneFacts

from . import networks
from .access import ADMIN_POLICY, add_entry, associate
from .arns import cluster_arn
from .errors import in_use, invalid, invalid_request
from .health import cluster_issues
from .state import Cluster, Description
from .versions import check_version, default_version

LOG = logging.getLogger(__name__)
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
OPTIONAL_MEMBERS = (
    "zonalShiftConfig",
    "remoteNetworkConfig",
    "computeConfig",
    "storageConfig",
    "controlPlaneScalingConfig",
    "kubeApiServerConfig",
    "kubeSchedulerConfig",
    "kubeControllerManagerConfig",
    "encryptionConfig",
)


def create_cluster(call: Invocation) -> dict[str, Any]:
    """Create a cluster; its control plane starts behind the answer."""
    name, version = call.text("name"), str(call.parameters.get("version") or default_version())
    check_version(call.cloud, version)
    _check_role(call.cloud, call.text("roleArn"))
    subnets = networks.checked_subnets(
        call.cloud, list(call.parameters["resourcesVpcConfig"].get("subnetIds") or [])
    )
    with call.cloud.eks.lock:
        if name in call.cloud.eks.clusters:
            raise in_use(f"Cluster already exists with name: {name}", clusterName=name)
        cluster = Cluster(_description(call, version, subnets))
        call.cloud.eks.clusters[name] = cluster
    _give_creator_access(call, cluster)
    networks.ensure_log_streams(call.cloud, name, enabled_logs(cluster.description))
    starting = dict(cluster.description)
    threading.Thread(target=_start, args=(call.cloud, cluster), daemon=True).start()
    return {"cluster": starting}


def _check_role(cloud: Cloud, arn: str) -> None:
    if cloud.stores.role(arn) is None:
        raise invalid(
            f"Role with arn: {arn}, could not be assumed because it does not exist or the "
            "trusted entity is not correct"
        )


def _description(call: Invocation, version: str, subnets: list[Any]) -> Description:
    parameters, name = call.parameters, call.text("name")
    access = parameters.get("accessConfig") or {}
    description: Description = {
        "name": name,
        "arn": cluster_arn(call.cloud, name),
        "createdAt": call.cloud.clock(),
        "version": version,
        "roleArn": call.text("roleArn"),
        "resourcesVpcConfig": _vpc_config(call, subnets),
        "kubernetesNetworkConfig": _network_config(parameters),
        "logging": log_setup(parameters.get("logging")),
        "status": "CREATING",
        "certificateAuthority": {},
        "platformVersion": "eks.1",
        "tags": dict(parameters.get("tags") or {}),
        "health": {"issues": []},
        # EKS never tells whether the creator was made administrator.
        "accessConfig": {"authenticationMode": access.get("authenticationMode") or "CONFIG_MAP"},
        "upgradePolicy": parameters.get("upgradePolicy") or {"supportType": "EXTENDED"},
        "deletionProtection": bool(parameters.get("deletionProtection")),
        "controlPlaneScalingConfig": {"tier": "standard"},
    }
    description |= {m: parameters[m] for m in OPTIONAL_MEMBERS if m in parameters}
    return description


def _vpc_config(call: Invocation, subnets: list[Any]) -> Description:
    given, name = call.parameters["resourcesVpcConfig"], call.text("name")
    vpc_id = str(subnets[0].vpc_id)
    group = networks.make_security_group(call.cloud, name, vpc_id)
    extra = list(given.get("securityGroupIds") or [])
    networks.make_interfaces(call.cloud, name, subnets, [group, *extra])
    return {
        "subnetIds": [subnet.id for subnet in subnets],
        "securityGroupIds": extra,
        "clusterSecurityGroupId": group,
        "vpcId": vpc_id,
        "endpointPublicAccess": given.get("endpointPublicAccess", True),
        "endpointPrivateAccess": given.get("endpointPrivateAccess", False),
        "publicAccessCidrs": given.get("publicAccessCidrs") or ["0.0.0.0/0"],
    }


def _network_config(parameters: dict[str, Any]) -> Description:
    given = parameters.get("kubernetesNetworkConfig") or {}
    balancing = given.get("elasticLoadBalancing") or {"enabled": False}
    return {
        "serviceIpv4Cidr": given.get("serviceIpv4Cidr") or "172.20.0.0/16",
        "ipFamily": given.get("ipFamily") or "ipv4",
        "elasticLoadBalancing": balancing,
    }


def log_setup(given: dict[str, Any] | None, before: tuple[str, ...] = ()) -> Description:
    """Return the cluster's logging, what is asked for laid over the types that were on."""
    enabled = set(before)
    for setup in (given or {}).get("clusterLogging") or []:
        types = set(setup.get("types") or [])
        enabled = enabled | types if setup.get("enabled") else enabled - types
    sets = [
        {"types": [t for t in LOG_TYPES if (t in enabled) == wanted], "enabled": wanted}
        for wanted in (True, False)
    ]
    return {"clusterLogging": [setup for setup in sets if setup["types"]]}


def enabled_logs(description: Description) -> list[str]:
    """Return the log types that are switched on."""
    return [
        kind
        for setup in description["logging"]["clusterLogging"]
        if setup["enabled"]
        for kind in setup["types"]
    ]


def _give_creator_access(call: Invocation, cluster: Cluster) -> None:
    access = call.parameters.get("accessConfig") or {}
    mode = cluster.description["accessConfig"]["authenticationMode"]
    wanted = access.get("bootstrapClusterCreatorAdminPermissions", True)
    if call.principal is None or mode == "CONFIG_MAP" or not wanted:
        return
    entry = add_entry(call.cloud, cluster, call.principal.iam_arn)
    associate(call.cloud, entry, ADMIN_POLICY, {"type": "cluster"})


def _start(cloud: Cloud, cluster: Cluster) -> None:
    description = cluster.description
    try:
        facts = cloud.control_planes.create(cluster.name, cluster.version)
    except Exception:  # whatever stopped it, the cluster is FAILED and the log says why
        LOG.exception("the control plane of cluster %s did not start", cluster.name)
        description["health"] = {
            "issues": [{"code": "InternalFailure", "message": "control plane did not start"}]
        }
        description["status"] = "FAILED"
        return
    description |= _of_control_plane(facts)
    description["status"] = "ACTIVE"


def _of_control_plane(facts: ControlPlaneFacts) -> Description:
    authority = base64.b64encode(facts.certificate_authority_pem).decode()
    return {
        "endpoint": facts.endpoint,
        "certificateAuthority": {"data": authority},
        "identity": {"oidc": {"issuer": facts.issuer}},
        "platformVersion": facts.platform_version,
    }


def describe_cluster(call: Invocation) -> dict[str, Any]:
    """Describe a cluster with the health that it has now."""
    description = call.cloud.eks.cluster(call.text("name")).description
    if description["status"] == "ACTIVE":
        description["health"] = {"issues": cluster_issues(call.cloud, description)}
    return {"cluster": description}


def list_clusters(call: Invocation) -> dict[str, Any]:
    """List the names of all clusters."""
    return page("clusters", sorted(call.cloud.eks.clusters), call.parameters)


def delete_cluster(call: Invocation) -> dict[str, Any]:
    """Delete a cluster that has no compute left; its control plane stops behind the answer."""
    cluster = call.cloud.eks.cluster(call.text("name"))
    if cluster.description["deletionProtection"]:
        raise invalid_request("Cluster is protected from deletion: disable deletionProtection")
    if cluster.nodegroups:
        raise in_use("Cluster has nodegroups attached", clusterName=cluster.name)
    if cluster.fargate_profiles:
        raise in_use("Cluster has Fargate profiles attached", clusterName=cluster.name)
    cluster.description["status"] = "DELETING"
    threading.Thread(target=_stop, args=(call.cloud, cluster), daemon=True).start()
    return {"cluster": dict(cluster.description)}


def _stop(cloud: Cloud, cluster: Cluster) -> None:
    cloud.control_planes.delete(cluster.name)
    group = cluster.description["resourcesVpcConfig"]["clusterSecurityGroupId"]
    networks.remove(cloud, cluster.name, group)
    with cloud.eks.lock:
        cloud.eks.clusters.pop(cluster.name, None)


HANDLERS: Handlers = {
    "CreateCluster": create_cluster,
    "DescribeCluster": describe_cluster,
    "ListClusters": list_clusters,
    "DeleteCluster": delete_cluster,
}

"""The network of a cluster: subnets checked, security group, control-plane interfaces, logs."""

from __future__ import annotations

import secrets
from typing import Any

from pytest_eksconform.emulation.cloud.context import Cloud

from .errors import invalid

CONTROL_PLANE_INTERFACES = 2


def checked_subnets(cloud: Cloud, subnet_ids: list[str]) -> list[Any]:
    """Return the subnets as the store has them.

    Raises:
        AwsError: a subnet is missing, or they lie in fewer than two zones.
    """
    known = {subnet.id: subnet for subnet in cloud.stores.ec2.describe_subnets()}
    missing = [name for name in subnet_ids if name not in known]
    if missing:
        raise invalid(f"The subnet ID '{missing[0]}' does not exist")
    subnets = [known[name] for name in subnet_ids]
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        raise invalid("Subnets specified must be in at least two different AZs")
    return subnets


def make_security_group(cloud: Cloud, cluster_name: str, vpc_id: str) -> str:
    """Make the cluster security group as EKS does and return its id."""
    name = f"eks-cluster-sg-{cluster_name}-{secrets.randbelow(10**9)}"
    group = cloud.stores.ec2.create_security_group(
        name,
        "EKS created security group applied to ENI that is attached to EKS Control Plane master "
        "nodes, as well as any managed workloads.",
        vpc_id,
        {
            "Name": name,
            f"kubernetes.io/cluster/{cluster_name}": "owned",
            "aws:eks:cluster-name": cluster_name,
        },
    )
    cloud.stores.ec2.authorize_security_group_ingress(
        group_name_or_id=group.id,
        ip_protocol="-1",
        from_port=None,
        to_port=None,
        ip_ranges=[],
        source_groups=[{"GroupId": group.id}],
        vpc_id=vpc_id,
    )
    return str(group.id)


def make_interfaces(
    cloud: Cloud, cluster_name: str, subnets: list[Any], security_groups: list[str]
) -> None:
    """Make the control plane's network interfaces, one in each of the first zones."""
    zones: dict[str, Any] = {}
    for subnet in subnets:
        zones.setdefault(subnet.availability_zone, subnet)
    for subnet in list(zones.values())[:CONTROL_PLANE_INTERFACES]:
        cloud.stores.ec2.create_network_interface(
            subnet,
            subnet.get_available_subnet_ip(instance=None),
            group_ids=security_groups,
            description=f"Amazon EKS {cluster_name}",
            tags={"cluster.k8s.amazonaws.com/name": cluster_name},
        )


def remove(cloud: Cloud, cluster_name: str, security_group: str) -> None:
    """Delete the interfaces and the security group of a cluster."""
    ec2 = cloud.stores.ec2
    description = f"Amazon EKS {cluster_name}"
    for name in [n for n, eni in ec2.enis.items() if eni.description == description]:
        del ec2.enis[name]
    for groups in ec2.groups.values():
        groups.pop(security_group, None)


LOG_STREAMS = {
    "api": "kube-apiserver",
    "audit": "kube-apiserver-audit",
    "authenticator": "authenticator",
    "controllerManager": "kube-controller-manager",
    "scheduler": "kube-scheduler",
}


def ensure_log_streams(cloud: Cloud, cluster_name: str, types: list[str]) -> None:
    """Make the control plane's log group, with one stream a type that is switched on."""
    if not types:
        return
    group, logs = f"/aws/eks/{cluster_name}/cluster", cloud.stores.logs
    if group not in logs.groups:
        logs.create_log_group(group, {})
    for kind in types:
        logs.ensure_log_stream(group, f"{LOG_STREAMS[kind]}-{secrets.token_hex(16)}")

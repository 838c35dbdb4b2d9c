"""Which settings of the VPC CNI contradict each other, the nodes or the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytest_eksconform.suites.support.addresses import is_nitro, pods_by_address, pods_by_prefix
from pytest_eksconform.suites.support.cni import CniSettings
from pytest_eksconform.suites.support.nodes import zone_of
from pytest_eksconform.suites.support.routes import default_gateway
from pytest_eksconform.suites.support.workloads import metadata

TYPE_LABEL = "node.kubernetes.io/instance-type"
ENI_CONFIG_KEY = "k8s.amazonaws.com/eniConfig"


@dataclass(frozen=True)
class CniProblem:
    """One contradiction, in a finding's words."""

    reason: str
    severity: str
    symptom: str
    cause: str
    fix: str


@dataclass(frozen=True)
class CniFacts:
    """What the CNI's settings are held against.

    Attributes:
        settings: of aws-node.
        nodes: the EC2 nodes.
        types: EC2's description of each instance type that they have, by name.
        eni_configs: the ENIConfigs; None where their CRD is missing.
        subnets: of the cluster and its nodes, by id.
        public: the nodes' subnets whose default route is an internet gateway.
    """

    settings: CniSettings
    nodes: list[dict[str, Any]]
    types: dict[str, dict[str, Any]]
    eni_configs: list[dict[str, Any]] | None
    subnets: dict[str, dict[str, Any]]
    public: list[str]


def instance_types_of(
    nodes: list[dict[str, Any]], types: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The descriptions of the types that `nodes` have, as far as EC2 gave them."""
    names = {metadata(node, "labels").get(TYPE_LABEL, "") for node in nodes}
    return {name: types[name] for name in sorted(names) if name in types}


def public_subnets(instances: list[dict[str, Any]], tables: list[dict[str, Any]]) -> list[str]:
    """Subnets of the instances that route straight to an internet gateway."""
    used = sorted({instance["SubnetId"] for instance in instances})
    return [subnet for subnet in used if default_gateway(subnet, tables).startswith("igw-")]


def cni_problems(facts: CniFacts) -> list[CniProblem]:
    """Every contradiction in `facts`."""
    problems: list[CniProblem] = []
    if facts.settings.prefixes:
        problems += _prefix_problems(facts)
    if facts.settings.custom_networking:
        problems += _custom_network_problems(facts)
    if facts.settings.on("ENABLE_POD_ENI"):
        problems += _pod_eni_problems(facts)
    if facts.settings.on("AWS_VPC_K8S_CNI_EXTERNALSNAT") and facts.public:
        problems.append(
            CniProblem(
                "external-snat-public",
                "high",
                f"pods in {', '.join(facts.public)} reach nothing on the internet",
                "AWS_VPC_K8S_CNI_EXTERNALSNAT leaves pod addresses as they are, and an internet "
                "gateway drops private ones",
                "route these subnets through a NAT gateway, or switch external SNAT off",
            )
        )
    return problems


def _prefix_problems(facts: CniFacts) -> Iterator[CniProblem]:
    settings = facts.settings
    old = [name for name, kind in facts.types.items() if not is_nitro(kind)]
    if old:
        yield CniProblem(
            "prefix-without-nitro",
            "medium",
            f"nodes of type {', '.join(old)} get no prefixes",
            "prefix delegation needs Nitro instances",
            "use Nitro types, or switch prefix delegation off",
        )
    targets = ("WARM_PREFIX_TARGET", "WARM_IP_TARGET", "MINIMUM_IP_TARGET")
    if settings.number("WARM_PREFIX_TARGET") == 0 and not any(map(settings.number, targets)):
        yield CniProblem(
            "no-warm-target",
            "high",
            "pods fail to start: the CNI keeps no prefix ready",
            "WARM_PREFIX_TARGET is 0 and neither WARM_IP_TARGET nor MINIMUM_IP_TARGET is set",
            "set WARM_PREFIX_TARGET=1",
        )
    stale = sorted(node["metadata"]["name"] for node in facts.nodes if _has_old_limit(node, facts))
    if stale:
        yield CniProblem(
            "stale-max-pods",
            "medium",
            f"{len(stale)} nodes take no more pods than without prefixes, first {stale[0]}",
            "prefix delegation was switched on after they started: max-pods is still by address",
            "replace these nodes, or set kubelet.config.maxPods in the NodeConfig",
        )


def _has_old_limit(node: dict[str, Any], facts: CniFacts) -> bool:
    kind = facts.types.get(metadata(node, "labels").get(TYPE_LABEL, ""))
    if kind is None or not is_nitro(kind):
        return False
    by_address = pods_by_address(kind)
    allowed = int(node["status"]["allocatable"]["pods"])
    return allowed == by_address < pods_by_prefix(kind)


def _custom_network_problems(facts: CniFacts) -> Iterator[CniProblem]:
    configs = {c["metadata"]["name"]: c for c in facts.eni_configs or []}
    lost = sorted(
        node["metadata"]["name"]
        for node in facts.nodes
        if eni_config_name(node, facts.settings) not in configs
    )
    if lost:
        yield CniProblem(
            "no-eni-config",
            "high",
            f"{len(lost)} nodes have no ENIConfig, first {lost[0]}: pods there get no address",
            "custom networking is on, and the node's label or annotation names no ENIConfig",
            "make one ENIConfig for each zone and set ENI_CONFIG_LABEL_DEF="
            "topology.kubernetes.io/zone",
        )
    for node in facts.nodes:
        config = configs.get(eni_config_name(node, facts.settings))
        subnet = facts.subnets.get((config or {}).get("spec", {}).get("subnet", ""))
        if subnet and subnet["AvailabilityZone"] != zone_of(node):
            yield CniProblem(
                "eni-config-zone",
                "high",
                f"node {node['metadata']['name']} cannot attach interfaces for its pods",
                f"its ENIConfig names {subnet['SubnetId']}, which lies in another zone",
                "name a subnet of the node's own zone in the ENIConfig",
            )


def eni_config_name(node: dict[str, Any], settings: CniSettings) -> str:
    """Name of the ENIConfig that the CNI takes for a node: annotation, else label, else default."""
    label = settings.variables.get("ENI_CONFIG_LABEL_DEF") or ENI_CONFIG_KEY
    return (
        metadata(node, "annotations").get(ENI_CONFIG_KEY)
        or metadata(node, "labels").get(label)
        or "default"
    )


def _pod_eni_problems(facts: CniFacts) -> Iterator[CniProblem]:
    able = [n for n, kind in facts.types.items() if is_nitro(kind) and not n.startswith("t")]
    if facts.types and not able:
        yield CniProblem(
            "pod-eni-without-trunk",
            "medium",
            "pods with a security group of their own stay Pending",
            f"ENABLE_POD_ENI is on, and none of {', '.join(facts.types)} has trunk interfaces",
            "add nodes of a Nitro type that is not burstable, or switch pod ENIs off",
        )

"""What a Node looks like that an EKS node registers, from its instance, type and node group."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}
_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
_SMALL_TYPE_VCPUS = 30
_SMALL_TYPE_MAX_PODS, _LARGE_TYPE_MAX_PODS = 110, 250
_EVICTION_MIB = 100
_ROOT_VOLUME_GIB = 20


@dataclass(frozen=True)
class InstanceType:
    """An EC2 instance type: its CPUs, memory in MiB, and what its interfaces can address."""

    name: str
    vcpus: int
    memory_mib: int
    interfaces: int
    addresses_per_interface: int
    architecture: str

    @classmethod
    def from_description(cls, described: Mapping[str, Any]) -> InstanceType:
        """Read an item of DescribeInstanceTypes."""
        network = described["NetworkInfo"]
        architectures = described["ProcessorInfo"]["SupportedArchitectures"]
        return cls(
            described["InstanceType"],
            described["VCpuInfo"]["DefaultVCpus"],
            described["MemoryInfo"]["SizeInMiB"],
            network["MaximumNetworkInterfaces"],
            network["Ipv4AddressesPerInterface"],
            next((_ARCHITECTURES[a] for a in architectures if a in _ARCHITECTURES), "amd64"),
        )

    @property
    def max_pods(self) -> int:
        """The limit that the VPC CNI sets without prefix delegation, capped as EKS caps it."""
        limit = _SMALL_TYPE_MAX_PODS if self.vcpus < _SMALL_TYPE_VCPUS else _LARGE_TYPE_MAX_PODS
        return min(limit, self.interfaces * (self.addresses_per_interface - 1) + 2)

    def capacity(self) -> dict[str, str]:
        """The Node's capacity."""
        return {
            "cpu": str(self.vcpus),
            "memory": f"{self.memory_mib * 1024 * 97 // 100}Ki",
            "ephemeral-storage": f"{_ROOT_VOLUME_GIB}Gi",
            "pods": str(self.max_pods),
        }

    def allocatable(self) -> dict[str, str]:
        """The capacity less what an EKS node keeps for kubelet and eviction."""
        reserved_mib = 255 + 11 * self.max_pods + _EVICTION_MIB
        return {
            **self.capacity(),
            "cpu": f"{self.vcpus * 1000 - _reserved_millicpu(self.vcpus)}m",
            "memory": f"{self.memory_mib * 1024 * 97 // 100 - reserved_mib * 1024}Ki",
            "ephemeral-storage": f"{_ROOT_VOLUME_GIB * 9 // 10}Gi",
        }


def _reserved_millicpu(vcpus: int) -> int:
    # 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the others
    shares = (60.0, 10.0, 5.0, 5.0, *([2.5] * max(0, vcpus - 4)))
    return int(sum(shares[:vcpus]))


@dataclass(frozen=True)
class NodeGroup:
    """What a managed node group gives to its Nodes."""

    name: str
    capacity_type: str
    ami_type: str
    release_version: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Mapping[str, str], ...] = ()
    launch_template: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_description(cls, described: Mapping[str, Any]) -> NodeGroup:
        """Read the answer of DescribeNodegroup."""
        return cls(
            described["nodegroupName"],
            described.get("capacityType", "ON_DEMAND"),
            described.get("amiType", "AL2023_x86_64_STANDARD"),
            described.get("releaseVersion", ""),
            described.get("labels") or {},
            tuple(described.get("taints") or ()),
            described.get("launchTemplate") or {},
        )

    def node_labels(self, image: str) -> dict[str, str]:
        """The labels that EKS and the group put on a Node."""
        prefix = "eks.amazonaws.com"
        found = {
            f"{prefix}/nodegroup": self.name,
            f"{prefix}/capacityType": self.capacity_type,
            f"{prefix}/nodegroup-image": image,
        }
        if self.launch_template:
            found[f"{prefix}/sourceLaunchTemplateId"] = self.launch_template.get("id", "")
            version = str(self.launch_template.get("version", ""))
            found[f"{prefix}/sourceLaunchTemplateVersion"] = version
        return {**found, **self.labels}

    def node_taints(self) -> list[dict[str, str]]:
        """The group's taints in Kubernetes' words."""
        return [
            {
                "key": taint["key"],
                "value": taint.get("value", ""),
                "effect": _EFFECTS.get(taint["effect"], taint["effect"]),
            }
            for taint in self.taints
        ]


def node_object(
    instance: Mapping[str, Any],
    shape: InstanceType,
    group: NodeGroup | None,
    region: str,
    git_version: str,
) -> dict[str, Any]:
    """The Node of an instance, as kubelet and the cloud controller of EKS would make it."""
    zone, name = instance["Placement"]["AvailabilityZone"], instance["PrivateDnsName"]
    labels = _labels(name, shape, region, zone)
    labels |= group.node_labels(instance["ImageId"]) if group else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "spec": {
            "providerID": f"aws:///{zone}/{instance['InstanceId']}",
            "taints": group.node_taints() if group else [],
        },
        "status": {
            "capacity": shape.capacity(),
            "allocatable": shape.allocatable(),
            "addresses": [
                {"type": "InternalIP", "address": instance["PrivateIpAddress"]},
                {"type": "InternalDNS", "address": name},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": _node_info(instance, shape, group, git_version),
        },
    }


def _labels(name: str, shape: InstanceType, region: str, zone: str) -> dict[str, str]:
    return {
        "beta.kubernetes.io/arch": shape.architecture,
        "beta.kubernetes.io/instance-type": shape.name,
        "beta.kubernetes.io/os": "linux",
        "failure-domain.beta.kubernetes.io/region": region,
        "failure-domain.beta.kubernetes.io/zone": zone,
        "k8s.io/cloud-provider-aws": hashlib.md5(b"kubernetes", usedforsecurity=False).hexdigest(),
        "kubernetes.io/arch": shape.architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": shape.name,
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
    }


def _node_info(
    instance: Mapping[str, Any], shape: InstanceType, group: NodeGroup | None, git_version: str
) -> dict[str, str]:
    release = group.release_version if group else ""
    patch, _, date = release.partition("-")
    version = f"v{patch}" if patch.count(".") == 2 else git_version
    build = hashlib.sha256(version.encode()).hexdigest()[:7]
    identity = hashlib.sha256(instance["InstanceId"].encode()).hexdigest()
    is_bottlerocket = bool(group and group.ami_type.startswith("BOTTLEROCKET"))
    image = "Bottlerocket OS 1.50.0 (aws-k8s)" if is_bottlerocket else _amazon_linux(date)
    return {
        "architecture": shape.architecture,
        "bootID": str(uuid.UUID(identity[32:])),
        "containerRuntimeVersion": "containerd://2.1.4",
        "kernelVersion": "6.12.46-66.121.amzn2023." + _machine(shape.architecture),
        "kubeProxyVersion": f"{version}-eks-{build}",
        "kubeletVersion": f"{version}-eks-{build}",
        "machineID": f"ec2{identity[:29]}",
        "operatingSystem": "linux",
        "osImage": image,
        "systemUUID": str(uuid.UUID(f"ec2{identity[:29]}")),
    }


def _amazon_linux(date: str) -> str:
    return f"Amazon Linux 2023.9.{date}" if date else "Amazon Linux 2023"


def _machine(architecture: str) -> str:
    return {"amd64": "x86_64", "arm64": "aarch64"}[architecture]

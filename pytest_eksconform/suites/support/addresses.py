"""How many pod addresses an instance type has, by the VPC CNI's rules."""

from __future__ import annotations

from typing import Any

DENSE_SMALL, DENSE_LARGE = 110, 250
"""Pods that EKS allows with prefix delegation: below 30 vCPUs, and from there on."""


def interfaces(instance_type: dict[str, Any]) -> int:
    """Network interfaces on the default network card, those that the CNI uses."""
    network = instance_type["NetworkInfo"]
    cards = network.get("NetworkCards") or []
    default = network.get("DefaultNetworkCardIndex", 0)
    for card in cards:
        if card.get("NetworkCardIndex") == default:
            return int(card["MaximumNetworkInterfaces"])
    return int(network["MaximumNetworkInterfaces"])


def addresses_an_interface(instance_type: dict[str, Any]) -> int:
    """IPv4 addresses of one interface, its own included."""
    return int(instance_type["NetworkInfo"]["Ipv4AddressesPerInterface"])


def is_nitro(instance_type: dict[str, Any]) -> bool:
    """Whether it is built on Nitro (bare metal too), as prefixes and pod ENIs need."""
    return instance_type.get("Hypervisor") == "nitro" or bool(instance_type.get("BareMetal"))


def pods_by_address(instance_type: dict[str, Any], *, custom_networking: bool = False) -> int:
    """Most pods with one address each; two more run on the host's network."""
    usable = interfaces(instance_type) - (1 if custom_networking else 0)
    return usable * (addresses_an_interface(instance_type) - 1) + 2


def pods_by_prefix(instance_type: dict[str, Any]) -> int:
    """Most pods that EKS allows with a /28 in each address's place."""
    vcpus = int((instance_type.get("VCpuInfo") or {}).get("DefaultVCpus", 0))
    return DENSE_SMALL if vcpus < 30 else DENSE_LARGE

"""How many subnet addresses more nodes would take."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.suites.support.addresses import addresses_an_interface, interfaces, is_nitro
from pytest_eksconform.suites.support.cni import CniSettings
from pytest_eksconform.suites.support.node_groups import asg_names

PREFIX = 16
"""Addresses in a /28."""


def addresses_a_node(instance_type: dict[str, Any], settings: CniSettings) -> int:
    """Addresses of the node's own subnet that a fresh node takes, warm ones included.

    A node whose pods have their own subnets (custom networking) takes one for itself and one for
    each further interface.
    """
    most = interfaces(instance_type)
    if settings.custom_networking:
        return most
    if settings.prefixes and is_nitro(instance_type):
        return 1 + PREFIX * max(settings.number("WARM_PREFIX_TARGET") or 0, 1)
    warm_addresses = settings.number("WARM_IP_TARGET")
    minimum = settings.number("MINIMUM_IP_TARGET")
    if warm_addresses or minimum:
        return 1 + max(warm_addresses or 0, minimum or 0)
    warm = settings.number("WARM_ENI_TARGET")
    attached = min(1 + (1 if warm is None else warm), most)
    return attached * addresses_an_interface(instance_type)


def nodes_to_come(group: dict[str, Any], scaling: list[dict[str, Any]]) -> int:
    """How many nodes a managed node group may still add."""
    names = set(asg_names(group))
    known = [asg for asg in scaling if asg["AutoScalingGroupName"] in names]
    config = group["scalingConfig"]
    current = sum(len(a.get("Instances") or []) for a in known) if known else config["desiredSize"]
    return max(int(config["maxSize"]) - int(current), 0)

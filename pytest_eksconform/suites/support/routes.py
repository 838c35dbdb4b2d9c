"""Route tables: where a subnet's traffic to the internet goes."""

from __future__ import annotations

from typing import Any

_TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "NetworkInterfaceId",
    "VpcPeeringConnectionId",
)


def default_gateway(subnet_id: str, tables: list[dict[str, Any]]) -> str:
    """Id of what the subnet's route 0.0.0.0/0 leads to; empty if it has no such route.

    Args:
        subnet_id: of the subnet.
        tables: all route tables of its VPC; without one of its own it has the main one.
    """
    table = _table_of(subnet_id, tables)
    for route in table.get("Routes") or []:
        if route.get("DestinationCidrBlock") == "0.0.0.0/0" and route.get("State") != "blackhole":
            return next((str(route[key]) for key in _TARGETS if route.get(key)), "")
    return ""


def _table_of(subnet_id: str, tables: list[dict[str, Any]]) -> dict[str, Any]:
    main: dict[str, Any] = {}
    for table in tables:
        for association in table.get("Associations") or []:
            if association.get("SubnetId") == subnet_id:
                return table
            if association.get("Main"):
                main = table
    return main

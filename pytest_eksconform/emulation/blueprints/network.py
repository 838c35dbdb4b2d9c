"""A VPC as AWS recommends it for EKS: private subnets for nodes, public ones for load balancers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pytest_eksconform.emulation.world import World

VPC_CIDR = "10.0.0.0/16"
PRIVATE_CIDRS = ("10.0.0.0/19", "10.0.32.0/19", "10.0.64.0/19")
PUBLIC_CIDRS = ("10.0.96.0/22", "10.0.100.0/22", "10.0.104.0/22")


@dataclass(frozen=True)
class Network:
    """The ids of a built network, subnets in the order of their zones."""

    vpc: str
    private_subnets: list[str]
    public_subnets: list[str]


def build_network(world: World) -> Network:
    """Build a VPC over three zones, each with a private and a public subnet and a NAT gateway."""
    ec2 = world.aws("ec2")
    vpc = ec2.create_vpc(CidrBlock=VPC_CIDR, TagSpecifications=_tags("vpc", Name=world.cluster))[
        "Vpc"
    ]["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}})
    gateway = ec2.create_internet_gateway(
        TagSpecifications=_tags("internet-gateway", Name=world.cluster)
    )["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    builder = _ZoneBuilder(world, ec2, vpc, gateway)
    with ThreadPoolExecutor(3) as pool:
        zones = list(pool.map(builder.build, _zones(ec2), PRIVATE_CIDRS, PUBLIC_CIDRS))
    return Network(vpc, [private for private, _ in zones], [public for _, public in zones])


def _zones(ec2: Any) -> list[str]:
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    return sorted(zone["ZoneName"] for zone in zones)[:3]


def _tags(resource: str, **values: str) -> list[dict[str, Any]]:
    return [{"ResourceType": resource, "Tags": _tag_list(values)}]


def _tag_list(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


class _ZoneBuilder:
    def __init__(self, world: World, ec2: Any, vpc: str, gateway: str) -> None:
        self._name = world.cluster
        self._ec2 = ec2
        self._vpc = vpc
        self._gateway = gateway

    def build(self, zone: str, private_cidr: str, public_cidr: str) -> tuple[str, str]:
        """Build one zone; returns its private and its public subnet."""
        public = self._subnet(zone, public_cidr, "public", "kubernetes.io/role/elb")
        private = self._subnet(zone, private_cidr, "private", "kubernetes.io/role/internal-elb")
        self._ec2.modify_subnet_attribute(SubnetId=public, MapPublicIpOnLaunch={"Value": True})
        self._route(public, f"public-{zone}", {"GatewayId": self._gateway})
        self._route(private, f"private-{zone}", {"NatGatewayId": self._nat_gateway(public, zone)})
        return private, public

    def _subnet(self, zone: str, cidr: str, kind: str, role: str) -> str:
        tags = {
            "Name": f"{self._name}-{kind}-{zone}",
            f"kubernetes.io/cluster/{self._name}": "shared",
            role: "1",
        }
        specification = [{"ResourceType": "subnet", "Tags": _tag_list(tags)}]
        created = self._ec2.create_subnet(
            VpcId=self._vpc,
            CidrBlock=cidr,
            AvailabilityZone=zone,
            TagSpecifications=specification,
        )
        return str(created["Subnet"]["SubnetId"])

    def _nat_gateway(self, subnet: str, zone: str) -> str:
        address = self._ec2.allocate_address(Domain="vpc")["AllocationId"]
        created = self._ec2.create_nat_gateway(
            SubnetId=subnet,
            AllocationId=address,
            TagSpecifications=_tags("natgateway", Name=f"{self._name}-{zone}"),
        )
        return str(created["NatGateway"]["NatGatewayId"])

    def _route(self, subnet: str, name: str, target: dict[str, str]) -> None:
        table = self._ec2.create_route_table(
            VpcId=self._vpc,
            TagSpecifications=_tags("route-table", Name=f"{self._name}-{name}"),
        )["RouteTable"]["RouteTableId"]
        self._ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
        self._ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)

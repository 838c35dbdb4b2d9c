"""A cloud over stand-ins for the control plane and the add-ons' workloads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.validate import ParamValidator

from pytest_eksconform.emulation.cloud import ControlPlaneFacts, Issue
from pytest_eksconform.emulation.cloud.server import CloudServer, start_cloud
from pytest_eksconform.emulation.facts import Credentials

REGION = "eu-west-1"
ISSUER = "https://oidc.stand-in.test/id/A1"


@dataclass
class StandInControlPlanes:
    """Answers at once with made-up facts."""

    created: list[str] = field(default_factory=list)

    def create(self, cluster_name: str, version: str) -> ControlPlaneFacts:
        self.created.append(cluster_name)
        return ControlPlaneFacts("https://127.0.0.1:6443", b"PEM", ISSUER, "eks.9")

    def delete(self, cluster_name: str) -> None:
        self.created.remove(cluster_name)


@dataclass
class StandInWorkloads:
    """Remembers add-ons; healthy unless told otherwise."""

    applied: dict[str, dict[str, Any]] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    ready_nodes: int = 1000

    def apply(
        self,
        cluster_name: str,
        addon_name: str,
        addon_version: str,
        configuration: dict[str, Any],
        service_account_role_arn: str | None,
    ) -> None:
        self.applied[addon_name] = {"version": addon_version, "configuration": configuration}

    def remove(self, cluster_name: str, addon_name: str, preserve: bool) -> None:
        self.applied.pop(addon_name, None)

    def health(self, cluster_name: str, addon_name: str) -> tuple[bool, list[Issue]]:
        return not self.issues, self.issues

    def ready(self, cluster_name: str, nodegroup_name: str) -> int:
        return self.ready_nodes


@dataclass
class MovableClock:
    """The time, which a test can move."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Lab:
    """The running cloud with what stands behind it."""

    server: CloudServer
    control_planes: StandInControlPlanes
    workloads: StandInWorkloads
    clock: MovableClock
    key_sets: dict[str, Mapping[str, Any]]

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        keys = credentials or self.server.root_credentials
        client = boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.server.url,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
            config=Config(retries={"mode": "standard", "max_attempts": 2}),
        )
        client.meta.events.register("after-call", _validate)
        return client

    def user(self, name: str, policy: Mapping[str, Any] | None = None) -> Credentials:
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if policy:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def role(self, name: str, principal: Mapping[str, Any], **more: Any) -> str:
        action = more.pop("action", "sts:AssumeRole")
        statement = {"Effect": "Allow", "Principal": principal, "Action": action}
        statement |= more
        trust = {"Version": "2012-10-17", "Statement": [statement]}
        made = self.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)
        )
        return str(made["Role"]["Arn"])


def _validate(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    # botocore itself turns IAM's policy documents from the model's strings into objects.
    decoded = model.service_model.service_name == "iam"
    if http_response.status_code >= 300 or model.output_shape is None or decoded:
        return
    answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    report = ParamValidator().validate(answer, model.output_shape)
    problems = report.generate_report() if report.has_errors() else ""
    assert not problems, f"{model.name}: {problems}"
    _check_enums(answer, model.output_shape, model.name)


def _check_enums(value: Any, shape: Any, where: str) -> None:
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, child in value.items():
            assert name in shape.members, f"{where}.{name} is not in the model"
            _check_enums(child, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list" and isinstance(value, list):
        for child in value:
            _check_enums(child, shape.member, f"{where}[]")
    elif getattr(shape, "enum", None):
        assert value in shape.enum, f"{where}: {value!r} is not one of {shape.enum}"


def start_lab() -> Lab:
    """Start a cloud of its own over stand-ins."""
    control_planes, workloads, clock = StandInControlPlanes(), StandInWorkloads(), MovableClock()
    key_sets: dict[str, Mapping[str, Any]] = {}
    server = start_cloud(REGION, control_planes, workloads, jwks=key_sets.__getitem__, clock=clock)
    return Lab(server, control_planes, workloads, clock, key_sets)


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = start_lab()
    yield lab
    lab.server.stop()


@dataclass
class ClusterLab:
    """A lab with a network, roles and the cluster ``conform``."""

    lab: Lab
    subnets: list[str]
    node_role: str

    def eks(self) -> Any:
        return self.lab.client("eks")


def make_subnets(lab: Lab) -> list[str]:
    """Make a VPC with a subnet in each of three zones."""
    ec2 = lab.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.7.{n}.0/24", AvailabilityZone=f"{REGION}{zone}"
        )["Subnet"]["SubnetId"]
        for n, zone in enumerate("abc")
    ]


def make_cluster(lab: Lab) -> ClusterLab:
    """Make the cluster ``conform``, ACTIVE."""
    subnets = make_subnets(lab)
    eks_role = lab.role("cluster", {"Service": "eks.amazonaws.com"})
    node_role = lab.role("node", {"Service": "ec2.amazonaws.com"})
    eks = lab.client("eks")
    eks.create_cluster(
        name="conform",
        version="1.35",
        roleArn=eks_role,
        resourcesVpcConfig={"subnetIds": subnets},
        accessConfig={"authenticationMode": "API"},
    )
    eks.get_waiter("cluster_active").wait(
        name="conform", WaiterConfig={"Delay": 1, "MaxAttempts": 10}
    )
    return ClusterLab(lab, subnets, node_role)


@pytest.fixture
def make_network(lab: Lab) -> Callable[[], list[str]]:
    return lambda: make_subnets(lab)


@pytest.fixture
def cluster(lab: Lab) -> ClusterLab:
    return make_cluster(lab)


@pytest.fixture(scope="module")
def shared_cluster() -> Iterator[ClusterLab]:
    lab = start_lab()
    yield make_cluster(lab)
    lab.server.stop()

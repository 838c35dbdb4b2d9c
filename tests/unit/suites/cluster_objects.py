"""Small literal AWS and Kubernetes objects for the controls' tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any


def ago(**how_long: float) -> str:
    """An ISO time so long ago: ``ago(hours=1)``."""
    return (datetime.now(UTC) - timedelta(**how_long)).isoformat()


def instance(name: str = "i-1", *, tokens: str = "required", hops: int = 1, **more: Any) -> Any:
    return {
        "InstanceId": name,
        "ImageId": "ami-1",
        "InstanceType": "m6i.large",
        "SubnetId": "subnet-a",
        "LaunchTime": ago(hours=1),
        "State": {"Name": "running"},
        "MetadataOptions": {
            "HttpTokens": tokens,
            "HttpPutResponseHopLimit": hops,
            "HttpEndpoint": "enabled",
        },
        "IamInstanceProfile": {"Arn": "arn:aws:iam::111122223333:instance-profile/nodes"},
        "SecurityGroups": [{"GroupId": "sg-cluster"}],
        "Tags": [{"Key": "eks:nodegroup-name", "Value": "general"}],
        **more,
    }


def node(
    name: str = "ip-1",
    *,
    instance_id: str = "i-1",
    zone: str = "eu-west-1a",
    conditions: dict[str, str] | None = None,
    created: str | None = None,
    pods: str = "29",
    kubelet: str = "v1.35.2-eks-abc",
    image: str = "Amazon Linux 2023.9",
    **spec: Any,
) -> Any:
    statuses = {"Ready": "True", **(conditions or {})}
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": created or ago(hours=1),
            "labels": {
                "eks.amazonaws.com/nodegroup": "general",
                "topology.kubernetes.io/zone": zone,
                "node.kubernetes.io/instance-type": "m6i.large",
            },
            "annotations": {},
        },
        "spec": {"providerID": f"aws:///{zone}/{instance_id}", **spec},
        "status": {
            "allocatable": {"pods": pods},
            "conditions": [{"type": k, "status": v, "reason": "R"} for k, v in statuses.items()],
            "nodeInfo": {"kubeletVersion": kubelet, "osImage": image},
        },
    }


def pod(
    name: str = "ca-1",
    *,
    image: str = "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0",
    namespace: str = "kube-system",
    account: str = "cluster-autoscaler",
    env: dict[str, str] | None = None,
    args: list[str] | None = None,
    on: str = "ip-1",
    labels: dict[str, str] | None = None,
    owner: tuple[str, str] = ("StatefulSet", "ca"),
    phase: str = "Running",
    **spec: Any,
) -> Any:
    kind, owner_name = owner
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels or {},
            "annotations": {},
            "ownerReferences": [{"controller": True, "kind": kind, "name": owner_name}],
        },
        "spec": {
            "nodeName": on,
            "serviceAccountName": account,
            "containers": [
                {
                    "name": "main",
                    "image": image,
                    "args": args or [],
                    "env": [{"name": k, "value": v} for k, v in (env or {}).items()],
                }
            ],
            **spec,
        },
        "status": {"phase": phase},
    }


def node_group(name: str = "general", **more: Any) -> Any:
    return {
        "nodegroupName": name,
        "clusterName": "prod",
        "status": "ACTIVE",
        "version": "1.35",
        "releaseVersion": "1.35.0-20261101",
        "amiType": "AL2023_x86_64_STANDARD",
        "scalingConfig": {"minSize": 1, "maxSize": 4, "desiredSize": 2},
        "subnets": ["subnet-a", "subnet-b"],
        "nodeRole": "arn:aws:iam::111122223333:role/nodes",
        "resources": {"autoScalingGroups": [{"name": f"asg-{name}"}]},
        "health": {"issues": []},
        **more,
    }


def autoscaling_group(name: str = "general", **more: Any) -> Any:
    return {
        "AutoScalingGroupName": f"asg-{name}",
        "MinSize": 1,
        "MaxSize": 4,
        "DesiredCapacity": 2,
        "VPCZoneIdentifier": "subnet-a,subnet-b",
        "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "1"},
        "Instances": [
            {
                "InstanceId": "i-1",
                "LifecycleState": "InService",
                "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "1"},
            }
        ],
        "Tags": [{"Key": "eks:nodegroup-name", "Value": name}],
        **more,
    }


def template(number: int = 1, *, id: str = "lt-1", **data: Any) -> dict[str, Any]:  # noqa: A002
    return {
        f"{id}:{number}": {
            "LaunchTemplateId": id,
            "VersionNumber": number,
            "LaunchTemplateData": data,
        }
    }


def service_account(name: str, *, namespace: str = "kube-system", role: str | None = None) -> Any:
    annotations = {"eks.amazonaws.com/role-arn": role} if role else {}
    return {"metadata": {"name": name, "namespace": namespace, "annotations": annotations}}


M6I_LARGE = {
    "InstanceType": "m6i.large",
    "Hypervisor": "nitro",
    "VCpuInfo": {"DefaultVCpus": 2},
    "NetworkInfo": {"MaximumNetworkInterfaces": 3, "Ipv4AddressesPerInterface": 10},
}
"""EC2's description of an m6i.large: 29 pods by address, 110 by prefix."""


def aws_node(**env: str) -> Any:
    container = {
        "name": "aws-node",
        "image": "amazon-k8s-cni:v1.20.4",
        "env": [{"name": k, "value": v} for k, v in env.items()],
    }
    return {
        "metadata": {"name": "aws-node", "namespace": "kube-system"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def subnet(name: str = "subnet-a", *, zone: str = "eu-west-1a", free: int = 200) -> Any:
    return {
        "SubnetId": name,
        "AvailabilityZone": zone,
        "AvailabilityZoneId": "euw1-az" + zone[-1],
        "AvailableIpAddressCount": free,
    }


def route_table(gateway: str, *subnets: str) -> Any:
    key = "GatewayId" if gateway.startswith("igw-") else "NatGatewayId"
    associations: list[dict[str, Any]] = [{"SubnetId": name} for name in subnets]
    return {
        "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", key: gateway}],
        "Associations": associations or [{"Main": True}],
    }

"""Literal Cluster Autoscaler objects that several test files use."""

from __future__ import annotations

from typing import Any

FLAGS = (
    "--cloud-provider=aws",
    "--node-group-auto-discovery=asg:tag=k8s.io/cluster-autoscaler/enabled,"
    "k8s.io/cluster-autoscaler/prod",
    "--expander=least-waste",
)
TAGS = {"k8s.io/cluster-autoscaler/enabled": "true", "k8s.io/cluster-autoscaler/prod": "owned"}
ROLE = "arn:aws:iam::111122223333:role/autoscaler"
NOT_RUNNING = "no Cluster Autoscaler runs: no Deployment has its image"


def deployment(
    *flags: str, name: str = "cluster-autoscaler", tag: str = "v1.35.0", ready: int = 1
) -> dict[str, Any]:
    """A Deployment of the Cluster Autoscaler, with `FLAGS` when none are given."""
    container = {
        "name": "ca",
        "image": f"registry.k8s.io/autoscaling/cluster-autoscaler:{tag}",
        "command": ["./cluster-autoscaler", *(flags or FLAGS)],
        "env": [],
    }
    spec = {"serviceAccountName": "cluster-autoscaler", "containers": [container]}
    annotations = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
    return {
        "metadata": {"namespace": "kube-system", "name": name},
        "spec": {
            "replicas": 1,
            "template": {"metadata": {"annotations": annotations}, "spec": spec},
        },
        "status": {"readyReplicas": ready},
    }


def group(
    name: str = "eks-general", tags: dict[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    """An Auto Scaling group with room to grow, with `TAGS` when none are given."""
    wanted = TAGS if tags is None else tags
    return {
        "AutoScalingGroupName": name,
        "AutoScalingGroupARN": f"arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:u:"
        f"autoScalingGroupName/{name}",
        "MinSize": 1,
        "DesiredCapacity": 2,
        "MaxSize": 4,
        "VPCZoneIdentifier": "subnet-a,subnet-b",
        "Instances": [{"InstanceId": "i-1", "InstanceType": "m6i.large"}],
        "Tags": [{"Key": key, "Value": value} for key, value in wanted.items()],
    } | more


def node_group(name: str = "general", **more: Any) -> dict[str, Any]:
    """The managed node group of `group`."""
    return {
        "nodegroupName": name,
        "nodegroupArn": f"arn:aws:eks:eu-west-1:111122223333:nodegroup/prod/{name}/u",
        "instanceTypes": ["m6i.large"],
        "subnets": ["subnet-a", "subnet-b"],
        "resources": {"autoScalingGroups": [{"name": f"eks-{name}"}]},
    } | more


def service_account(role: str | None = ROLE) -> dict[str, Any]:
    """The autoscaler's service account, with the annotation for `role`."""
    annotations = {"eks.amazonaws.com/role-arn": role} if role else {}
    names = {"namespace": "kube-system", "name": "cluster-autoscaler"}
    return {"metadata": {**names, "annotations": annotations}}

"""Known controllers that call AWS, and what each needs: recognised by the image that they run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_eksconform import Snapshot

NO_CONTROLLERS = "no known controller that calls AWS runs in the cluster"


@dataclass(frozen=True)
class Needs:
    """Actions that a controller can not do without, asked of the policy simulator together.

    Attributes:
        actions: IAM actions.
        resource: ARN that they act on; ``{partition}``, ``{region}``, ``{account}`` and
            ``{cluster}`` are filled in.
        context: condition keys with values, filled in likewise.
    """

    actions: tuple[str, ...]
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AwsController:
    """One program that calls AWS.

    Attributes:
        title: as its project calls it.
        images: ends of the repositories of its images.
        needs: what it can not do without.
        kind: ``deployment`` or ``daemonset``: the part of it that calls AWS.
        only_with: flag that must be given, for programs that also work without AWS.
        excess: an action that a policy made for it never holds.
        event_sources: how the component of its events begins.
        on_node_role: whether EKS itself documents running it as the node's role.
    """

    title: str
    images: tuple[str, ...]
    needs: tuple[Needs, ...]
    kind: str = "deployment"
    only_with: str = ""
    excess: tuple[str, ...] = ()
    event_sources: tuple[str, ...] = ()
    on_node_role: bool = False


CLUSTER_AUTOSCALER = AwsController(
    title="Cluster Autoscaler",
    images=("cluster-autoscaler", "cluster-autoscaler-amd64", "cluster-autoscaler-arm64"),
    # What it changes is asked of its real groups, with their tags, by ca-permissions.
    needs=(Needs(("autoscaling:DescribeAutoScalingGroups",)),),
    excess=("autoscaling:DeleteAutoScalingGroup",),
    event_sources=("cluster-autoscaler",),
)
KARPENTER = AwsController(
    title="Karpenter",
    images=("karpenter/controller", "karpenter-controller"),
    needs=(
        Needs(
            (
                "ec2:DescribeImages",
                "ec2:DescribeInstances",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeInstanceTypeOfferings",
                "ec2:DescribeLaunchTemplates",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
            ),
            context={"aws:RequestedRegion": "{region}"},
        ),
        Needs(
            ("ec2:CreateFleet",),
            "arn:{partition}:ec2:{region}:{account}:fleet/*",
            {
                "aws:RequestTag/kubernetes.io/cluster/{cluster}": "owned",
                "aws:RequestTag/eks:eks-cluster-name": "{cluster}",
                "aws:RequestTag/karpenter.sh/nodepool": "default",
            },
        ),
        Needs(
            ("ec2:TerminateInstances",),
            "arn:{partition}:ec2:{region}:{account}:instance/*",
            {
                "aws:ResourceTag/kubernetes.io/cluster/{cluster}": "owned",
                "aws:ResourceTag/eks:eks-cluster-name": "{cluster}",
                "aws:ResourceTag/karpenter.sh/nodepool": "default",
            },
        ),
    ),
    event_sources=("karpenter",),
)
LOAD_BALANCER_CONTROLLER = AwsController(
    title="AWS Load Balancer Controller",
    images=("aws-load-balancer-controller",),
    needs=(
        Needs(
            (
                "ec2:DescribeAvailabilityZones",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
                "elasticloadbalancing:DescribeListeners",
                "elasticloadbalancing:DescribeLoadBalancers",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
            )
        ),
        Needs(
            ("elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"),
            context={"aws:RequestTag/elbv2.k8s.aws/cluster": "{cluster}"},
        ),
    ),
    event_sources=("ingress", "service", "targetGroupBinding"),
)
EBS_CSI = AwsController(
    title="EBS CSI driver",
    images=("aws-ebs-csi-driver",),
    needs=(
        Needs(("ec2:DescribeAvailabilityZones", "ec2:DescribeInstances", "ec2:DescribeVolumes")),
        Needs(
            ("ec2:CreateVolume",),
            "arn:{partition}:ec2:{region}:{account}:volume/*",
            {
                "aws:RequestTag/ebs.csi.aws.com/cluster": "true",
                "aws:RequestTag/CSIVolumeName": "pvc",
                "aws:RequestTag/kubernetes.io/cluster/{cluster}": "owned",
            },
        ),
    ),
    event_sources=("ebs.csi.aws.com",),
)
EFS_CSI = AwsController(
    title="EFS CSI driver",
    images=("aws-efs-csi-driver",),
    needs=(
        Needs(
            (
                "elasticfilesystem:DescribeAccessPoints",
                "elasticfilesystem:DescribeFileSystems",
                "elasticfilesystem:DescribeMountTargets",
            )
        ),
    ),
    event_sources=("efs.csi.aws.com",),
)
EXTERNAL_DNS = AwsController(
    title="ExternalDNS",
    images=("external-dns",),
    needs=(Needs(("route53:ListHostedZones",)),),
    only_with="--provider=aws",
    event_sources=("external-dns",),
)
_CNI_READS = ("ec2:DescribeInstances", "ec2:DescribeInstanceTypes", "ec2:DescribeNetworkInterfaces")
VPC_CNI = AwsController(
    title="VPC CNI",
    images=("amazon-k8s-cni",),
    needs=(
        Needs(
            (
                *_CNI_READS,
                "ec2:AssignPrivateIpAddresses",
                "ec2:AttachNetworkInterface",
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:UnassignPrivateIpAddresses",
            )
        ),
    ),
    kind="daemonset",
    event_sources=("aws-node",),
    on_node_role=True,
)
VPC_CNI_IPV6 = AwsController(
    title="VPC CNI",
    images=VPC_CNI.images,
    needs=(Needs((*_CNI_READS, "ec2:AssignIpv6Addresses")),),
    kind="daemonset",
    event_sources=VPC_CNI.event_sources,
    on_node_role=True,
)
_EVERYWHERE = (
    CLUSTER_AUTOSCALER,
    KARPENTER,
    LOAD_BALANCER_CONTROLLER,
    EBS_CSI,
    EFS_CSI,
    EXTERNAL_DNS,
)


def known_controllers(ip_family: str = "ipv4") -> tuple[AwsController, ...]:
    """The table, for a cluster of `ip_family` (``ipv4`` or ``ipv6``)."""
    return (*_EVERYWHERE, VPC_CNI_IPV6 if ip_family == "ipv6" else VPC_CNI)


@dataclass(frozen=True)
class RunningController:
    """A controller as this cluster runs it.

    Attributes:
        controller: which one.
        kind: ``deployment`` or ``daemonset``.
        namespace: of the workload.
        name: of the workload.
        service_account: name of its service account.
    """

    controller: AwsController
    kind: str
    namespace: str
    name: str
    service_account: str

    @property
    def resource(self) -> str:
        """As findings name it."""
        return f"{self.kind} {self.namespace}/{self.name}"


def running_controllers(
    deployments: Iterable[dict[str, Any]],
    daemon_sets: Iterable[dict[str, Any]],
    ip_family: str = "ipv4",
) -> list[RunningController]:
    """The known controllers among the workloads; those scaled to nothing are left out."""
    workloads = [("deployment", item) for item in deployments if _replicas(item)]
    workloads += [("daemonset", item) for item in daemon_sets if _scheduled(item)]
    return [
        _running(controller, kind, item)
        for kind, item in workloads
        for controller in known_controllers(ip_family)
        if controller.kind == kind and _runs(controller, item)
    ]


def controllers_of(snapshot: Snapshot) -> list[RunningController]:
    """The known controllers by the sections ``cluster``, ``deployments`` and ``daemon_sets``."""
    network = snapshot.read("cluster").get("kubernetesNetworkConfig") or {}
    return running_controllers(
        snapshot.read("deployments"), snapshot.read("daemon_sets"), network.get("ipFamily", "ipv4")
    )


def _running(controller: AwsController, kind: str, item: dict[str, Any]) -> RunningController:
    named = item["metadata"]
    account = item["spec"]["template"]["spec"].get("serviceAccountName") or "default"
    return RunningController(controller, kind, named["namespace"], named["name"], account)


def _replicas(deployment: dict[str, Any]) -> int:
    return int(deployment["spec"].get("replicas", 1) or 0)


def _scheduled(daemon_set: dict[str, Any]) -> int:
    return int((daemon_set.get("status") or {}).get("desiredNumberScheduled", 0))


def _runs(controller: AwsController, item: dict[str, Any]) -> bool:
    containers = item["spec"]["template"]["spec"].get("containers") or []
    return any(
        is_image_of(controller, container.get("image", ""))
        and controller.only_with.replace("=", " ") in _words(container)
        for container in containers
    )


def is_image_of(controller: AwsController, image: str) -> bool:
    """Whether `image`, from whatever registry, is the controller's."""
    path, _, last = image.split("@", 1)[0].rpartition("/")
    repository = f"/{path}/{last.partition(':')[0]}"
    return any(repository.endswith(f"/{name}") for name in controller.images)


def _words(container: dict[str, Any]) -> str:
    words = [*(container.get("command") or []), *(container.get("args") or [])]
    return " ".join(str(word) for word in words).replace("=", " ")

"""Managed node groups with the Cluster Autoscaler: everything healthy, through public APIs only."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from pytest_eksconform.emulation.blueprints import roles, workloads
from pytest_eksconform.emulation.blueprints.network import Network, build_network
from pytest_eksconform.emulation.blueprints.readiness import (
    addons_active,
    autoscaler_healthy,
    nodegroups_active,
    pods_running,
)
from pytest_eksconform.emulation.facts import RUNNER_GROUP, RUNNER_USER
from pytest_eksconform.emulation.progress import Progress
from pytest_eksconform.emulation.world import World
from pytest_eksconform.errors import EmulationError

ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
ADMIN_ROLES = ("break-glass", "platform-admins")
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
PUBLIC_ACCESS_CIDRS = ("203.0.113.0/24",)
ADDONS_OF_NODES = ("vpc-cni", "kube-proxy", "eks-pod-identity-agent")
NODE_GROUPS: dict[str, dict[str, int]] = {
    "general": {"minSize": 2, "maxSize": 6, "desiredSize": 2},
    "system": {"minSize": 1, "maxSize": 4, "desiredSize": 3},
}
INSTANCE_TYPE = "m6i.large"
LOG_RETENTION_DAYS = 90
READY_SECONDS = 180.0


def build(world: World, version: str, progress: Progress) -> None:
    """Build the cluster, and return when its nodes, add-ons and pods are ready."""
    Builder(world, version, progress).build()


class Builder:
    """Builds the cluster's parts, several at a time."""

    def __init__(self, world: World, version: str, progress: Progress) -> None:
        self._world = world
        self._version = version
        self._progress = progress
        self._eks = world.aws("eks")
        self._roles = roles.Roles(world)
        self._pool = ThreadPoolExecutor(8, "blueprint")

    def build(self) -> None:
        """Build the whole cluster, and wait until it is ready."""
        with self._pool:
            network = self._cluster()
            self._progress.step("creating nodes, add-ons and workloads")
            access = self._soon(self._access)
            nodes = [self._soon(self._node_group, name, network) for name in NODE_GROUPS]
            self._identities()
            rest = [self._soon(self._addon, name) for name in ADDONS_OF_NODES]
            rest += [access, *nodes, self._soon(self._workloads)]
            for each in rest:
                each.result()
            # With one node Ready, both its pods would stay on that one.
            self._wait_for("all node groups are ACTIVE", lambda: nodegroups_active(self._world))
            self._addon("coredns")
            self._wait_until_ready()

    def build_bare(self) -> None:
        """Build the cluster alone: nothing runs in it, and the runner may read it."""
        with self._pool:
            self._cluster()
            self._access()
            self._world.kube.apply(*workloads.runner_objects())

    def _cluster(self) -> Network:
        self._progress.step("building the network, roles and keys")
        network = self._soon(build_network, self._world)
        key = self._soon(self._key)
        account_roles = self._soon(self._account_roles)
        for each in (self._soon(self._log_group), account_roles):
            each.result()
        self._create_cluster(network.result(), key.result())
        self._progress.step("waiting for the control plane")
        self._wait_for_cluster()
        built: Network = network.result()
        return built

    def _soon(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        return self._pool.submit(work, *arguments)

    def _key(self) -> str:
        kms = self._world.aws("kms")
        key = kms.create_key(Description=f"Secrets of the EKS cluster {self._world.cluster}")
        arn = str(key["KeyMetadata"]["Arn"])
        kms.enable_key_rotation(KeyId=arn)
        kms.create_alias(AliasName=f"alias/eks/{self._world.cluster}", TargetKeyId=arn)
        return arn

    def _log_group(self) -> None:
        # Made before the cluster, which would make it without an end to its logs' life.
        logs, name = self._world.aws("logs"), f"/aws/eks/{self._world.cluster}/cluster"
        logs.create_log_group(logGroupName=name)
        logs.put_retention_policy(logGroupName=name, retentionInDays=LOG_RETENTION_DAYS)

    def _account_roles(self) -> None:
        create, name = self._roles.create, self._world.cluster
        create(
            f"{name}-cluster",
            roles.service_trust("eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession"),
            "AmazonEKSClusterPolicy",
        )
        create(
            f"{name}-node",
            roles.service_trust("ec2.amazonaws.com"),
            "AmazonEKSWorkerNodePolicy",
            "AmazonEC2ContainerRegistryPullOnly",
        )
        for role in ADMIN_ROLES:
            create(role, roles.account_trust(self._world.account), inline=None)
        iam = self._world.aws("iam")
        iam.create_user(UserName=RUNNER_USER)
        policy = iam.create_policy(PolicyName=RUNNER_USER, PolicyDocument=roles.runner_policy())[
            "Policy"
        ]["Arn"]
        iam.attach_user_policy(UserName=RUNNER_USER, PolicyArn=policy)

    def _create_cluster(self, network: Network, key: str) -> None:
        self._eks.create_cluster(
            name=self._world.cluster,
            version=self._version,
            roleArn=self._role_arn(f"{self._world.cluster}-cluster"),
            resourcesVpcConfig={
                "subnetIds": network.private_subnets,
                "endpointPrivateAccess": True,
                "endpointPublicAccess": True,
                "publicAccessCidrs": list(PUBLIC_ACCESS_CIDRS),
            },
            accessConfig={
                "authenticationMode": "API",
                "bootstrapClusterCreatorAdminPermissions": True,
            },
            logging={"clusterLogging": [{"types": list(LOG_TYPES), "enabled": True}]},
            encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": key}}],
            upgradePolicy={"supportType": "STANDARD"},
            bootstrapSelfManagedAddons=False,
            deletionProtection=True,
        )

    def _wait_for_cluster(self) -> None:
        def active() -> dict[str, Any] | None:
            found: dict[str, Any] = self._eks.describe_cluster(name=self._world.cluster)["cluster"]
            if found["status"] == "FAILED":
                raise EmulationError(f"cluster {self._world.cluster} is FAILED")
            return found if found["status"] == "ACTIVE" else None

        self._world.wait_until("the cluster is ACTIVE", active, READY_SECONDS)

    def _access(self) -> None:
        name = {"clusterName": self._world.cluster}
        for role in ADMIN_ROLES:
            arn = {"principalArn": self._role_arn(role)}
            self._eks.create_access_entry(**name, **arn)
            self._eks.associate_access_policy(
                **name, **arn, policyArn=ADMIN_POLICY, accessScope={"type": "cluster"}
            )
        runner = f"arn:aws:iam::{self._world.account}:user/{RUNNER_USER}"
        self._eks.create_access_entry(**name, principalArn=runner, kubernetesGroups=[RUNNER_GROUP])

    def _node_group(self, group: str, network: Network) -> None:
        template = f"{self._world.cluster}-{group}"
        self._world.aws("ec2").create_launch_template(
            LaunchTemplateName=template, LaunchTemplateData=_launch_template(template)
        )
        self._eks.create_nodegroup(
            clusterName=self._world.cluster,
            nodegroupName=group,
            nodeRole=self._role_arn(f"{self._world.cluster}-node"),
            subnets=network.private_subnets,
            instanceTypes=[INSTANCE_TYPE],
            amiType="AL2023_x86_64_STANDARD",
            capacityType="ON_DEMAND",
            scalingConfig=NODE_GROUPS[group],
            updateConfig={"maxUnavailable": 1},
            nodeRepairConfig={"enabled": True},
            labels={"workload": group},
            launchTemplate={"name": template, "version": "1"},
        )

    def _identities(self) -> None:
        """The OIDC provider, and a role for each service account that calls AWS."""
        cluster = self._world.cluster
        described = self._eks.describe_cluster(name=cluster)["cluster"]
        issuer = str(described["identity"]["oidc"]["issuer"])
        self._world.aws("iam").create_open_id_connect_provider(
            Url=issuer, ClientIDList=["sts.amazonaws.com"]
        )
        trust = functools.partial(roles.irsa_trust, self._world.account, issuer)
        create = self._roles.create
        create(f"{cluster}-vpc-cni", trust("kube-system", "aws-node"), "AmazonEKS_CNI_Policy")
        create(
            f"{cluster}-autoscaler",
            trust("kube-system", "cluster-autoscaler"),
            inline=roles.autoscaler_policy(cluster),
        )
        create(
            f"{cluster}-orders",
            trust("shop", "orders"),
            inline=roles.bucket_policy(f"{cluster}-orders"),
        )
        create(
            f"{cluster}-billing",
            roles.pod_identity_trust(),
            inline=roles.bucket_policy(f"{cluster}-billing"),
        )
        self._eks.create_pod_identity_association(
            clusterName=cluster,
            namespace="shop",
            serviceAccount="billing",
            roleArn=self._role_arn(f"{cluster}-billing"),
        )

    def _addon(self, name: str) -> None:
        role = {"serviceAccountRoleArn": self._role_arn(f"{self._world.cluster}-vpc-cni")}
        self._eks.create_addon(
            clusterName=self._world.cluster,
            addonName=name,
            addonVersion=self._addon_version(name),
            **(role if name == "vpc-cni" else {}),
        )

    def _addon_version(self, name: str) -> str:
        offered = self._eks.describe_addon_versions(
            addonName=name, kubernetesVersion=self._version
        )["addons"][0]["addonVersions"]
        return next(
            str(item["addonVersion"])
            for item in offered
            if any(fit.get("defaultVersion") for fit in item["compatibilities"])
        )

    def _workloads(self) -> None:
        kube = self._world.kube
        kube.apply(*workloads.platform_objects(self._world, self._version))
        kube.apply(*workloads.runner_objects())
        kube.apply(*workloads.shop_objects(self._world))

    def _wait_until_ready(self) -> None:
        world = self._world
        self._progress.step("waiting for nodes, add-ons and pods")
        for what, condition in (
            ("all pods run", lambda: pods_running(world.kube)),
            ("all add-ons are ACTIVE", lambda: addons_active(world)),
            ("the Cluster Autoscaler is healthy", lambda: autoscaler_healthy(world.kube)),
        ):
            self._wait_for(what, condition)

    def _wait_for(self, what: str, condition: Callable[[], Any]) -> None:
        self._world.wait_until(what, condition, READY_SECONDS)

    def _role_arn(self, name: str) -> str:
        return f"arn:aws:iam::{self._world.account}:role/{name}"


def _launch_template(name: str) -> dict[str, Any]:
    volume = {"VolumeSize": 50, "VolumeType": "gp3", "Encrypted": True}
    tags = [{"Key": "Name", "Value": name}]
    return {
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 1,
        },
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": volume}],
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": tags},
            {"ResourceType": "volume", "Tags": tags},
        ],
    }

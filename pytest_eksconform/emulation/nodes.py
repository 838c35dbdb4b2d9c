"""Each EC2 instance of the cluster that may join has a Node; each that is gone loses it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from pytest_eksconform.emulation.cluster.access_entries import AccessEntries, without_path
from pytest_eksconform.emulation.kube import Kube, KubeError
from pytest_eksconform.emulation.node_objects import InstanceType, NodeGroup, node_object

if TYPE_CHECKING:
    from pytest_eksconform.emulation.aws_clients import AwsClients

RESYNC_SECONDS = 2.0

_LOG = logging.getLogger(__name__)
_JOINED_STATES = ("running", "stopping", "shutting-down")


class NodeLoop:
    """Keeps the cluster's Nodes the same as its running instances.

    It looks again when `wake` is called and every two seconds.

    Args:
        aws: clients that may read EC2, IAM and EKS.
        kube: a client that may write Nodes.
        cluster_name: the cluster.
        git_version: the control plane's version, for kubelets of instances without a node group.
    """

    def __init__(self, aws: AwsClients, kube: Kube, cluster_name: str, git_version: str) -> None:
        self._aws = aws
        self._kube = kube
        self._cluster_name = cluster_name
        self._git_version = git_version
        self._entries = AccessEntries(aws("eks"), cluster_name)
        self._types: dict[str, InstanceType] = {}
        self._wake = threading.Event()
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nodes", daemon=True)

    def start(self) -> None:
        """Begin to follow the instances."""
        self._thread.start()

    def stop(self) -> None:
        """Stop following; the Nodes stay."""
        self._is_stopping.set()
        self._wake.set()
        self._thread.join(5.0)

    def wake(self) -> None:
        """Look at the instances now."""
        self._wake.set()

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            self._wake.clear()
            try:
                self.sync()
            except (ClientError, BotoCoreError, KubeError, HTTPError) as error:
                _LOG.warning("the nodes could not be followed: %s", error)
            self._wake.wait(RESYNC_SECONDS)

    def sync(self) -> None:
        """Compare once, and create and delete what differs."""
        instances = self._instances()
        nodes = {_instance_id(node): node for node in self._kube.list("v1", "Node")}
        new = [item for key, item in instances.items() if key not in nodes]
        roles = self._entries.node_roles() if new else set()
        for instance in new:
            if instance["State"]["Name"] == "running" and self._role(instance) in roles:
                self._join(instance)
        for key, node in nodes.items():
            if key not in instances:
                self._kube.delete("v1", "Node", node["metadata"]["name"])
                _LOG.info("node %s left", node["metadata"]["name"])

    def _instances(self) -> dict[str, dict[str, Any]]:
        filters = [
            {"Name": "tag-key", "Values": [f"kubernetes.io/cluster/{self._cluster_name}"]},
            {"Name": "instance-state-name", "Values": list(_JOINED_STATES)},
        ]
        pages = self._aws("ec2").get_paginator("describe_instances").paginate(Filters=filters)
        return {
            instance["InstanceId"]: instance
            for page in pages
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        }

    def _role(self, instance: dict[str, Any]) -> str | None:
        profile = instance.get("IamInstanceProfile", {}).get("Arn")
        if profile is None:
            return None
        name = profile.rpartition("/")[2]
        found = self._aws("iam").get_instance_profile(InstanceProfileName=name)
        roles = found["InstanceProfile"]["Roles"]
        return without_path(roles[0]["Arn"]) if roles else None

    def _join(self, instance: dict[str, Any]) -> None:
        tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", ())}
        group = self._group(tags.get("eks:nodegroup-name"))
        shape = self._type(instance["InstanceType"])
        node = node_object(instance, shape, group, self._aws.region, self._git_version)
        try:
            self._kube.create(node)
        except KubeError as error:
            if error.status != 409:
                raise
        _LOG.info("node %s joined", node["metadata"]["name"])

    def _group(self, name: str | None) -> NodeGroup | None:
        if name is None:
            return None
        found = self._aws("eks").describe_nodegroup(
            clusterName=self._cluster_name, nodegroupName=name
        )["nodegroup"]
        return NodeGroup.from_description(found)

    def _type(self, name: str) -> InstanceType:
        if name not in self._types:
            found = self._aws("ec2").describe_instance_types(InstanceTypes=[name])
            self._types[name] = InstanceType.from_description(found["InstanceTypes"][0])
        return self._types[name]


def ready_nodes(kube: Kube, nodegroup_name: str) -> int:
    """How many Nodes of a managed node group are Ready."""
    labels = f"eks.amazonaws.com/nodegroup={nodegroup_name}"
    return sum(is_ready(node) for node in kube.list("v1", "Node", labels=labels))


def is_ready(node: dict[str, Any]) -> bool:
    """Whether a Node's Ready condition is true."""
    conditions = node.get("status", {}).get("conditions") or ()
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def _instance_id(node: dict[str, Any]) -> str:
    return str(node["spec"].get("providerID", "")).rpartition("/")[2]

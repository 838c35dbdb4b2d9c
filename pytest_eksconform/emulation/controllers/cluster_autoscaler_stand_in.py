"""A stand-in for the Cluster Autoscaler: it watches, as its pod, and writes the status; no scaling.

It acts only while a pod of the Deployment is Running, with that pod's own credentials for AWS and
for Kubernetes, so that whatever takes these away shows as it would with the real one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from pytest_eksconform.emulation.aws_clients import AwsClients
from pytest_eksconform.emulation.controllers.autoscaler_status import (
    GroupStatus,
    Observation,
    config_map,
)
from pytest_eksconform.emulation.controllers.pod_credentials import (
    NoCredentials,
    PodCredentials,
    environment,
)
from pytest_eksconform.emulation.kube import Kube, KubeError, Object
from pytest_eksconform.emulation.nodes import is_ready

NAME = "cluster-autoscaler-stand-in"
NAMESPACE, DEPLOYMENT = "kube-system", "cluster-autoscaler"
WRITE_SECONDS = 10.0
LOOK_SECONDS = 2.0
FIRST_LOOKS_SECONDS = 0.2

_DISCOVERY_FLAG = "--node-group-auto-discovery"
_NODES_FLAG = "--nodes"
_MAX_FILTER_TAGS = 5

_LOG = logging.getLogger(__name__)


class ClusterAutoscalerStandIn:
    """Looks every two seconds; writes every ten, and when what it sees has changed.

    Args:
        aws: gives the endpoint and region; its credentials are not used.
        kube: a client that may read everything and request tokens, as kubelet.
        cluster_name: the cluster.
    """

    def __init__(self, aws: AwsClients, kube: Kube, cluster_name: str) -> None:
        self._endpoint_url = aws.endpoint_url
        self._kube = kube
        self._credentials = PodCredentials(kube, aws.endpoint_url, aws.region, cluster_name)
        self._last: tuple[str, Observation] | None = None
        self._written_at = 0.0
        self._since = datetime.now(UTC)
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; the status stays as it is."""
        self._is_stopping.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            try:
                self.scan()
            except (KubeError, HTTPError) as error:
                _LOG.warning("%s could not act on the cluster: %s", NAME, error)
            self._is_stopping.wait(LOOK_SECONDS if self._last else FIRST_LOOKS_SECONDS)

    def scan(self) -> None:
        """Look once as the running pod, if there is one, and write what is new or due."""
        pod = self._running_pod()
        if pod is None:
            return
        nodes = self._kube.list("v1", "Node")
        seen = self._observe(pod, nodes)
        state = (pod["metadata"]["uid"], seen)
        is_new = state != self._last
        if is_new or time.monotonic() - self._written_at > WRITE_SECONDS:
            self._since = datetime.now(UTC) if is_new else self._since
            self._write(pod, seen, nodes, is_new)
            self._last, self._written_at = state, time.monotonic()

    def _running_pod(self) -> Object | None:
        deployment = self._kube.find("apps/v1", "Deployment", DEPLOYMENT, NAMESPACE)
        if deployment is None:
            return None
        wanted = deployment["spec"]["selector"]["matchLabels"]
        labels = ",".join(f"{key}={value}" for key, value in wanted.items())
        pods = self._kube.list("v1", "Pod", NAMESPACE, labels=labels)
        return next((pod for pod in pods if _is_running(pod)), None)

    def _observe(self, pod: Object, nodes: list[Object]) -> Observation:
        try:
            return Observation(tuple(self._groups(pod, nodes)))
        except (NoCredentials, ClientError, BotoCoreError) as error:
            return Observation(error=" ".join(str(error).split()))

    def _groups(self, pod: Object, nodes: list[Object]) -> Iterator[GroupStatus]:
        # Fresh credentials each time: what would show within their hour of life shows at once.
        credentials = self._credentials.of(pod)
        region = environment(pod).get("AWS_REGION") or environment(pod).get("AWS_DEFAULT_REGION")
        if region is None:
            raise NoCredentials("MissingRegion: could not find region configuration")
        client = AwsClients(self._endpoint_url, region, credentials)("autoscaling")
        for group in _described(client, flags(pod)):
            yield _status(group, nodes)

    def _write(self, pod: Object, seen: Observation, nodes: list[Object], is_new: bool) -> None:
        own = self._kube.as_pod(pod)
        counts = (len(nodes), sum(is_ready(node) for node in nodes))
        _put(own, config_map(seen, counts, self._since))
        if seen.error is not None and is_new:
            own.create(_warning(pod, seen.error))


def flags(pod: Object) -> dict[str, list[str]]:
    """The values of each flag of a pod's first container, in order."""
    container = pod["spec"]["containers"][0]
    found: dict[str, list[str]] = {}
    for argument in [*(container.get("command") or ()), *(container.get("args") or ())]:
        name, _, value = str(argument).partition("=")
        found.setdefault(name, []).append(value)
    return found


def discovery_filters(value: str) -> list[dict[str, Any]]:
    """The filters of DescribeAutoScalingGroups for ``asg:tag=KEY[=VALUE],…``."""
    pairs = (item.partition("=") for item in value.removeprefix("asg:tag=").split(","))
    return [
        {"Name": f"tag:{key}", "Values": [wanted]}
        if equals
        else {"Name": "tag-key", "Values": [key]}
        for key, equals, wanted in pairs
    ][:_MAX_FILTER_TAGS]


def _described(client: Any, given: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    pages = client.get_paginator("describe_auto_scaling_groups")
    for value in given.get(_DISCOVERY_FLAG, ()):
        for page in pages.paginate(Filters=discovery_filters(value)):
            yield from page["AutoScalingGroups"]
    names = [value.split(":")[-1] for value in given.get(_NODES_FLAG, ())]
    if names:
        for page in pages.paginate(AutoScalingGroupNames=names):
            yield from page["AutoScalingGroups"]


def _status(group: dict[str, Any], nodes: list[Object]) -> GroupStatus:
    instances = {item["InstanceId"] for item in group["Instances"]}
    own = [node for node in nodes if _instance_id(node) in instances]
    return GroupStatus(
        group["AutoScalingGroupName"],
        group["DesiredCapacity"],
        group["MinSize"],
        group["MaxSize"],
        len(own),
        sum(is_ready(node) for node in own),
    )


def _instance_id(node: Object) -> str:
    return str(node["spec"].get("providerID", "")).rpartition("/")[2]


def _is_running(pod: Object) -> bool:
    is_ending = "deletionTimestamp" in pod["metadata"]
    return bool(pod["status"].get("phase") == "Running" and not is_ending)


def _put(kube: Kube, status: Object) -> None:
    try:
        kube.replace(status)
    except KubeError as error:
        if error.status != 404:
            raise
        kube.create(status)


def _warning(pod: Object, message: str) -> Object:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = pod["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{metadata['name']}.", "namespace": NAMESPACE},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": metadata["name"],
            "namespace": NAMESPACE,
            "uid": metadata["uid"],
        },
        "type": "Warning",
        "reason": "CloudProviderRefused",
        "message": message,
        "source": {"component": NAME},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }

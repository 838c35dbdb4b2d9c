"""Ways to break who reaches the instance metadata service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_eksconform.emulation.faults import fault
from pytest_eksconform.emulation.world import World

AGENT = {"name": "metrics-shipper", "namespace": "shop"}
_AGENT_IMAGE = "public.ecr.aws/cloudwatch-agent/cloudwatch-agent:1.300060.0b1248"


@fault("imds-tokens-optional", breaks=("imds-v2-required",))
def tokens_optional(world: World) -> Iterator[None]:
    """One instance answers IMDSv1 requests."""
    yield from _metadata_option(world, "HttpTokens", "optional", "required")


@fault("imds-hop-limit-two", breaks=("imds-hop-limit",))
def hop_limit_two(world: World) -> Iterator[None]:
    """The IMDSv2 token of one instance reaches its pods."""
    yield from _metadata_option(world, "HttpPutResponseHopLimit", 2, 1)


def _metadata_option(world: World, option: str, broken: Any, sound: Any) -> Iterator[None]:
    ec2, instance = world.aws("ec2"), _instance_without_autoscaler(world)
    ec2.modify_instance_metadata_options(InstanceId=instance, **{option: broken})
    try:
        yield
    finally:
        ec2.modify_instance_metadata_options(InstanceId=instance, **{option: sound})


def _instance_without_autoscaler(world: World) -> str:
    """An instance that does not run the autoscaler, whose own need of IMDS is judged elsewhere."""
    labels = "app=cluster-autoscaler"
    taken = {p["spec"].get("nodeName") for p in world.kube.list("v1", "Pod", labels=labels)}
    nodes = sorted(world.kube.list("v1", "Node"), key=lambda node: str(node["metadata"]["name"]))
    free = next(node for node in nodes if node["metadata"]["name"] not in taken)
    return str(free["spec"]["providerID"]).rpartition("/")[2]


@fault("imds-consumer-without-role", breaks=("imds-consumers",))
def consumer_without_role(world: World) -> Iterator[None]:
    """An agent that calls AWS runs on the pod network with neither a role nor a way to IMDS."""
    world.kube.apply(_service_account(), _agent())
    try:
        world.wait_until("the agent runs", lambda: _ready_agents(world) == 1)
        yield
    finally:
        world.kube.delete("apps/v1", "Deployment", AGENT["name"], AGENT["namespace"])
        world.kube.delete("v1", "ServiceAccount", AGENT["name"], AGENT["namespace"])
        world.wait_until("the agent is gone", lambda: not _agents(world))


def _service_account() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": AGENT}


def _agent() -> dict[str, Any]:
    labels = {"app": AGENT["name"]}
    resources = {"cpu": "50m", "memory": "64Mi"}
    restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": AGENT["name"],
        "image": _AGENT_IMAGE,
        "resources": {"requests": resources, "limits": resources},
        "securityContext": restricted,
    }
    pod = {
        "serviceAccountName": AGENT["name"],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": AGENT,
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _agents(world: World) -> list[dict[str, Any]]:
    labels = f"app={AGENT['name']}"
    return world.kube.list("v1", "Pod", AGENT["namespace"], labels=labels)


def _ready_agents(world: World) -> int:
    return sum(pod["status"].get("phase") == "Running" for pod in _agents(world))

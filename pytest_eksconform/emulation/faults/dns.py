"""Ways to break CoreDNS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_eksconform.emulation.faults import fault
from pytest_eksconform.emulation.world import World

_COREDNS, _KUBE_SYSTEM = "coredns", "kube-system"
_DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": _COREDNS, "namespace": _KUBE_SYSTEM},
}
_HAND = "kubectl"
"""The field manager of someone who changes an object by hand."""


@fault("dns-without-cache", breaks=("dns-coredns-config",))
def without_cache(world: World) -> Iterator[None]:
    """The Corefile lost its cache."""
    found = world.kube.get("v1", "ConfigMap", _COREDNS, _KUBE_SYSTEM)
    sound = found["data"]["Corefile"]
    _set_corefile(world, re.sub(r"(?m)^\s*cache\b.*\n", "", sound))
    try:
        yield
    finally:
        _set_corefile(world, sound)


def _set_corefile(world: World, text: str) -> None:
    body = {"data": {"Corefile": text}}
    world.kube.patch("v1", "ConfigMap", _COREDNS, body, _KUBE_SYSTEM)


@fault("dns-on-one-node", breaks=("dns-spread", "addons-config"))
def on_one_node(world: World) -> Iterator[None]:
    """Somebody bound all pods of CoreDNS to one node."""
    node = min(str(node["metadata"]["name"]) for node in world.kube.list("v1", "Node"))
    pod = {"nodeSelector": {"kubernetes.io/hostname": node}}
    world.kube.apply({**_DEPLOYMENT, "spec": {"template": {"spec": pod}}}, manager=_HAND)
    try:
        _wait_for_roll_out(world)
        yield
    finally:
        # To apply nothing gives back what this manager had set.
        world.kube.apply(_DEPLOYMENT, manager=_HAND)
        _wait_for_roll_out(world)


def _wait_for_roll_out(world: World) -> None:
    world.wait_until("CoreDNS is rolled out", lambda: _is_out(world), 60.0)


def _is_out(world: World) -> bool:
    found = world.kube.get("apps/v1", "Deployment", _COREDNS, _KUBE_SYSTEM)
    status, wanted = found["status"], found["spec"]["replicas"]
    return bool(
        status.get("observedGeneration") == found["metadata"]["generation"]
        and status.get("updatedReplicas") == wanted
        and status.get("readyReplicas") == wanted
        and status.get("replicas") == wanted
        and len(_pods(world)) == wanted
    )


def _pods(world: World) -> list[dict[str, Any]]:
    return world.kube.list("v1", "Pod", _KUBE_SYSTEM, labels="k8s-app=kube-dns")

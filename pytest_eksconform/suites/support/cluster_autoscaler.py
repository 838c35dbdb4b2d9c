"""The Cluster Autoscaler: where it runs, with which flags and account, and what it discovers.

It is found by the image that a Deployment runs, never by a Deployment's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_eksconform import Findings, Snapshot
from pytest_eksconform.suites.support.instances import tags_of
from pytest_eksconform.suites.support.versions import image_name

_IMAGES = frozenset({"cluster-autoscaler", "cluster-autoscaler-amd64", "cluster-autoscaler-arm64"})


@dataclass(frozen=True)
class ClusterAutoscaler:
    """One Deployment of it.

    Attributes:
        namespace: of the Deployment.
        name: of the Deployment.
        image: that it runs.
        flags: flag without dashes to its values, in order; a bare flag has the value ``true``.
        service_account: name of its service account.
        annotations: of its pods.
        variables: environment variables with a value in the template.
        ready: replicas that are ready.
    """

    namespace: str
    name: str
    image: str
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    service_account: str = "default"
    annotations: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    ready: int = 0

    @property
    def resource(self) -> str:
        """As findings name it."""
        return f"deployment {self.namespace}/{self.name}"

    def flag(self, name: str, default: str) -> str:
        """The last value given for the flag `name`, as the program takes it, or `default`."""
        return self.flags.get(name, (default,))[-1]

    def switched_on(self, name: str, *, default: bool) -> bool:
        """Whether the boolean flag `name` is on."""
        return self.flag(name, str(default)).lower() in {"true", "1", "t"}


def cluster_autoscalers(deployments: list[dict[str, Any]]) -> list[ClusterAutoscaler]:
    """Each Deployment that is to run a Cluster Autoscaler; one with no replicas is not."""
    return [
        _from_deployment(deployment, container)
        for deployment in deployments
        if (deployment["spec"].get("replicas", 1) or 0) > 0
        for container in deployment["spec"]["template"]["spec"].get("containers") or []
        if image_name(container.get("image", "")) in _IMAGES
    ]


def running_autoscalers(snapshot: Snapshot, findings: Findings) -> list[ClusterAutoscaler]:
    """The Cluster Autoscalers of the section ``deployments``.

    Raises:
        NotApplicable: none runs.
    """
    found = cluster_autoscalers(snapshot.read("deployments"))
    if not found:
        findings.not_applicable("no Cluster Autoscaler runs: no Deployment has its image")
    return found


def _from_deployment(deployment: dict[str, Any], container: dict[str, Any]) -> ClusterAutoscaler:
    template = deployment["spec"]["template"]
    words = [*(container.get("command") or []), *(container.get("args") or [])]
    return ClusterAutoscaler(
        namespace=deployment["metadata"]["namespace"],
        name=deployment["metadata"]["name"],
        image=container["image"],
        flags=parsed_flags(words),
        service_account=template["spec"].get("serviceAccountName") or "default",
        annotations=(template.get("metadata") or {}).get("annotations") or {},
        variables={v["name"]: v["value"] for v in container.get("env") or [] if "value" in v},
        ready=(deployment.get("status") or {}).get("readyReplicas") or 0,
    )


def parsed_flags(words: list[str]) -> dict[str, tuple[str, ...]]:
    """The flags in a command line: ``--a=b``, ``--a b`` and the bare ``--a``."""
    flags: dict[str, tuple[str, ...]] = {}
    for position, word in enumerate(words):
        if not word.startswith("-"):
            continue
        name, given, value = word.lstrip("-").partition("=")
        if not given:
            following = words[position + 1 : position + 2]
            value = following[0] if following and not following[0].startswith("-") else "true"
        flags[name] = (*flags.get(name, ()), value)
    return flags


@dataclass(frozen=True)
class Discovery:
    """Which Auto Scaling groups it takes.

    Attributes:
        tags: one mapping for each ``--node-group-auto-discovery``: tag key to the value asked
            for, None where any value will do.
        names: groups named by ``--nodes``.
    """

    tags: tuple[Mapping[str, str | None], ...]
    names: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Every tag key that is asked for."""
        return tuple(dict.fromkeys(key for wanted in self.tags for key in wanted))

    def takes(self, group: dict[str, Any]) -> bool:
        """Whether it takes the Auto Scaling group `group`."""
        tags = tags_of(group)
        return group["AutoScalingGroupName"] in self.names or any(
            all(key in tags and value in (None, tags[key]) for key, value in wanted.items())
            for wanted in self.tags
        )


def discovery_of(autoscaler: ClusterAutoscaler) -> Discovery:
    """What the flags of `autoscaler` make it take."""
    specs = autoscaler.flags.get("node-group-auto-discovery", ())
    nodes = autoscaler.flags.get("nodes", ())
    return Discovery(
        tags=tuple(_wanted_tags(spec) for spec in specs if spec.startswith("asg:tag=")),
        names=tuple(spec.split(":", 2)[2] for spec in nodes if spec.count(":") >= 2),
    )


def _wanted_tags(spec: str) -> dict[str, str | None]:
    pairs = (part.partition("=") for part in spec.removeprefix("asg:tag=").split(",") if part)
    return {key: value or None for key, _, value in pairs}

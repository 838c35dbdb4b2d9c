"""What the EKS access policies allow inside a cluster.

Source: "Review access policy permissions", Amazon EKS User Guide, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

READ = ("get", "list", "watch")
WRITE = ("create", "delete", "deletecollection", "patch", "update")
ANY = ("*",)


@dataclass(frozen=True)
class Rule:
    """Verbs on resources (``pods``, ``pods/log``) of API groups; ``*`` stands for all."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]

    def allows(self, attributes: Mapping[str, Any]) -> bool:
        """Whether it allows the request that the resource attributes describe."""
        resource = attributes.get("resource", "")
        if attributes.get("subresource"):
            resource = f"{resource}/{attributes['subresource']}"
        return (
            _has(self.groups, attributes.get("group", ""))
            and _has(self.resources, resource)
            and _has(self.verbs, attributes.get("verb", ""))
        )


def _has(allowed: Iterable[str], value: str) -> bool:
    return any(item in ("*", value) for item in allowed)


_WORKLOADS = (
    Rule(
        ("apps",),
        (
            "daemonsets",
            "deployments",
            "deployments/rollback",
            "deployments/scale",
            "replicasets",
            "replicasets/scale",
            "statefulsets",
            "statefulsets/scale",
        ),
        WRITE,
    ),
    Rule(("autoscaling",), ("horizontalpodautoscalers",), WRITE),
    Rule(("batch",), ("cronjobs", "jobs"), WRITE),
    Rule(("networking.k8s.io",), ("ingresses", "networkpolicies"), WRITE),
    Rule(("policy",), ("poddisruptionbudgets",), WRITE),
    Rule(
        ("",),
        (
            "configmaps",
            "events",
            "persistentvolumeclaims",
            "pods",
            "pods/attach",
            "pods/exec",
            "pods/portforward",
            "pods/proxy",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "secrets",
            "serviceaccounts",
            "services",
            "services/proxy",
        ),
        WRITE,
    ),
    Rule(("",), ("serviceaccounts",), ("impersonate",)),
    Rule(
        ("",),
        ("pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"),
        READ,
    ),
)
_VIEW = (
    Rule(
        ("apps",),
        (
            "controllerrevisions",
            "daemonsets",
            "daemonsets/status",
            "deployments",
            "deployments/scale",
            "deployments/status",
            "replicasets",
            "replicasets/scale",
            "replicasets/status",
            "statefulsets",
            "statefulsets/scale",
            "statefulsets/status",
        ),
        READ,
    ),
    Rule(
        ("autoscaling",),
        ("horizontalpodautoscalers", "horizontalpodautoscalers/status"),
        READ,
    ),
    Rule(("batch",), ("cronjobs", "cronjobs/status", "jobs", "jobs/status"), READ),
    Rule(("discovery.k8s.io",), ("endpointslices",), READ),
    Rule(("networking.k8s.io",), ("ingresses", "ingresses/status", "networkpolicies"), READ),
    Rule(("policy",), ("poddisruptionbudgets", "poddisruptionbudgets/status"), READ),
    Rule(
        ("",),
        (
            "bindings",
            "configmaps",
            "endpoints",
            "events",
            "limitranges",
            "namespaces",
            "namespaces/status",
            "persistentvolumeclaims",
            "persistentvolumeclaims/status",
            "pods",
            "pods/log",
            "pods/status",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "replicationcontrollers/status",
            "resourcequotas",
            "resourcequotas/status",
            "serviceaccounts",
            "services",
            "services/status",
        ),
        READ,
    ),
)
_DELEGATION = (
    Rule(("rbac.authorization.k8s.io",), ("rolebindings", "roles"), (*WRITE, *READ)),
    Rule(("authorization.k8s.io",), ("localsubjectaccessreviews",), ("create",)),
)
_POLICIES: dict[str, tuple[Rule, ...]] = {
    "AmazonEKSClusterAdminPolicy": (Rule(ANY, ANY, ANY),),
    "AmazonEKSAdminPolicy": (*_VIEW, *_WORKLOADS, *_DELEGATION),
    "AmazonEKSEditPolicy": (*_VIEW, *_WORKLOADS),
    "AmazonEKSViewPolicy": _VIEW,
    "AmazonEKSAdminViewPolicy": (Rule(ANY, ANY, READ),),
}


def allows_resource(policy: str, attributes: Mapping[str, Any]) -> bool:
    """Whether an access policy allows a request for a resource; an unknown policy does not."""
    return any(rule.allows(attributes) for rule in _POLICIES.get(policy, ()))


def allows_path(policy: str, verb: str) -> bool:
    """Whether an access policy allows a request for a path that is no resource."""
    if policy == "AmazonEKSAdminViewPolicy":
        return verb in READ
    return policy == "AmazonEKSClusterAdminPolicy"

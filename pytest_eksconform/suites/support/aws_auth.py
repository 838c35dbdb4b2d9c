"""The ConfigMap aws-auth: which IAM principals it maps to which Kubernetes groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from pytest_eksconform import CouldNotRead

_NODE_GROUPS = frozenset({"system:bootstrappers", "system:nodes", "system:node-proxier"})
ADMINS = "system:masters"
SHOW_AWS_AUTH = "kubectl -n kube-system get configmap aws-auth -o yaml"


@dataclass(frozen=True)
class MappedPrincipal:
    """One entry of ``mapRoles`` or ``mapUsers``.

    Attributes:
        arn: of the role or user; a role's without its path, as aws-auth wants it.
        groups: Kubernetes groups.
    """

    arn: str
    groups: tuple[str, ...]

    @property
    def resource(self) -> str:
        """As findings name it."""
        return f"aws-auth mapping {self.arn}"

    @property
    def for_nodes(self) -> bool:
        """Whether it lets nodes or Fargate pods join; EKS writes these itself."""
        return bool(set(self.groups) & _NODE_GROUPS)


def mode_of(cluster: Mapping[str, Any]) -> str:
    """The authentication mode of a cluster; those from before access entries have none."""
    access = cluster.get("accessConfig") or {}
    return str(access.get("authenticationMode") or "CONFIG_MAP")


def mapped_principals(config_maps: Mapping[str, Any]) -> list[MappedPrincipal]:
    """The principals of ``aws-auth`` in the section ``config_maps``; none without it.

    Raises:
        CouldNotRead: it is not the YAML that the authenticator reads.
    """
    data = (config_maps.get("aws-auth") or {}).get("data") or {}
    return [
        *_mapped(data.get("mapRoles", ""), "rolearn"),
        *_mapped(data.get("mapUsers", ""), "userarn"),
    ]


def _mapped(text: str, key: str) -> list[MappedPrincipal]:
    try:
        entries = yaml.safe_load(text) or []
        return [MappedPrincipal(e[key], tuple(e.get("groups") or ())) for e in entries]
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        what = "the mappings of ConfigMap kube-system/aws-auth"
        raise CouldNotRead(what, f"not a list of {key}: {type(error).__name__}") from None


def without_path(arn: str) -> str:
    """A principal's ARN as aws-auth writes it: the path left out."""
    head, _, rest = arn.partition("/")
    return f"{head}/{rest.rsplit('/', 1)[-1]}" if rest else arn

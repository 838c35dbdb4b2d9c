"""Whether user data makes an instance join: what AL2023's nodeadm needs, against the cluster."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

NODE_CONFIG_VERSION = "node.eks.aws/v1alpha1"
_FAMILIES = (
    ("al2023", ("al2023", "amazon-eks-node-al2023")),
    ("bottlerocket", ("bottlerocket",)),
    ("windows", ("windows",)),
    ("al2", ("al2_", "amazon-eks-node", "amazon-eks-gpu-node", "amazon-eks-arm64-node")),
)


@dataclass(frozen=True)
class BootstrapProblem:
    """Why nodes of a template would not join.

    Attributes:
        reason: short stable word.
        cause: in words.
    """

    reason: str
    cause: str


def family_of(ami_type: str, image: dict[str, Any] | None) -> str:
    """``al2023``, ``al2``, ``bottlerocket``, ``windows`` or ``unknown``.

    Args:
        ami_type: of the managed node group; empty or ``CUSTOM`` says nothing.
        image: the template's own AMI, if it names one that could be read.
    """
    told = ami_type.lower()
    if told in ("", "custom"):
        told = str((image or {}).get("Name", "")).lower()
    for family, marks in _FAMILIES:
        if any(mark in told for mark in marks):
            return family
    return "unknown"


def bootstrap_problems(
    family: str,
    digest: dict[str, Any] | None,
    cluster: dict[str, Any],
    *,
    must_be_complete: bool,
) -> list[BootstrapProblem]:
    """What is wrong with user data, as `pytest_eksconform.snapshot.user_data` outlines it.

    Args:
        family: as `family_of` gives it; only AL2023 is judged.
        digest: the outline; None when there is no user data.
        cluster: as DescribeCluster gives it.
        must_be_complete: whether nobody else adds what a node needs.
    """
    if family != "al2023":
        return []
    if digest is None:
        missing = BootstrapProblem("no-user-data", "it has an AMI of its own but no user data")
        return [missing] if must_be_complete else []
    problems = list(_form_problems(digest))
    configs = digest["node_configs"]
    if must_be_complete and not configs:
        problems.append(BootstrapProblem("no-node-config", "the user data has no NodeConfig"))
    for config in configs:
        problems += _config_problems(config, cluster, must_be_complete)
    return problems


def _form_problems(digest: dict[str, Any]) -> Iterator[BootstrapProblem]:
    if not digest["well_formed"]:
        yield BootstrapProblem("malformed-mime", "the user data is not a well-formed MIME message")
    if digest["bootstrap_sh"]:
        yield BootstrapProblem(
            "al2-bootstrap", "it calls /etc/eks/bootstrap.sh, which AL2023 does not have"
        )


def _config_problems(
    config: dict[str, Any], cluster: dict[str, Any], must_be_complete: bool
) -> list[BootstrapProblem]:
    if config["apiVersion"] != NODE_CONFIG_VERSION:
        cause = f"its NodeConfig has apiVersion {config['apiVersion']}, not {NODE_CONFIG_VERSION}"
        return [BootstrapProblem("wrong-api-version", cause)]
    given = config["cluster"]
    problems = []
    for key, right in _cluster_facts(cluster).items():
        value = given.get(key)
        if value is None and not must_be_complete:
            continue
        if value is None:
            problems.append(BootstrapProblem(f"missing-{key}", f"its NodeConfig has no {key}"))
        elif not _same(key, value, right):
            cause = f"{key} in its NodeConfig is not this cluster's"
            problems.append(BootstrapProblem(f"wrong-{key}", cause))
    return problems


def _cluster_facts(cluster: dict[str, Any]) -> dict[str, str]:
    network = cluster.get("kubernetesNetworkConfig") or {}
    cidr = network.get("serviceIpv4Cidr") or network.get("serviceIpv6Cidr")
    facts = {
        "name": cluster["name"],
        "apiServerEndpoint": cluster["endpoint"],
        "certificateAuthority": cluster["certificateAuthority"]["data"],
        "cidr": cidr,
    }
    return {key: value for key, value in facts.items() if value}


def _same(key: str, value: Any, right: str) -> bool:
    if key != "certificateAuthority":
        return str(value).rstrip("/") == right.rstrip("/")
    # A node may trust several CAs at once, while the cluster's is being rotated.
    return _decoded(right).strip() in _decoded(str(value))


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except binascii.Error:
        return encoded.encode()

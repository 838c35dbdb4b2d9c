"""Who can reach the API server's endpoint."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

import pytest

from pytest_eksconform import EksCluster, Expectations, Findings, Snapshot

EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})


@pytest.mark.eks_control(
    "access-endpoint-exposure",
    severity="medium",
    reads=("cluster",),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
        "S3",
        "S4",
        "H",
        "K",
        "W",
    ),
    applies="every cluster; access.public_cidrs says who may reach the public endpoint",
)
def test_endpoint_exposure(
    eks_snapshot: Snapshot,
    eks_findings: Findings,
    eks_expectations: Expectations,
    eks_cluster: EksCluster,
) -> None:
    """Nodes reach the API server privately, and its public endpoint is off or limited."""
    config = eks_snapshot.read("cluster")["resourcesVpcConfig"]
    eks_findings.judged(f"cluster {eks_cluster.name}")
    if not config.get("endpointPrivateAccess"):
        _add_private_off(eks_findings, eks_cluster, config)
    if config.get("endpointPublicAccess"):
        open_to = unexpected_blocks(
            config.get("publicAccessCidrs") or ["0.0.0.0/0"],
            eks_expectations.get("access.public_cidrs"),
        )
        if open_to:
            _add_public(eks_findings, eks_cluster, open_to)


def unexpected_blocks(actual: Iterable[str], allowed: Iterable[str] | None) -> list[str]:
    """The CIDR blocks of `actual` that lie in none of `allowed`.

    Args:
        actual: blocks that can reach the endpoint.
        allowed: what the team allows; None takes everything but the whole Internet.
    """
    if allowed is None:
        return [block for block in actual if block in EVERYWHERE]
    networks = [ipaddress.ip_network(block, strict=False) for block in allowed]
    return [block for block in actual if not _within(block, networks)]


def _within(block: str, networks: list[Any]) -> bool:
    network: Any = ipaddress.ip_network(block, strict=False)
    return any(n.version == network.version and network.subnet_of(n) for n in networks)


def _add_private_off(findings: Findings, cluster: EksCluster, config: dict[str, Any]) -> None:
    blocks = config.get("publicAccessCidrs") or ["0.0.0.0/0"]
    limited = not EVERYWHERE & set(blocks)
    findings.add(
        f"cluster {cluster.name}",
        severity="high" if limited else "medium",
        reason="private-off",
        symptom="nodes and pods reach the API server only by its public endpoint",
        cause=f"private access is off and only {', '.join(blocks)} may reach the public endpoint: "
        "nodes whose egress address (NAT gateway) is not in there can not join"
        if limited
        else "private access is off: their traffic leaves the VPC",
        confirm=_show(cluster),
        fix="switch the private endpoint on",
    )


def _add_public(findings: Findings, cluster: EksCluster, open_to: list[str]) -> None:
    findings.add(
        f"cluster {cluster.name}",
        reason="public-open",
        symptom=f"{', '.join(open_to)} can reach the API server's public endpoint",
        cause="the public endpoint is on and publicAccessCidrs allows them; 0.0.0.0/0 is EKS's "
        "default",
        confirm=_show(cluster),
        fix="limit publicAccessCidrs, or switch the public endpoint off",
    )


def _show(cluster: EksCluster) -> str:
    return (
        f"aws eks describe-cluster --name {cluster.name} --query "
        "'cluster.resourcesVpcConfig.[endpointPrivateAccess,endpointPublicAccess,publicAccessCidrs]'"
    )

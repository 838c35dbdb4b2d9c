"""How long the cluster's version is supported, and the one step that comes next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, EksCluster, Findings, Snapshot
from pytest_eksconform.suites.support.addon_versions import offered_for
from pytest_eksconform.suites.support.versions import next_minor

SOON_DAYS = 60
"""Standard support that ends sooner than this is said."""
BEHIND = 2
"""So many minors behind the newest make several upgrades in a row."""


@pytest.mark.eks_control(
    "upgrade-support",
    severity="medium",
    reads=("cluster", "cluster_versions"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html",
        "S1",
        "S4",
        "H",
    ),
    applies="every cluster",
)
def test_upgrade_support(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """The cluster's Kubernetes version is in standard support, and stays so for a while."""
    versions = {v["clusterVersion"]: v for v in eks_snapshot.read("cluster_versions")}
    if not versions:
        raise CouldNotRead("the Kubernetes versions of EKS", "EKS listed none")
    resource = eks_findings.judged(f"cluster {eks_cluster.name}")
    policy = eks_snapshot.read("cluster").get("upgradePolicy") or {}
    problem = support_problem(
        versions.get(eks_cluster.version), policy.get("supportType", "EXTENDED"), datetime.now(UTC)
    )
    if problem is not None:
        eks_findings.add(
            resource,
            confirm=f"aws eks describe-cluster-versions --cluster-versions {eks_cluster.version} "
            "--query 'clusterVersions[].[versionStatus,endOfStandardSupportDate,"
            "endOfExtendedSupportDate]'",
            fix=f"upgrade to {next_minor(eks_cluster.version)}: control plane, then nodes and "
            "add-ons",
            **problem,
        )


def support_problem(
    version: dict[str, Any] | None, support_type: str, now: datetime
) -> dict[str, str] | None:
    """What is wrong with the support of a version, as parts of a finding; None if nothing is.

    Args:
        version: as DescribeClusterVersions gives it; None when it does not list it.
        support_type: the cluster's upgrade policy, ``STANDARD`` or ``EXTENDED``.
        now: the time, with a time zone.
    """
    status = version["versionStatus"] if version else "UNSUPPORTED"
    if version is None or status == "UNSUPPORTED":
        return {
            "severity": "high",
            "reason": "unsupported",
            "symptom": "EKS does not support the cluster's Kubernetes version any more",
            "cause": "its extended support is over; EKS upgrades such clusters by itself",
        }
    if status == "EXTENDED_SUPPORT":
        return {
            "reason": "extended-support",
            "symptom": "the cluster is in extended support, which costs several times the price",
            "cause": f"standard support ended on {_day(version['endOfStandardSupportDate'])}",
        }
    end = datetime.fromisoformat(version["endOfStandardSupportDate"])
    days = (_aware(end) - now).days
    if days >= SOON_DAYS:
        return None
    then = "EKS upgrades it by itself" if support_type == "STANDARD" else "extended support begins"
    return {
        "severity": "advice",
        "reason": "ends-soon",
        "symptom": f"standard support ends in {days} days, on {_day(end.isoformat())}",
        "cause": f"on that day {then}: the upgrade policy is {support_type}",
    }


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _day(timestamp: str) -> str:
    return timestamp[:10]


@pytest.mark.eks_control(
    "upgrade-next",
    severity="medium",
    reads=("cluster_versions", "addons", "addon_versions"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html",
        "S4",
        "U",
        "I",
    ),
    applies="every cluster; add-ons are judged where EKS offers a next minor",
)
def test_upgrade_next(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """The next minor, and no later one, is the step to take, and the add-ons can take it."""
    offered = offered_minors(eks_snapshot.read("cluster_versions"))
    if not offered:
        raise CouldNotRead("the Kubernetes versions of EKS", "EKS listed none")
    cluster = eks_findings.judged(f"cluster {eks_cluster.name}")
    steps = [minor for minor in offered if _order(minor) > _order(eks_cluster.version)]
    if not steps:
        return
    following = next_minor(eks_cluster.version)
    if following != steps[0]:
        _add_gap(eks_findings, cluster, following, steps[0])
        return
    if len(steps) >= BEHIND:
        _add_behind(eks_findings, cluster, eks_cluster.version, steps)
    versions = eks_snapshot.read("addon_versions")
    for addon in eks_snapshot.read("addons"):
        _judge_addon(eks_findings, addon, versions, (eks_cluster.version, following))


def offered_minors(versions: list[dict[str, Any]]) -> list[str]:
    """The minors that EKS offers, oldest first."""
    return sorted(
        (v["clusterVersion"] for v in versions if v.get("versionStatus") != "UNSUPPORTED"),
        key=_order,
    )


def _order(minor: str) -> tuple[int, ...]:
    return tuple(int(part) for part in minor.split("."))


def _add_gap(findings: Findings, cluster: str, following: str, later: str) -> None:
    findings.add(
        cluster,
        severity="high",
        reason="no-next-minor",
        symptom=f"the cluster cannot be upgraded: EKS offers {later}, but not {following}",
        cause="EKS upgrades one minor at a time, and this step is gone",
        confirm="aws eks describe-cluster-versions --query clusterVersions[].clusterVersion",
        fix="make a new cluster and move the workloads",
    )


def _add_behind(findings: Findings, cluster: str, version: str, steps: list[str]) -> None:
    findings.add(
        cluster,
        severity="advice",
        reason="behind",
        symptom=f"the cluster is {len(steps)} minors behind {steps[-1]}",
        cause="EKS upgrades one minor at a time; each step is a control plane, then its nodes",
        confirm="aws eks describe-cluster-versions --query clusterVersions[].clusterVersion",
        fix=f"upgrade step by step: {' → '.join((version, *steps))}",
    )


def _judge_addon(
    findings: Findings, addon: dict[str, Any], versions: dict[str, Any], minors: tuple[str, str]
) -> None:
    following = minors[1]
    name, version = addon["addonName"], addon["addonVersion"]
    if name == "kube-proxy" or name not in versions:
        # kube-proxy follows the nodes, after the control plane: it may be three minors older.
        return
    resource = findings.judged(f"add-on {name}")
    if offered_for(versions[name], version, following):
        return
    both = [
        entry["addonVersion"]
        for entry in versions[name]
        if all(offered_for(versions[name], entry["addonVersion"], minor) for minor in minors)
    ]
    findings.add(
        resource,
        severity="advice",
        reason="not-for-next-minor",
        symptom=f"{version} is not offered for Kubernetes {following}",
        cause="the upgrade of the control plane would leave it on an untested version",
        confirm=f"aws eks describe-addon-versions --addon-name {name} --kubernetes-version "
        f"{following} --query 'addons[].addonVersions[].addonVersion'",
        fix=f"before the upgrade, update it to {both[0]}, which fits both minors"
        if both
        else "update it right after the control plane: no version fits both minors",
    )

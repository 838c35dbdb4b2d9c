"""Whether the add-ons' versions fit the cluster, are current, and are what runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, EksCluster, Expectations, Findings, Snapshot
from pytest_eksconform.suites.support.addon_versions import (
    CORE_WORKLOADS,
    default_for,
    offered_for,
)
from pytest_eksconform.suites.support.versions import image_tag, version_numbers
from pytest_eksconform.suites.support.workloads import controller_of, is_active

_CONTAINERS = {"vpc-cni": "aws-node", "coredns": "coredns", "kube-proxy": "kube-proxy"}


@pytest.mark.eks_control(
    "addons-compatible",
    severity="high",
    reads=("addons", "addon_versions"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/addon-compat.html",
        "S3",
        "S4",
        "U",
        "I",
    ),
    applies="clusters with EKS add-ons",
)
def test_addons_compatible(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """Every add-on's version is one that EKS offers for the cluster's Kubernetes version."""
    for name, version, versions in _judged(eks_snapshot, eks_findings):
        if offered_for(versions, version, eks_cluster.version):
            continue
        better = default_for(versions, eks_cluster.version)
        eks_findings.add(
            f"add-on {name}",
            reason="not-for-this-minor",
            symptom=f"{version} is not offered for Kubernetes {eks_cluster.version}",
            cause="it stayed behind when the cluster was upgraded, or was withdrawn",
            confirm=_offers(name, eks_cluster.version),
            fix=f"update it to {better}" if better else "update it to a version that is offered",
        )


def _judged(snapshot: Snapshot, findings: Findings) -> Iterator[tuple[str, str, list[Any]]]:
    """Name, installed version and offered versions of each add-on, all of them judged.

    Raises:
        CouldNotRead: EKS offers no version of an installed add-on.
        NotApplicable: there is no add-on.
    """
    addons = snapshot.read("addons")
    if not addons:
        findings.not_applicable("the cluster has no EKS add-on")
    offered = snapshot.read("addon_versions")
    for addon in addons:
        name = addon["addonName"]
        if name not in offered:
            raise CouldNotRead(f"the versions of add-on {name}", "EKS lists none")
        findings.judged(f"add-on {name}")
        yield name, addon["addonVersion"], offered[name]


def _offers(name: str, minor: str) -> str:
    return (
        f"aws eks describe-addon-versions --addon-name {name} --kubernetes-version {minor} "
        "--query 'addons[].addonVersions[].addonVersion'"
    )


@pytest.mark.eks_control(
    "addons-current",
    severity="advice",
    reads=("addons", "addon_versions"),
    sources=("https://docs.aws.amazon.com/eks/latest/userguide/updating-an-add-on.html", "S4"),
    applies="clusters with EKS add-ons",
)
def test_addons_current(
    eks_snapshot: Snapshot,
    eks_findings: Findings,
    eks_expectations: Expectations,
    eks_cluster: EksCluster,
) -> None:
    """No add-on is older than EKS's default for this minor, nor than [addons.versions]."""
    for name, version, versions in _judged(eks_snapshot, eks_findings):
        least = eks_expectations.get(f"addons.versions.{name}")
        default = default_for(versions, eks_cluster.version)
        if least is not None and is_older(version, least.removeprefix(">=").strip()):
            _add_old(eks_findings, name, version, least, eks_cluster.version, severity="medium")
        elif least is None and default is not None and is_older(version, default):
            _add_old(eks_findings, name, version, default, eks_cluster.version, severity="advice")


def is_older(version: str, other: str) -> bool:
    """Whether `version` comes before `other`.

    Raises:
        CouldNotRead: one of them is no version.
    """
    first, second = version_numbers(version), version_numbers(other)
    if first is None or second is None:
        raise CouldNotRead(f"the order of {version} and {other}", "one of them is no version")
    return first < second


def _add_old(
    findings: Findings, name: str, version: str, wanted: str, minor: str, *, severity: str
) -> None:
    expected = severity != "advice"
    findings.add(
        f"add-on {name}",
        severity=severity,
        reason="below-expected" if expected else "behind-default",
        symptom=f"it is {version}; {'expected is' if expected else 'the default is'} {wanted}",
        cause="EKS never updates an add-on by itself",
        confirm=_offers(name, minor),
        fix=f"update it to {wanted} or newer with aws eks update-addon --resolve-conflicts "
        "PRESERVE",
    )


@pytest.mark.eks_control(
    "addons-image",
    severity="medium",
    reads=("addons", "pods"),
    sources=("https://docs.aws.amazon.com/eks/latest/userguide/managing-kube-proxy.html", "S4"),
    applies="clusters where EKS manages vpc-cni, coredns or kube-proxy, and their pods run",
)
def test_addons_image(eks_snapshot: Snapshot, eks_findings: Findings) -> None:
    """Every pod of a core add-on runs the version that EKS reports."""
    addons = {a["addonName"]: a for a in eks_snapshot.read("addons") if a["status"] != "UPDATING"}
    pods = eks_snapshot.read("pods")
    judged = False
    for name in (name for name in CORE_WORKLOADS if name in addons):
        version = addons[name]["addonVersion"]
        for pod, image in images_of(name, pods):
            judged = True
            eks_findings.judged(f"add-on {name}")
            if not runs_version(image, version):
                _add_other_image(eks_findings, name, version, pod, image)
    if not judged:
        eks_findings.not_applicable(
            "no pod of vpc-cni, coredns or kube-proxy runs as an EKS add-on that is at rest"
        )


def images_of(name: str, pods: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each pod of the core add-on `name` with the image of its main container."""
    for pod in pods:
        ours = pod["metadata"].get("namespace") == "kube-system" and is_active(pod)
        if ours and controller_of(pod) == CORE_WORKLOADS[name]:
            for container in pod["spec"].get("containers") or []:
                if container["name"] == _CONTAINERS[name]:
                    yield pod, container["image"]


def runs_version(image: str, version: str) -> bool:
    """Whether the tag of `image` is `version`: suffixes such as ``-minimal`` do not count.

    An image without a tag is taken at its word: its digest cannot be compared with a version.
    """
    tag = image_tag(image)
    if not tag:
        return True
    found, wanted = version_numbers(tag), version_numbers(version)
    if found is None or wanted is None:
        return False
    # A mirror may drop EKS's build number from the tag.
    return found == wanted or ("eksbuild" not in tag and found[:3] == wanted[:3])


def _add_other_image(
    findings: Findings, name: str, version: str, pod: dict[str, Any], image: str
) -> None:
    node = pod["spec"].get("nodeName", "no node")
    kind, workload = CORE_WORKLOADS[name]
    findings.add(
        f"add-on {name}",
        reason="other-image",
        symptom=f"EKS reports {version}; on {node} runs {image_tag(image)}",
        cause=f"somebody changed the image of {kind} {workload}, or its rollout is stuck",
        confirm=f"kubectl -n kube-system get {kind.lower()} {workload} -o wide",
        fix="update the add-on to its version again with --resolve-conflicts OVERWRITE, and watch "
        "the rollout",
    )

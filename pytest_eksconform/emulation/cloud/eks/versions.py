"""Kubernetes versions that EKS offers, with their support dates, from dated data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pytest_eksconform.emulation.cloud.context import Cloud, Handlers, Invocation
from pytest_eksconform.emulation.cloud.data_files import load
from pytest_eksconform.emulation.cloud.paging import page

from .errors import invalid

UNSUPPORTED = "UNSUPPORTED"


def offered(cloud: Cloud) -> list[dict[str, Any]]:
    """Return every known version, newest first, as DescribeClusterVersions answers it."""
    data = load("cluster-versions.json")
    versions = [_described(entry, cloud.clock()) for entry in data["versions"]]
    for version in versions:
        version["defaultVersion"] = version["clusterVersion"] == data["default"]
    return versions


def check_version(cloud: Cloud, version: str) -> None:
    """Refuse a Kubernetes version that EKS does not offer."""
    known = [v["clusterVersion"] for v in offered(cloud)]
    if version not in known:
        raise invalid("unsupported Kubernetes version")


def default_version() -> str:
    """Return the version of a cluster that names none."""
    return str(load("cluster-versions.json")["default"])


def describe_cluster_versions(call: Invocation) -> dict[str, Any]:
    """List versions: those in support, or all with ``includeAll``."""
    parameters = call.parameters
    versions = offered(call.cloud)
    if parameters.get("defaultOnly"):
        versions = [v for v in versions if v["defaultVersion"]]
    if parameters.get("clusterVersions"):
        versions = [v for v in versions if v["clusterVersion"] in parameters["clusterVersions"]]
    elif not parameters.get("includeAll"):
        versions = [v for v in versions if v["versionStatus"] != UNSUPPORTED]
    for member in ("versionStatus", "status"):
        if parameters.get(member):
            versions = [v for v in versions if v[member] == parameters[member]]
    return page("clusterVersions", versions, parameters)


def _described(entry: dict[str, str], now: datetime) -> dict[str, Any]:
    standard, extended = _date(entry["endOfStandardSupport"]), _date(entry["endOfExtendedSupport"])
    status = "STANDARD_SUPPORT" if now < standard else "EXTENDED_SUPPORT"
    status = UNSUPPORTED if now >= extended else status
    return {
        "clusterVersion": entry["version"],
        "clusterType": "eks",
        "defaultPlatformVersion": entry["platformVersion"],
        "releaseDate": _date(entry["release"]),
        "endOfStandardSupportDate": standard,
        "endOfExtendedSupportDate": extended,
        "status": status.lower().replace("_", "-"),
        "versionStatus": status,
        "kubernetesPatchVersion": entry["patch"],
    }


def _date(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


HANDLERS: Handlers = {"DescribeClusterVersions": describe_cluster_versions}

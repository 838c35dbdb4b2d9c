"""The EKS-optimised AMIs of each Kubernetes minor, and their public SSM parameters."""

from __future__ import annotations

import hashlib
from typing import Any

from pytest_eksconform.emulation.cloud.data_files import load
from pytest_eksconform.emulation.cloud.stores import MotoStores

AMI_ACCOUNT = "602401143452"
AMI_VARIANTS = {
    "AL2023_x86_64_STANDARD": ("amazon-linux-2023/x86_64/standard", "x86_64"),
    "AL2023_ARM_64_STANDARD": ("amazon-linux-2023/arm64/standard", "arm64"),
    "AL2_x86_64": ("amazon-linux-2", "x86_64"),
    "AL2_ARM_64": ("amazon-linux-2-arm64", "arm64"),
    "BOTTLEROCKET_x86_64": ("bottlerocket/x86_64", "x86_64"),
    "BOTTLEROCKET_ARM_64": ("bottlerocket/arm64", "arm64"),
}
LAST_AL2_MINOR = 32


def releases() -> list[dict[str, str]]:
    """Return the minors with their patch version and release day (``YYYYMMDD``)."""
    data = load("cluster-versions.json")
    return [
        {"version": v["version"], "patch": v["patch"], "day": v["amiRelease"]}
        for v in data["versions"]
    ]


def release_version(version: str) -> str:
    """Return the node release of a minor, for example ``1.35.2-20261107``."""
    known = {r["version"]: r for r in releases()}
    release = known.get(version) or releases()[0]
    return f"{release['patch']}-{release['day']}"


def image_name(version: str, day: str, ami_type: str) -> str:
    """Return the name AWS gives the image of a minor."""
    architecture = AMI_VARIANTS[ami_type][1]
    if ami_type.startswith("AL2023"):
        return f"amazon-eks-node-al2023-{architecture}-standard-{version}-v{day}"
    if ami_type.startswith("BOTTLEROCKET"):
        return f"bottlerocket-aws-k8s-{version}-{architecture}-v1.52.0"
    kind = "arm64-node" if architecture == "arm64" else "node"
    return f"amazon-eks-{kind}-{version}-v{day}"


def image_id(name: str) -> str:
    """Return an id that is the same in every run, as it follows from the name."""
    return "ami-" + hashlib.sha256(name.encode()).hexdigest()[:17]


def catalogue() -> list[tuple[str, str, str]]:
    """Return minor, AMI type and image name of every image."""
    return [
        (release["version"], kind, image_name(release["version"], release["day"], kind))
        for release in releases()
        for kind in AMI_VARIANTS
        if not kind.startswith("AL2_") or int(release["version"][2:]) <= LAST_AL2_MINOR
    ]


def image_for(version: str, ami_type: str) -> str:
    """Return the id of the image that a node group of that minor and type runs."""
    wanted = ami_type if ami_type in AMI_VARIANTS else "AL2023_x86_64_STANDARD"
    names = [name for minor, kind, name in catalogue() if (minor, kind) == (version, wanted)]
    if not names:
        names = [name for _, kind, name in catalogue() if kind == "AL2023_x86_64_STANDARD"]
    return image_id(names[0])


def seed_parameters(stores: MotoStores) -> None:
    """Put the public parameters ``/aws/service/eks/optimized-ami/…`` into Systems Manager."""
    from moto.core.utils import utcnow
    from moto.ssm.models import Parameter

    make: Any = Parameter
    known = stores.ssm._parameters  # moto refuses to put parameters under /aws by its API
    for name, value in parameters().items():
        parameter = make(
            account_id=stores.account_id,
            name=name,
            value=value,
            parameter_type="String",
            description=None,
            allowed_pattern=None,
            keyid=None,
            last_modified_date=utcnow(),
            version=1,
            data_type="text",
        )
        known[name].append(parameter)


def parameters() -> dict[str, str]:
    """Return the public parameters by name."""
    found: dict[str, str] = {}
    for version, kind, name in catalogue():
        path, _ = AMI_VARIANTS[kind]
        if kind.startswith("BOTTLEROCKET"):
            architecture = path.rpartition("/")[2]
            prefix = f"/aws/service/bottlerocket/aws-k8s-{version}/{architecture}/latest"
            found |= {f"{prefix}/image_id": image_id(name), f"{prefix}/image_version": "1.52.0"}
            continue
        prefix = f"/aws/service/eks/optimized-ami/{version}/{path}/recommended"
        found[f"{prefix}/image_id"] = image_id(name)
        found[f"{prefix}/image_name"] = name
        found[f"{prefix}/release_version"] = release_version(version)
    return found

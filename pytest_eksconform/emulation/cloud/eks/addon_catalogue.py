"""The add-ons that EKS offers: versions per Kubernetes minor, schemas, recommended policies."""

from __future__ import annotations

import json
from typing import Any

from pytest_eksconform.emulation.cloud.data_files import load

from .errors import invalid, not_found


def addons() -> dict[str, dict[str, Any]]:
    """Return the add-ons of the dated data by name."""
    found: dict[str, dict[str, Any]] = load("addon-versions.json")["addons"]
    return found


def addon(name: str) -> dict[str, Any]:
    """Return one add-on's data.

    Raises:
        AwsError: ``InvalidParameterException`` for an add-on that EKS does not offer.
    """
    found = addons().get(name)
    if found is None:
        raise invalid(f"Addon {name} specified is not supported", addonName=name)
    return found


def versions_for(name: str, minor: str) -> list[dict[str, Any]]:
    """Return the versions of an add-on that run on a Kubernetes minor, newest first."""
    return [v for v in addon(name)["versions"] if minor in v["minors"]]


def chosen_version(name: str, minor: str, wanted: str | None) -> str:
    """Return the wanted version if it runs on that minor, else the minor's default.

    Raises:
        AwsError: ``InvalidParameterException`` when EKS does not offer it there.
    """
    offered = versions_for(name, minor)
    if wanted is None and offered:
        default = next((v for v in offered if minor in v["defaultFor"]), offered[0])
        return str(default["version"])
    if wanted not in {v["version"] for v in offered}:
        raise invalid("Addon version specified is not supported", addonName=name)
    return str(wanted)


def described(name: str, data: dict[str, Any], minor: str | None) -> dict[str, Any] | None:
    """Return an add-on as DescribeAddonVersions answers it; None without a matching version."""
    versions = [
        {
            "addonVersion": version["version"],
            "architecture": ["amd64", "arm64"],
            "computeTypes": data["computeTypes"],
            "compatibilities": [
                {
                    "clusterVersion": known,
                    "platformVersions": ["*"],
                    "defaultVersion": known in version["defaultFor"],
                }
                for known in version["minors"]
                if minor in (None, known)
            ],
            "requiresConfiguration": False,
            "requiresIamPermissions": bool(data["podIdentity"]),
        }
        for version in data["versions"]
        if minor is None or minor in version["minors"]
    ]
    if not versions:
        return None
    return {
        "addonName": name,
        "type": data["type"],
        "addonVersions": versions,
        "publisher": "eks",
        "owner": "aws",
        "defaultNamespace": data["namespace"],
    }


def configuration(name: str, version: str) -> dict[str, Any]:
    """Return the configuration schema of a version as DescribeAddonConfiguration answers it."""
    data = addons().get(name)
    if data is None or version not in {v["version"] for v in data["versions"]}:
        raise not_found(f"No configuration found for addon {name} with version {version}")
    return {
        "addonName": name,
        "addonVersion": version,
        "configurationSchema": json.dumps(data["schema"]),
        "podIdentityConfiguration": data["podIdentity"],
    }


def checked_configuration(name: str, text: str | None) -> dict[str, Any]:
    """Parse configuration values (JSON or YAML) and check them with the add-on's schema.

    Raises:
        AwsError: ``InvalidParameterException`` with EKS's text.
    """
    if not text:
        return {}
    import yaml
    from jsonschema import Draft7Validator

    prefix = "ConfigurationValue provided in request is not supported: "
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise invalid(prefix + "it is neither JSON nor YAML", addonName=name) from error
    if values is None:
        return {}
    errors = sorted(Draft7Validator(addon(name)["schema"]).iter_errors(values), key=str)
    if errors:
        details = ", ".join(f"{error.json_path}: {error.message}" for error in errors)
        raise invalid(
            f"{prefix}Json schema validation failed with error: [{details}]", addonName=name
        )
    return dict(values)

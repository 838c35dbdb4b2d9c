"""The Kubernetes objects of the managed-nodes blueprint."""

from __future__ import annotations

from importlib.resources import files
from string import Template
from typing import Any

import yaml

from pytest_eksconform.emulation.world import World

Object = dict[str, Any]

NAMESPACE = "shop"
IRSA_APPLICATION, POD_IDENTITY_APPLICATION = "orders", "billing"


def platform_objects(world: World, version: str) -> list[Object]:
    """The autoscaler of a Kubernetes version, the default storage class, and aws-auth."""
    autoscaler = _manifest("cluster-autoscaler", world, VERSION=version)
    return [*autoscaler, *_manifest("aws-auth", world)]


def runner_objects() -> list[Object]:
    """The ClusterRole and binding that users apply for what runs the tests."""
    text = (files("pytest_eksconform") / "data" / "cluster-role.yaml").read_text("utf-8")
    return list(yaml.load_all(text, yaml.CSafeLoader))


def shop_objects(world: World) -> list[Object]:
    """The namespace ``shop`` with its two applications."""
    role = f"arn:aws:iam::{world.account}:role/{world.cluster}-{IRSA_APPLICATION}"
    return [
        *_manifest("shop", world),
        _service_account(IRSA_APPLICATION, {"eks.amazonaws.com/role-arn": role}),
        _service_account(POD_IDENTITY_APPLICATION, {}),
        *_manifest("application", world, APP=IRSA_APPLICATION),
        *_manifest("application", world, APP=POD_IDENTITY_APPLICATION),
    ]


def _service_account(name: str, annotations: dict[str, str]) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def _manifest(name: str, world: World, **values: str) -> list[Object]:
    folder = files("pytest_eksconform.emulation") / "data" / "manifests" / "blueprints"
    text = Template((folder / f"{name}.yaml").read_text("utf-8")).substitute(
        ACCOUNT=world.account, CLUSTER=world.cluster, REGION=world.region, **values
    )
    return list(yaml.load(text, yaml.CSafeLoader))

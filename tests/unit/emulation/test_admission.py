"""What the pod identity webhook puts into pods, and what it leaves alone."""

from __future__ import annotations

import base64
import json
from typing import Any

from pytest_eksconform.emulation.cluster.admission import PodIdentityWebhook

ROLE = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/app"}


def patches(
    pod: dict[str, Any], annotations: dict[str, str] | None = None, associated: bool = False
) -> list[dict[str, Any]]:
    account = {"metadata": {"annotations": annotations or {}}}
    webhook = PodIdentityWebhook("us-east-1", lambda *_: account, lambda *_: associated)
    request = {"uid": "1", "namespace": "shop", "object": pod}
    review = webhook.review({"apiVersion": "admission.k8s.io/v1", "request": request})
    response = review["response"]
    assert response["allowed"]
    return list(json.loads(base64.b64decode(response["patch"]))) if "patch" in response else []


def pod(**container: Any) -> dict[str, Any]:
    return {
        "metadata": {},
        "spec": {"serviceAccountName": "app", "containers": [{"name": "app", **container}]},
    }


def values(found: list[dict[str, Any]], path: str) -> list[Any]:
    items = [patch["value"] for patch in found if patch["path"].startswith(path)]
    return [item for value in items for item in (value if isinstance(value, list) else [value])]


def names(found: list[dict[str, Any]]) -> set[str]:
    return {item["name"] for item in values(found, "/spec/containers/0/env")}


def test_plain_account_changes_nothing() -> None:
    assert patches(pod()) == []


def test_annotated_account_injects_irsa() -> None:
    found = patches(pod(), ROLE)
    assert {"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_REGION"} <= names(found)
    source = values(found, "/spec/volumes")[0]["projected"]["sources"][0]["serviceAccountToken"]
    expected = {"audience": "sts.amazonaws.com", "expirationSeconds": 86400, "path": "token"}
    assert source == expected


def test_association_wins_over_annotation() -> None:
    found = patches(pod(), ROLE, associated=True)
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in names(found)
    assert "AWS_ROLE_ARN" not in names(found)


def test_own_environment_wins() -> None:
    found = patches(pod(env=[{"name": "AWS_ROLE_ARN", "value": "mine"}]), ROLE)
    assert "AWS_ROLE_ARN" not in names(found)
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" in names(found)


def test_pod_that_mounts_the_token_itself_is_left_alone() -> None:
    mount = {"name": "own", "mountPath": "/var/run/secrets/eks.amazonaws.com/serviceaccount"}
    found = patches(pod(volumeMounts=[mount]), ROLE)
    assert not values(found, "/spec/containers/0/volumeMounts")


def test_existing_lists_are_appended_to() -> None:
    found = patches(pod(env=[{"name": "A", "value": "b"}]), ROLE)
    assert {p["path"] for p in found if "/env" in p["path"]} == {"/spec/containers/0/env/-"}


def test_init_containers_are_injected_too() -> None:
    with_init = pod()
    with_init["spec"]["initContainers"] = [{"name": "init"}]
    assert values(patches(with_init, ROLE), "/spec/initContainers/0/env")


def test_annotations_change_audience_and_life() -> None:
    prefix = "eks.amazonaws.com/"
    found = patches(
        pod(), {**ROLE, f"{prefix}audience": "other", f"{prefix}token-expiration": "3600"}
    )
    source = values(found, "/spec/volumes")[0]["projected"]["sources"][0]["serviceAccountToken"]
    assert (source["audience"], source["expirationSeconds"]) == ("other", 3600)

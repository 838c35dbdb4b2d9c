"""The mutating webhook: pods get the environment and token volume of their AWS identity."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

WEBHOOK_PATH = "/mutate"

_MOUNTS = "/var/run/secrets"
_LONGEST_TOKEN_SECONDS = 86400
_ANNOTATION = "eks.amazonaws.com/"
_CREDENTIALS_URI = "http://169.254.170.23/v1/credentials"


@dataclass(frozen=True)
class Injection:
    """What one pod gets: environment variables and one projected token volume."""

    environment: dict[str, str]
    volume: str
    audience: str
    file: str
    directory: str
    seconds: int = _LONGEST_TOKEN_SECONDS


class PodIdentityWebhook:
    """Answers AdmissionReviews of new pods: Pod Identity wins over IRSA, own env over both.

    Args:
        region: the cluster's region.
        service_account: gives a service account by namespace and name, or None.
        has_association: whether a service account has a Pod Identity association.
    """

    def __init__(
        self,
        region: str,
        service_account: Callable[[str, str], dict[str, Any] | None],
        has_association: Callable[[str, str], bool],
    ) -> None:
        self._region = region
        self._service_account = service_account
        self._has_association = has_association

    def review(self, review: dict[str, Any]) -> dict[str, Any]:
        """The AdmissionReview with a JSON patch, if the pod's account has an identity."""
        request = review["request"]
        response: dict[str, Any] = {"uid": request["uid"], "allowed": True}
        injection = self._injection(request["namespace"], request["object"])
        if injection is not None:
            patch = json.dumps(patches(request["object"], injection)).encode()
            response |= {"patchType": "JSONPatch", "patch": base64.b64encode(patch).decode()}
        return {
            "apiVersion": review["apiVersion"],
            "kind": "AdmissionReview",
            "response": response,
        }

    def _injection(self, namespace: str, pod: dict[str, Any]) -> Injection | None:
        name = pod["spec"].get("serviceAccountName") or "default"
        if self._has_association(namespace, name):
            return pod_identity(self._region)
        account = self._service_account(namespace, name)
        annotations = ((account or {}).get("metadata") or {}).get("annotations") or {}
        if f"{_ANNOTATION}role-arn" not in annotations:
            return None
        return irsa(self._region, annotations, pod["metadata"].get("annotations") or {})


def pod_identity(region: str) -> Injection:
    """What a pod with a Pod Identity association gets."""
    directory = f"{_MOUNTS}/pods.eks.amazonaws.com/serviceaccount"
    file = "eks-pod-identity-token"
    environment = {
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": _CREDENTIALS_URI,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": f"{directory}/{file}",
    }
    return Injection(environment, file, "pods.eks.amazonaws.com", file, directory)


def irsa(region: str, account: dict[str, str], pod: dict[str, str]) -> Injection:
    """What a pod with an annotated service account gets.

    Args:
        region: the cluster's region.
        account: the service account's annotations.
        pod: the pod's own annotations, of which the token's expiration counts.
    """
    directory = f"{_MOUNTS}/eks.amazonaws.com/serviceaccount"
    environment = {
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ROLE_ARN": account[f"{_ANNOTATION}role-arn"],
        "AWS_WEB_IDENTITY_TOKEN_FILE": f"{directory}/token",
    }
    if account.get(f"{_ANNOTATION}sts-regional-endpoints") == "false":
        del environment["AWS_STS_REGIONAL_ENDPOINTS"]
    audience = account.get(f"{_ANNOTATION}audience", "sts.amazonaws.com")
    key = f"{_ANNOTATION}token-expiration"
    seconds = int(pod.get(key) or account.get(key) or _LONGEST_TOKEN_SECONDS)
    return Injection(environment, "aws-iam-token", audience, "token", directory, seconds)


def patches(pod: dict[str, Any], injection: Injection) -> list[dict[str, Any]]:
    """The JSON patch that gives a pod its identity."""
    spec = pod["spec"]
    found = [
        patch
        for kind in ("initContainers", "containers")
        for index, container in enumerate(spec.get(kind) or ())
        for patch in _container_patches(f"/spec/{kind}/{index}", container, injection)
    ]
    if any(volume["name"] == injection.volume for volume in spec.get("volumes") or ()):
        return found
    return [*found, *_appended("/spec/volumes", spec.get("volumes"), [_volume(injection)])]


def _container_patches(
    path: str, container: dict[str, Any], injection: Injection
) -> list[dict[str, Any]]:
    own = {variable["name"] for variable in container.get("env") or ()}
    variables = [
        {"name": name, "value": value}
        for name, value in injection.environment.items()
        if name not in own
    ]
    mounts = container.get("volumeMounts") or []
    mount = {"name": injection.volume, "mountPath": injection.directory, "readOnly": True}
    is_mounted = any(item["mountPath"] == injection.directory for item in mounts)
    return [
        *_appended(f"{path}/env", container.get("env"), variables),
        *_appended(f"{path}/volumeMounts", mounts, [] if is_mounted else [mount]),
    ]


def _appended(path: str, present: list[Any] | None, added: list[Any]) -> list[dict[str, Any]]:
    if not added:
        return []
    if not present:
        return [{"op": "add", "path": path, "value": added}]
    return [{"op": "add", "path": f"{path}/-", "value": item} for item in added]


def _volume(injection: Injection) -> dict[str, Any]:
    token = {
        "audience": injection.audience,
        "expirationSeconds": injection.seconds,
        "path": injection.file,
    }
    projected = {"sources": [{"serviceAccountToken": token}], "defaultMode": 420}
    return {"name": injection.volume, "projected": projected}


def configuration(url: str, ca_pem: bytes) -> dict[str, Any]:
    """The MutatingWebhookConfiguration that EKS registers."""
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["pods"],
        "scope": "*",
    }
    webhook = {
        "name": "iam-for-pods.amazonaws.com",
        "clientConfig": {"url": url, "caBundle": base64.b64encode(ca_pem).decode()},
        "failurePolicy": "Ignore",
        "reinvocationPolicy": "IfNeeded",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 10,
        "rules": [rule],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "pod-identity-webhook"},
        "webhooks": [webhook],
    }

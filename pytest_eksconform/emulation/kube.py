"""A small Kubernetes client: objects as plain dicts, any kind by discovery, over one pool.

The official client is not used here because its import alone costs as much time and memory as
everything that the supervisor asks of it.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

Object = dict[str, Any]

_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_TIMEOUT = urllib3.Timeout(connect=5.0, read=30.0)
_NAMESPACED, _CLUSTER_WIDE = True, False
_WELL_KNOWN: dict[tuple[str, str], tuple[str, bool]] = {
    ("v1", "Namespace"): ("namespaces", _CLUSTER_WIDE),
    ("v1", "Node"): ("nodes", _CLUSTER_WIDE),
    ("v1", "Pod"): ("pods", _NAMESPACED),
    ("v1", "Service"): ("services", _NAMESPACED),
    ("v1", "ServiceAccount"): ("serviceaccounts", _NAMESPACED),
    ("v1", "ConfigMap"): ("configmaps", _NAMESPACED),
    ("v1", "Event"): ("events", _NAMESPACED),
    ("apps/v1", "Deployment"): ("deployments", _NAMESPACED),
    ("apps/v1", "DaemonSet"): ("daemonsets", _NAMESPACED),
}


class KubeError(Exception):
    """The API server refused a request.

    Args:
        status: the HTTP status.
        message: the server's own words.
    """

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"{status}: {message}")


class Kube:
    """The API server as one identity.

    Args:
        endpoint: ``https://HOST:PORT``.
        ca_pem: what the server's certificate is verified with.
        token: makes the bearer token of a request; None with a client certificate.
        client_certificate: the paths of certificate and key, or None.
    """

    def __init__(
        self,
        endpoint: str,
        ca_pem: bytes,
        token: Callable[[], str] | None = None,
        client_certificate: tuple[Path, Path] | None = None,
    ) -> None:
        context = ssl.create_default_context(cadata=ca_pem.decode())
        if client_certificate is not None:
            context.load_cert_chain(*client_certificate)
        self._endpoint = endpoint
        self._ca_pem = ca_pem
        self._token = token
        self._pool = urllib3.PoolManager(
            maxsize=8, block=False, ssl_context=context, timeout=_TIMEOUT, retries=False
        )
        self._kinds = dict(_WELL_KNOWN)
        self._lock = threading.Lock()

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Object:
        """One object.

        Raises:
            KubeError: refused; status 404 if there is none.
        """
        return self.request("GET", self._path(api_version, kind, namespace, name))

    def find(
        self, api_version: str, kind: str, name: str, namespace: str | None = None
    ) -> Object | None:
        """One object, or None if there is none."""
        try:
            return self.get(api_version, kind, name, namespace)
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        labels: str = "",
        fields: str = "",
    ) -> list[Object]:
        """The objects of a kind, everywhere or in one namespace, with kind and version set."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        answer = self.request("GET", self._path(api_version, kind, namespace), query=query)
        return [{"apiVersion": api_version, "kind": kind, **item} for item in answer["items"]]

    def apply(self, *objects: Object, manager: str = "eksconform") -> None:
        """Apply objects on the server's side, in order, taking over fields of other managers."""
        for item in objects:
            query = {"fieldManager": manager, "force": "true"}
            body = json.dumps(item).encode()
            self.request("PATCH", self._path_of(item), body, _APPLY, query)

    def create(self, item: Object) -> Object:
        """Create an object; returns it as stored."""
        metadata = item["metadata"]
        path = self._path(item["apiVersion"], item["kind"], metadata.get("namespace"))
        return self.request("POST", path, json.dumps(item).encode())

    def replace(self, item: Object) -> Object:
        """Replace an object that was read before; returns it as stored."""
        return self.request("PUT", self._path_of(item), json.dumps(item).encode())

    def patch(
        self,
        api_version: str,
        kind: str,
        name: str,
        body: Mapping[str, Any],
        namespace: str | None = None,
        subresource: str | None = None,
    ) -> Object:
        """Merge ``body`` into an object (None removes a field); returns it as stored."""
        path = self._path(api_version, kind, namespace, name, subresource)
        return self.request("PATCH", path, json.dumps(body).encode(), _MERGE)

    def delete(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> None:
        """Delete an object with all that it owns; that it is gone already is fine."""
        path = self._path(api_version, kind, namespace, name)
        try:
            self.request("DELETE", path, query={"propagationPolicy": "Background"})
        except KubeError as error:
            if error.status != 404:
                raise

    def token_for(self, pod: Object, audience: str | None, seconds: int = 3600) -> str:
        """A token of a pod's service account, bound to the pod, from the TokenRequest API.

        Args:
            pod: the pod, as read.
            audience: who will take the token; None for the API server.
            seconds: how long it is asked to live.
        """
        metadata = pod["metadata"]
        bound = {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": metadata["name"],
            "uid": metadata["uid"],
        }
        spec: Object = {"expirationSeconds": seconds, "boundObjectRef": bound}
        spec |= {"audiences": [audience]} if audience else {}
        account = pod["spec"]["serviceAccountName"]
        path = self._path("v1", "ServiceAccount", metadata["namespace"], account, "token")
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        return str(self.request("POST", path, json.dumps(review).encode())["status"]["token"])

    def as_pod(self, pod: Object) -> Kube:
        """A client with nothing but the pod's own token."""
        return Kube(self._endpoint, self._ca_pem, lambda: self.token_for(pod, None))

    def watch(
        self, api_version: str, kind: str, namespace: str | None = None, seconds: int = 60
    ) -> Iterator[tuple[str, Object]]:
        """The events (``ADDED`` …, object) of a kind, those that exist first, for some seconds."""
        query = {"watch": "true", "timeoutSeconds": str(seconds)}
        url = self._url(self._path(api_version, kind, namespace), query)
        timeout = urllib3.Timeout(connect=5.0, read=seconds + 10.0)
        answer = self._pool.request(
            "GET", url, headers=self._headers(), preload_content=False, timeout=timeout
        )
        try:
            for line in _lines(answer):
                event = json.loads(line)
                yield event["type"], event["object"]
        finally:
            answer.close()

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Object:
        """Send one request and return the decoded answer.

        Raises:
            KubeError: the server refused.
        """
        headers = self._headers() | ({"Content-Type": content_type} if body else {})
        answer = self._pool.request(
            method, self._url(path, query or {}), body=body, headers=headers
        )
        if answer.status >= 400:
            raise KubeError(answer.status, _message(answer.data))
        decoded: Object = json.loads(answer.data)
        return decoded

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "eksconform-emulation"}
        return headers | ({"Authorization": f"Bearer {self._token()}"} if self._token else {})

    def _url(self, path: str, query: Mapping[str, str]) -> str:
        given = {name: value for name, value in query.items() if value}
        return f"{self._endpoint}{path}" + (f"?{urlencode(given)}" if given else "")

    def _path_of(self, item: Object) -> str:
        metadata = item["metadata"]
        namespace = metadata.get("namespace")
        return self._path(item["apiVersion"], item["kind"], namespace, metadata["name"])

    def _path(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        name: str | None = None,
        subresource: str | None = None,
    ) -> str:
        plural, is_namespaced = self._kind(api_version, kind)
        scope = ["namespaces", namespace] if namespace and is_namespaced else []
        parts = [_root(api_version), *scope, plural, name, subresource]
        return "/".join(part for part in parts if part)

    def _kind(self, api_version: str, kind: str) -> tuple[str, bool]:
        with self._lock:
            if (api_version, kind) not in self._kinds:
                self._kinds |= self._discovered(api_version)
            if (api_version, kind) not in self._kinds:
                raise KubeError(404, f"the server does not serve {api_version} {kind}")
            return self._kinds[api_version, kind]

    def _discovered(self, api_version: str) -> dict[tuple[str, str], tuple[str, bool]]:
        served: Iterable[Object] = self.request("GET", _root(api_version))["resources"]
        return {
            (api_version, resource["kind"]): (resource["name"], resource["namespaced"])
            for resource in served
            if "/" not in resource["name"]
        }


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data.decode(errors="replace")[:200] or "no reason given"


def _lines(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    pending = b""
    for chunk in answer.stream(65536):
        *lines, pending = (pending + chunk).split(b"\n")
        yield from (line for line in lines if line)

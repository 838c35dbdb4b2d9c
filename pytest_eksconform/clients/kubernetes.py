"""A read-only view of the cluster's Kubernetes API, over the official client."""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from urllib3.exceptions import HTTPError

from pytest_eksconform.clients.calls import record
from pytest_eksconform.errors import CouldNotRead

PAGE = 500
"""Objects in a page of a list."""
TOKEN_SECONDS = 600
"""A token is made anew after this; EKS takes it for 900 seconds."""
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_TIMEOUTS = (5, 60)


class KubernetesApi:
    """GET requests to one API server, with a fresh token, paginated and counted.

    Args:
        endpoint: URL of the API server.
        certificate_authority: its CA, base64 of PEM, as DescribeCluster gives it.
        token: makes a bearer token.
    """

    def __init__(self, endpoint: str, certificate_authority: str, token: Callable[[], str]) -> None:
        # Slow; pytest loads this module also where no cluster is checked.
        from kubernetes.client import ApiClient, Configuration

        # Its debug log holds whole answers, and pytest captures logs into reports.
        logging.getLogger("kubernetes").setLevel(logging.INFO)
        self.endpoint = endpoint
        self._token = token
        self._made_at = float("-inf")
        configuration = Configuration()
        configuration.host = endpoint
        configuration.ca_cert_data = base64.b64decode(certificate_authority).decode()
        configuration.retries = 2
        configuration.connection_pool_maxsize = 16
        self._rest = ApiClient(configuration).rest_client
        self._bearer = ""

    def _authorization(self) -> str:
        if time.monotonic() - self._made_at > TOKEN_SECONDS:
            self._bearer = f"Bearer {self._token()}"
            self._made_at = time.monotonic()
        return self._bearer

    def get(self, path: str, accept: str = "application/json", **query: str | int) -> Any:
        """The JSON answer to a GET of `path`, for example ``/version``.

        Raises:
            CouldNotRead: the server refused (with the RBAC rule that is missing) or did not answer.
        """
        url = self.endpoint + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": accept, "Authorization": self._authorization()}
        try:
            answer = self._rest.request(  # type: ignore[no-untyped-call]
                "GET", url, headers=headers, _request_timeout=_TIMEOUTS
            )
            body = answer.read()
        except HTTPError as error:
            raise CouldNotRead(path, f"no answer from {self.endpoint}: {_cause(error)}") from error
        record(kubernetes=1, size=len(body))
        if answer.status >= 400:
            raise refused(path, answer.status)
        try:
            return json.loads(body)
        except ValueError:
            raise CouldNotRead(path, f"the answer of {self.endpoint} is no JSON") from None

    def list(self, path: str, *, metadata_only: bool = False, **query: str) -> list[Any]:
        """Every object at the collection `path`, page by page.

        Args:
            path: for example ``/api/v1/pods``.
            metadata_only: ask for the metadata alone, which is far smaller.
            query: for example ``fieldSelector="type=Warning"``.

        Raises:
            CouldNotRead: as `get`.
        """
        accept = METADATA_ONLY if metadata_only else "application/json"
        items: list[Any] = []
        token = ""
        while True:
            more = {"continue": token} if token else {}
            page = self.get(path, accept, limit=PAGE, **query, **more)
            items.extend(page.get("items") or [])
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return items


def refused(path: str, status: int) -> CouldNotRead:
    """The error for an answer of HTTP `status` to a GET of `path`."""
    answer = f"the API server answered {status}"
    permission = None
    if status == 403:
        permission = rbac_rule(path)
    if status == 401:
        answer += ": this identity has no access entry, or its token is not accepted"
    return CouldNotRead(path, answer, permission)


def rbac_rule(path: str) -> str:
    """The RBAC rule that allows a GET of `path`: ``list pods``, ``list deployments.apps``."""
    parts = path.strip("/").split("/")
    group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
    name = None
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        rest = rest[2:]
    resource, *names = rest or [path]
    if names:
        name = names[0]
    full = f"{resource}.{group}" if group else resource
    return f"get {full}/{name}" if name else f"list {full}"


def _cause(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    return " ".join(str(reason or error).split())[-120:]

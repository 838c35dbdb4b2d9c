"""The bearer token that EKS takes from an AWS identity: a presigned GetCallerIdentity."""

from __future__ import annotations

import base64
import threading
import time
from typing import Any

_REFRESH_SECONDS = 600.0
_ASKED_SECONDS = 60


class EksToken:
    """Makes the token of one identity for one cluster, and makes it anew before it expires.

    Args:
        session: the boto3 session whose credentials sign.
        endpoint_url: the emulated STS.
        region: the region that the signature names.
        cluster_name: the cluster that the token is for.
    """

    def __init__(self, session: Any, endpoint_url: str, region: str, cluster_name: str) -> None:
        self._session = session
        self._endpoint_url = endpoint_url
        self._region = region
        self._cluster_name = cluster_name
        self._made_at = 0.0
        self._token = ""
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """The token; it is a credential and must not be stored."""
        with self._lock:
            if not self._token or time.monotonic() - self._made_at > _REFRESH_SECONDS:
                self._token = self._made()
                self._made_at = time.monotonic()
            return self._token

    def _made(self) -> str:
        url = f"{self._endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15"
        request = {
            "method": "GET",
            "url": url,
            "body": {},
            "headers": {"x-k8s-aws-id": self._cluster_name},
            "context": {},
        }
        signed = self._signer().generate_presigned_url(
            request, operation_name="", expires_in=_ASKED_SECONDS, region_name=self._region
        )
        encoded = base64.urlsafe_b64encode(signed.encode()).decode().rstrip("=")
        return f"k8s-aws-v1.{encoded}"

    def _signer(self) -> Any:
        from botocore.model import ServiceId
        from botocore.signers import RequestSigner

        credentials = self._session.get_credentials()
        events = self._session.events
        return RequestSigner(ServiceId("STS"), self._region, "sts", "v4", credentials, events)

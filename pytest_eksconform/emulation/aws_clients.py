"""boto3 clients for the emulated AWS."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config

from pytest_eksconform.emulation.facts import Credentials

_CLIENT_CONFIG = Config(
    retries={"total_max_attempts": 1},
    connect_timeout=5,
    read_timeout=120,
    max_pool_connections=16,
    proxies={},
)


class AwsClients:
    """boto3 clients of one identity, bound to one endpoint on loopback, made once each."""

    def __init__(self, endpoint_url: str, region: str, credentials: Credentials) -> None:
        self.endpoint_url = endpoint_url
        self.region = region
        self.session = boto3.Session(
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            region_name=region,
        )
        self._made: dict[str, Any] = {}
        self._lock = threading.RLock()

    def __call__(self, service: str) -> Any:
        """The client of a service, for example ``eks``."""
        with self._lock:
            if service not in self._made:
                self._made[service] = self.session.client(
                    service, endpoint_url=self.endpoint_url, config=_CLIENT_CONFIG
                )
            return self._made[service]

"""boto3 clients that are bound to one cluster's account, and the errors they give."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pytest_eksconform.clients.calls import record
from pytest_eksconform.errors import CouldNotRead

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "adaptive", "total_max_attempts": 6},
    user_agent_extra="pytest-eksconform",
    max_pool_connections=16,
)
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "UnauthorizedException",
}


class AwsClients:
    """A factory of boto3 clients, one of each service, counted.

    Args:
        region: the cluster's region; None takes what the SDK finds.
        profile: profile of the AWS configuration; None takes the SDK's own order.

    Raises:
        botocore.exceptions.ProfileNotFound: there is no such profile.
    """

    def __init__(self, region: str | None = None, profile: str | None = None) -> None:
        import boto3  # slow; pytest loads this module also where no cluster is checked

        # Its debug log holds session tokens, and pytest captures logs into reports.
        logging.getLogger("botocore").setLevel(logging.INFO)
        self._session = boto3.Session(profile_name=profile, region_name=region)
        self.region = self._session.region_name or ""
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """The boto3 client for `service`, for example ``eks``; made at its first use."""
        # boto3 sessions are not safe to use from several threads; their clients are.
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    __call__ = client

    def _make(self, service: str) -> Any:
        client = self._session.client(service, config=_CONFIG)
        client.meta.events.register("before-send", _count)
        return client


def _count(**_: Any) -> None:
    record(aws=1)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn what AWS refuses inside the block into `CouldNotRead`, with the action that is missing.

    Args:
        what: what is being read, in words.

    Raises:
        CouldNotRead: instead of botocore's errors.
    """
    try:
        yield
    except ClientError as error:
        raise CouldNotRead(what, _answer(error), missing_action(error)) from error
    except BotoCoreError as error:
        raise CouldNotRead(what, _one_line(str(error))) from error


def error_code(error: ClientError) -> str:
    """AWS's code of `error`, for example ``ResourceNotFoundException``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def missing_action(error: ClientError) -> str | None:
    """The IAM action that `error` says is not allowed, or None if it says something else."""
    if error_code(error) not in _DENIED:
        return None
    message = str(error.response.get("Error", {}).get("Message", ""))
    marker = "not authorized to perform: "
    if marker in message:
        return message.split(marker, 1)[1].split(maxsplit=1)[0].rstrip(".,")
    return f"*:{error.operation_name}"


def _answer(error: ClientError) -> str:
    # AWS's text names principals and request ids; the code says what a reader needs.
    return f"{error.operation_name} answered {error_code(error)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())

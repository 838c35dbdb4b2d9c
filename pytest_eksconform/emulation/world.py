"""The emulated world as its administrator sees it: what blueprints build with and faults break."""

from __future__ import annotations

import base64
import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pytest_eksconform.emulation import digests
from pytest_eksconform.emulation.aws_clients import AwsClients
from pytest_eksconform.emulation.facts import Credentials, Emulation
from pytest_eksconform.emulation.kube import Kube
from pytest_eksconform.emulation.run_directory import RunDirectory
from pytest_eksconform.emulation.tokens import EksToken
from pytest_eksconform.errors import EmulationError

Observed = TypeVar("Observed")

_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.25


class World:
    """AWS and Kubernetes of one emulation, as its administrator.

    ``aws("eks")`` is a boto3 client; ``kube`` speaks to the API server with a presigned token;
    ``cluster`` is the cluster's name, ``region`` and ``account`` where it is. Files in ``data``
    stand for what AWS itself knows; None where no emulation is behind it.
    """

    def __init__(
        self,
        endpoint_url: str,
        region: str,
        account: str,
        cluster: str,
        admin: Credentials,
        data: Path | None = None,
    ) -> None:
        self.cluster = cluster
        self.region = region
        self.account = account
        self.data = data
        self.aws = AwsClients(endpoint_url, region, admin)

    @classmethod
    def of(cls, emulation: Emulation) -> World:
        """The world of a running emulation."""
        return cls(
            emulation.endpoint_url,
            emulation.region,
            emulation.account_id,
            emulation.cluster_name,
            emulation.admin,
            RunDirectory(Path(emulation.run_directory)).data,
        )

    @functools.cached_property
    def kube(self) -> Kube:
        """The API server, found by DescribeCluster."""
        return kube_of(self.aws, self.cluster)

    def digest(self) -> str:
        """A digest of what AWS and Kubernetes were told to be; see `digests.listing`."""
        return digests.digest(self.listing())

    def listing(self) -> dict[str, Any]:
        """What the digest is made of, to be compared when two digests differ."""
        return digests.listing(self.aws, self.kube, self.cluster)

    def wait_until(
        self,
        description: str,
        condition: Callable[[], Observed | None],
        timeout_seconds: float = 15.0,
    ) -> Observed:
        """Ask ``condition`` until it is true, and return what it said.

        Raises:
            EmulationError: it was not in time; the text has the last observation.
        """
        return wait_until(description, condition, timeout_seconds)


def kube_of(aws: AwsClients, cluster: str) -> Kube:
    """The API server of a cluster, as the identity of ``aws``."""
    found = aws("eks").describe_cluster(name=cluster)["cluster"]
    authority = base64.b64decode(found["certificateAuthority"]["data"])
    token = EksToken(aws.session, aws.endpoint_url, aws.region, cluster)
    return Kube(found["endpoint"], authority, token)


def wait_until(
    description: str, condition: Callable[[], Observed | None], timeout_seconds: float
) -> Observed:
    """Ask ``condition`` until it is true, and return what it said.

    Raises:
        EmulationError: it was not in time; the text has the last observation.
    """
    deadline = time.monotonic() + timeout_seconds
    pause = _FIRST_PAUSE_SECONDS
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise EmulationError(
                f"not within {timeout_seconds:g} s: {description}; last seen: {seen!r}"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)

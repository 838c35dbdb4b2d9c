"""A stand-in for the control plane's logging: an event a minute into each stream that is on."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pytest_eksconform.emulation.aws_clients import AwsClients

NAME = "control-plane-logs-stand-in"
WRITE_SECONDS = 60.0
FIRST_LOOKS_SECONDS = 0.5

_LOG = logging.getLogger(__name__)


class ControlPlaneLogsStandIn:
    """Writes while the cluster has its log group; what types are on, the streams tell.

    Args:
        aws: clients that may write to the log group.
        cluster_name: the cluster.
    """

    def __init__(self, aws: AwsClients, cluster_name: str) -> None:
        self._aws = aws
        self._group = f"/aws/eks/{cluster_name}/cluster"
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Stop writing; what was written stays."""
        self._is_stopping.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        pause = FIRST_LOOKS_SECONDS
        while not self._is_stopping.wait(pause):
            try:
                pause = WRITE_SECONDS if self.write() else FIRST_LOOKS_SECONDS
            except (BotoCoreError, ClientError) as error:
                _LOG.debug("%s could not write: %s", NAME, error)

    def write(self) -> int:
        """Write one event into each stream; returns how many streams there are."""
        logs: Any = self._aws("logs")
        streams = logs.describe_log_streams(logGroupName=self._group)["logStreams"]
        event = {"timestamp": int(time.time() * 1000), "message": f"{NAME} is alive"}
        for stream in streams:
            name = stream["logStreamName"]
            logs.put_log_events(logGroupName=self._group, logStreamName=name, logEvents=[event])
        return len(streams)

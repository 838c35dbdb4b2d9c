"""What lives in the cluster beside its control plane: nodes, and controllers that stand in."""

from __future__ import annotations

from pytest_eksconform.emulation.aws_clients import AwsClients
from pytest_eksconform.emulation.controllers.cluster_autoscaler_stand_in import (
    ClusterAutoscalerStandIn,
)
from pytest_eksconform.emulation.controllers.control_plane_logs_stand_in import (
    ControlPlaneLogsStandIn,
)
from pytest_eksconform.emulation.kube import Kube
from pytest_eksconform.emulation.nodes import NodeLoop, ready_nodes


class Inside:
    """Starts the node loop and the controllers.

    Args:
        aws: clients of the administrator.
        kube: a client that may do everything.
        cluster_name: the cluster.
        git_version: the control plane's version.
    """

    def __init__(self, aws: AwsClients, kube: Kube, cluster_name: str, git_version: str) -> None:
        self._kube = kube
        self._nodes = NodeLoop(aws, kube, cluster_name, git_version)
        self._autoscaler = ClusterAutoscalerStandIn(aws, kube, cluster_name)
        self._logs = ControlPlaneLogsStandIn(aws, cluster_name)
        self._nodes.start()
        self._autoscaler.start()
        self._logs.start()

    def stop(self) -> None:
        """Stop them all; what they have made stays."""
        self._logs.stop()
        self._autoscaler.stop()
        self._nodes.stop()

    def ready_nodes(self, nodegroup_name: str) -> int:
        """How many nodes of a managed node group are Ready; whoever asks wants them soon."""
        self._nodes.wake()
        return ready_nodes(self._kube, nodegroup_name)

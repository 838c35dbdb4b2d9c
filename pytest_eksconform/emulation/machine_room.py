"""Everything that runs inside the supervisor, started side by side and stopped in order."""

from __future__ import annotations

import base64
import json
import logging
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_eksconform.emulation.cluster.wiring import ClusterServices
from pytest_eksconform.emulation.control_plane import (
    ControlPlane,
    ControlPlaneConfig,
    find_binaries,
    start_control_plane,
)
from pytest_eksconform.emulation.control_plane.pki import write_private
from pytest_eksconform.emulation.facts import (
    RUNNER_USER,
    Credentials,
    Emulation,
    EmulationRequest,
)
from pytest_eksconform.emulation.kube import Kube
from pytest_eksconform.emulation.progress import Progress
from pytest_eksconform.emulation.run_directory import RunDirectory
from pytest_eksconform.errors import EmulationError

if TYPE_CHECKING:
    from pytest_eksconform.emulation.cloud import CloudServer, ControlPlaneFacts
    from pytest_eksconform.emulation.inside import Inside
    from pytest_eksconform.emulation.world import World

# In the first private subnet of the blueprints, above the addresses that its nodes get.
POD_CIDR = "10.0.16.0/20"
PLATFORM_VERSION = "eks.9"
LACKS = {
    "packets": "kwok's nodes have no network",
    "containers": "kwok's pods run no program",
}

_LOG = logging.getLogger(__name__)


class MachineRoom:
    """The parts of one emulation. The cloud asks it for control planes and counts of nodes.

    Args:
        directory: where all state is.
        request: what to start.
        progress: told how far the start is.
    """

    def __init__(
        self, directory: RunDirectory, request: EmulationRequest, progress: Progress
    ) -> None:
        self._directory = directory
        self._request = request
        self._progress = progress
        self._services = ClusterServices(
            directory.path / "cluster", request.cluster_name, request.region
        )
        self._control_plane: Future[ControlPlane] = Future()
        self._kube: Future[Kube] = Future()
        self._cloud: Future[CloudServer] = Future()
        self._authentication: Future[None] = Future()
        self._inside: Inside | None = None
        self._digest: str | None = None

    def start(self) -> Emulation:
        """Start everything and build the blueprint.

        Raises:
            EmulationError: a part of it did not start.
        """
        with ThreadPoolExecutor(3, "start") as pool:
            control_plane = pool.submit(self._start_control_plane)
            pool.submit(self._start_cloud).result()
            inside = pool.submit(self._start_inside)
            world = self._world()
            built = pool.submit(self._build, world)
            for part in (control_plane, inside, built):
                part.result()
        return self._opened(world)

    def stop(self) -> None:
        """Stop everything that was started, what depends on others first."""
        if self._inside is not None:
            self._inside.stop()
        self._services.stop()
        for started in (self._control_plane, self._cloud):
            if started.done() and not started.exception():
                started.result().stop()

    def create(self, cluster_name: str, version: str) -> ControlPlaneFacts:  # noqa: ARG002
        """The facts of the control plane, which was started before it was asked for."""
        if cluster_name != self._request.cluster_name:
            raise EmulationError(f"no control plane for {cluster_name}: one cluster an emulation")
        from pytest_eksconform.emulation.cloud import ControlPlaneFacts

        control_plane = self._control_plane.result()
        # A cluster is ACTIVE only when it knows those who come.
        self._authentication.result()
        return ControlPlaneFacts(
            control_plane.endpoint, control_plane.ca_pem, self._services.issuer, PLATFORM_VERSION
        )

    def delete(self, cluster_name: str) -> None:  # noqa: ARG002
        """Stop the control plane."""
        self._control_plane.result().stop()

    def ready(self, cluster_name: str, nodegroup_name: str) -> int:  # noqa: ARG002
        """How many nodes of a node group are Ready."""
        return self._inside.ready_nodes(nodegroup_name) if self._inside is not None else 0

    def _start_control_plane(self) -> None:
        try:
            self._control_plane.set_result(self._started_control_plane())
            self._kube.set_result(_administrator(self._control_plane.result(), self._directory))
        except BaseException as error:
            for waited_for in (self._control_plane, self._kube):
                if not waited_for.done():
                    waited_for.set_exception(error)
            raise

    def _started_control_plane(self) -> ControlPlane:
        binaries = find_binaries(
            self._request.kubernetes_version,
            assets=self._request.assets,
            may_build=self._request.may_build,
            progress=self._progress,
        )
        services = self._services
        config = ControlPlaneConfig(
            directory=self._directory.control_plane,
            binaries=binaries,
            cluster_name=self._request.cluster_name,
            service_account_issuer=services.issuer,
            jwks_uri=services.jwks_uri,
            authentication_webhook_url=services.authentication_url,
            authorization_webhook_url=services.authorization_url,
            webhook_ca_pem=services.ca_pem,
            pod_cidr=POD_CIDR,
        )
        return start_control_plane(config, self._progress)

    def _start_cloud(self) -> None:
        # These take a second to import, which the control plane's processes use to start.
        from pytest_eksconform.emulation.addon_manifests import Manifests
        from pytest_eksconform.emulation.addons import AddonWorkloads
        from pytest_eksconform.emulation.cloud import start_cloud
        from pytest_eksconform.emulation.cloud.data_files import REPLACEMENTS

        os.environ[REPLACEMENTS] = str(self._directory.data)
        manifests = Manifests(self._request.region, self._request.cluster_name)
        try:
            cloud = start_cloud(
                self._request.region,
                self,
                AddonWorkloads(self._kube.result, manifests),
                nodes=self,
                jwks=self._services.key_set,
            )
        except BaseException as error:
            self._cloud.set_exception(error)
            raise
        self._cloud.set_result(cloud)

    def _start_inside(self) -> None:
        """What needs both sides: authentication, injection, nodes, controllers."""
        from pytest_eksconform.emulation.inside import Inside

        aws, name = self._world().aws, self._request.cluster_name
        try:
            control_plane, kube = self._control_plane.result(), self._kube.result()
            self._services.open(aws, kube, control_plane.service_account_public_keys_pem)
        except BaseException as error:
            self._authentication.set_exception(error)
            raise
        self._authentication.set_result(None)
        self._services.serve("/health", lambda _: self._health())
        self._inside = Inside(aws, kube, name, control_plane.git_version)

    def _build(self, world: World) -> None:
        from pytest_eksconform.emulation.blueprints import blueprint

        blueprint(self._request.blueprint)(world, self._request.kubernetes_version, self._progress)

    def _world(self) -> World:
        from pytest_eksconform.emulation.world import World

        cloud = self._cloud.result()
        request = self._request
        return World(
            cloud.url,
            request.region,
            cloud.account_id,
            request.cluster_name,
            cloud.root_credentials,
        )

    def _opened(self, world: World) -> Emulation:
        """The facts of the emulation, once its state is known well enough to be kept."""
        if self._request.keep:
            self._progress.step("noting the state, to know it again")
            self._digest = world.digest()
        self._directory.write_json("supervisor.json", self._own_facts())
        control_plane = self._control_plane.result()
        return Emulation(
            kubernetes_endpoint=control_plane.endpoint,
            certificate_authority=base64.b64encode(control_plane.ca_pem).decode(),
            cluster_name=world.cluster,
            region=world.region,
            account_id=world.account,
            endpoint_url=world.aws.endpoint_url,
            runner=_runner(world),
            admin=self._cloud.result().root_credentials,
            engine=self._request.engine,
            blueprint=self._request.blueprint,
            kubernetes_version=self._request.kubernetes_version,
            lacks=LACKS,
            run_directory=str(self._directory.path),
        )

    def _own_facts(self) -> dict[str, object]:
        ca = self._services.ca_pem.decode()
        return {"port": self._services.port, "ca": ca, "digest": self._digest}

    def _health(self) -> dict[str, object]:
        alive = self._control_plane.result().is_alive()
        return {"alive": alive, "digest": self._world().digest() if alive else None}


def _runner(world: World) -> Credentials:
    key = world.aws("iam").create_access_key(UserName=RUNNER_USER)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def _administrator(control_plane: ControlPlane, directory: RunDirectory) -> Kube:
    """A client with the control plane's own certificate, for what EKS itself does."""
    kubeconfig = json.loads(control_plane.admin_kubeconfig.read_text())
    user = kubeconfig["users"][0]["user"]
    certificate = _pem(directory.path / "admin.crt", user["client-certificate-data"])
    key = _pem(directory.path / "admin.key", user["client-key-data"])
    return Kube(control_plane.endpoint, control_plane.ca_pem, client_certificate=(certificate, key))


def _pem(path: Path, encoded: str) -> Path:
    write_private(path, base64.b64decode(encoded))
    return path

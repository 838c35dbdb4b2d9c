"""A real control plane on this machine: four Kubernetes programs, etcd, and kwok for the nodes."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path

from pytest_eksconform.emulation.control_plane import commands
from pytest_eksconform.emulation.control_plane.commands import ControlPlaneConfig
from pytest_eksconform.emulation.control_plane.pki import Pki, ensure_pki
from pytest_eksconform.emulation.control_plane.processes import Children, reap
from pytest_eksconform.emulation.progress import Progress
from pytest_eksconform.errors import EmulationError

READY_SECONDS = 90.0
PORT_ATTEMPTS = 5
_POLL_SECONDS = 0.05
_ANSWER_SECONDS = 5.0
_SERVER_NAMES = (
    "127.0.0.1",
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
# made by the controller manager: pods can be created once they are there
_FIRST_OBJECTS = tuple(
    f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    for namespace in ("default", "kube-system")
)


@dataclass
class ControlPlane:
    """A running control plane.

    Args:
        endpoint: ``https://127.0.0.1:PORT``.
        ca_pem: what its certificate is verified with.
        version: minor version, ``1.35``.
        git_version: ``v1.35.4``.
        admin_kubeconfig: path of a kubeconfig that may do everything.
        service_account_public_keys_pem: what service account tokens are verified with.
        pki: its keys and certificates.
    """

    endpoint: str
    ca_pem: bytes = field(repr=False)
    version: str
    git_version: str
    admin_kubeconfig: Path
    service_account_public_keys_pem: bytes = field(repr=False)
    pki: Pki = field(repr=False)
    _children: Children = field(repr=False)

    def stop(self) -> None:
        """End all its processes; the directory stays."""
        self._children.stop()

    def is_alive(self) -> bool:
        """Whether all its processes run."""
        return bool(self.pids()) and self._children.first_dead() is None

    def pids(self) -> dict[str, int]:
        """Process ids by program."""
        return self._children.pids()


def start_control_plane(config: ControlPlaneConfig, progress: Progress) -> ControlPlane:
    """Start the five programs and wait until pods can be created.

    Processes that a killed run left in the same directory are ended first.

    Raises:
        EmulationError: a program ended or was not ready in time; the text has the last lines of
            its log.
    """
    progress.step(f"starting the Kubernetes {config.binaries.git_version} control plane")
    config.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    reap(config.directory)
    pki = ensure_pki(config.directory / "pki", [*_SERVER_NAMES, service_address(config)])
    for _ in range(PORT_ATTEMPTS):
        children = Children(config.directory)
        try:
            endpoint = _start(config, pki, children, _free_port())
        except _PortTakenError:
            children.stop()
        except BaseException:
            children.stop()
            raise
        else:
            return _running(config, pki, children, endpoint)
    raise EmulationError(
        f"no free port for the API server of {config.cluster_name} in {PORT_ATTEMPTS} attempts; "
        "see whether something uses up this machine's ports"
    )


def service_address(config: ControlPlaneConfig) -> str:
    """The address of the Service ``kubernetes``: the first of the Services' addresses."""
    return str(ipaddress.ip_network(config.service_cidr)[1])


class _PortTakenError(Exception):
    """Another program took the API server's port between its choice and its use."""


def _running(
    config: ControlPlaneConfig, pki: Pki, children: Children, endpoint: str
) -> ControlPlane:
    return ControlPlane(
        endpoint=endpoint,
        ca_pem=pki.ca.certificate_pem,
        version=config.binaries.kubernetes_version,
        git_version=config.binaries.git_version,
        admin_kubeconfig=config.directory / "admin.kubeconfig",
        service_account_public_keys_pem=pki.service_account_public_key.read_bytes(),
        pki=pki,
        _children=children,
    )


def _start(config: ControlPlaneConfig, pki: Pki, children: Children, port: int) -> str:
    endpoint = f"https://127.0.0.1:{port}"
    commands.write_client_configs(config, pki, endpoint)
    # all at once: each asks again until those that it needs answer
    for name, command in (
        ("etcd", commands.etcd_command(config)),
        ("kube-apiserver", commands.apiserver_command(config, pki, port)),
        ("kube-controller-manager", commands.controller_manager_command(config, pki)),
        ("kube-scheduler", commands.scheduler_command(config)),
        ("kwok", commands.kwok_command(config)),
    ):
        children.start(name, command, commands.environment(config))
    _wait_until_ready(children, _Client(port, pki))
    return endpoint


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(children: Children, client: _Client) -> None:
    deadline = time.monotonic() + READY_SECONDS
    for path in ("/readyz", *_FIRST_OBJECTS):
        while client.status(path) != http.client.OK:
            _raise_if_dead(children)
            if time.monotonic() > deadline:
                raise EmulationError(
                    f"the control plane did not answer {path} in {READY_SECONDS:.0f} s; "
                    f"see the logs in {children.directory / 'logs'}"
                )
            # nothing can be watched before the API server is there
            time.sleep(_POLL_SECONDS)


def _raise_if_dead(children: Children) -> None:
    child = children.first_dead()
    if child is None:
        return
    words = child.last_words()
    if child.name == "kube-apiserver" and "address already in use" in words:
        raise _PortTakenError
    raise EmulationError(f"{child.name} ended while starting: {words}; its log is {child.log}")


class _Client:
    """Asks the API server, as its administrator, for nothing but the status of an answer."""

    def __init__(self, port: int, pki: Pki) -> None:
        self._port = port
        self._context = ssl.create_default_context(cafile=str(pki.certificate("ca")))
        self._context.load_cert_chain(pki.certificate("admin"), pki.key("admin"))

    def status(self, path: str) -> int | None:
        """The HTTP status; None while there is no answer."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self._port, timeout=_ANSWER_SECONDS, context=self._context
        )
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

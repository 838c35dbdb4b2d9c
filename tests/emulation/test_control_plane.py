"""The real control plane: it runs pods on stand-in nodes, and it never outlives its owner."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import kubernetes
import pytest

from pytest_eksconform.emulation.control_plane import (
    Binaries,
    ControlPlane,
    ControlPlaneConfig,
    find_binaries,
    service_account_jwks,
    start_control_plane,
)
from pytest_eksconform.emulation.control_plane.kwok import _Client, _free_port
from pytest_eksconform.errors import EmulationError

ISSUER = "https://oidc.example/id/ABC"
NODE = {
    "metadata": {"name": "node-1", "annotations": {"kwok.x-k8s.io/node": "fake"}},
    "status": {
        "capacity": {"cpu": "2", "memory": "4Gi", "pods": "17"},
        "allocatable": {"cpu": "2", "memory": "4Gi", "pods": "17"},
        "addresses": [{"type": "InternalIP", "address": "10.0.1.5"}],
    },
}
POD = {
    "metadata": {"name": "pod-1", "namespace": "default"},
    "spec": {"containers": [{"name": "app", "image": "registry.example/app:1"}]},
}
OWNER = """
import sys
from pathlib import Path
from pytest_eksconform.emulation.control_plane import *
from pytest_eksconform.emulation.progress import FileProgress
directory, *paths = map(Path, sys.argv[1:])
config = ControlPlaneConfig(directory, Binaries("1.35", "v1.35.4", *paths), "killed",
                            "https://oidc.example", "https://oidc.example/keys", None, None, b"")
plane = start_control_plane(config, FileProgress(directory.parent / "progress"))
print(*plane.pids().values(), flush=True)
sys.stdin.read()
"""


class Silent:
    """Shows nothing."""

    def step(self, text: str) -> None:
        pass

    def advance(self, text: str, done: int, total: int, eta_seconds: float | None = None) -> None:
        pass


@pytest.fixture(scope="module")
def binaries() -> Binaries:
    assets = os.environ.get("EKSCONFORM_ASSETS")
    return find_binaries(assets=Path(assets) if assets else None, progress=Silent())


def config(directory: Path, binaries: Binaries) -> ControlPlaneConfig:
    return ControlPlaneConfig(
        directory=directory,
        binaries=binaries,
        cluster_name="test",
        service_account_issuer=ISSUER,
        jwks_uri=f"{ISSUER}/keys",
        authentication_webhook_url=None,
        authorization_webhook_url=None,
        webhook_ca_pem=b"",
    )


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory, binaries: Binaries) -> Iterator[ControlPlane]:
    directory = tmp_path_factory.mktemp("control-plane")
    running = start_control_plane(config(directory, binaries), Silent())
    yield running
    running.stop()


@pytest.fixture(scope="module")
def core(plane: ControlPlane) -> kubernetes.client.CoreV1Api:
    client = kubernetes.config.new_client_from_config(str(plane.admin_kubeconfig))
    return kubernetes.client.CoreV1Api(client)


def test_a_pod_runs_on_a_stand_in_node(core):
    core.create_node(NODE)
    core.create_namespaced_pod("default", POD)
    watch = kubernetes.watch.Watch()
    events = watch.stream(core.list_namespaced_pod, "default", timeout_seconds=30)
    pod = next(e["object"] for e in events if e["object"].status.phase == "Running")
    watch.stop()
    assert pod.spec.node_name == "node-1"
    assert pod.status.host_ip == "10.0.1.5"
    assert conditions(core.read_node("node-1"))["Ready"] == "True"


def test_a_condition_that_a_fault_sets_is_not_undone(core):
    pressed = [{"type": "MemoryPressure", "status": "True", "reason": "Fault"}]
    create_ready_node(core, "node-2")
    core.patch_node_status("node-2", {"status": {"conditions": pressed}})
    # once a later node is ready, the change of the earlier one has been seen too
    create_ready_node(core, "node-3")
    assert conditions(core.read_node("node-2"))["MemoryPressure"] == "True"


def test_the_key_set_is_the_one_that_the_api_server_publishes(core, plane):
    raw = core.api_client.call_api(
        "GET",
        f"{plane.endpoint}/openid/v1/jwks",
        header_params={"Accept": "application/jwk-set+json"},
    )
    assert json.loads(raw.read()) == service_account_jwks(plane.service_account_public_keys_pem)


@pytest.mark.parametrize(("path", "status"), [("/readyz", 200), ("/version", 401), ("/api", 401)])
def test_anonymous_requests_reach_health_checks_only(plane, path, status):
    context = ssl.create_default_context(cadata=plane.ca_pem.decode())
    try:
        answer = urllib.request.urlopen(f"{plane.endpoint}{path}", context=context).status
    except urllib.error.HTTPError as error:
        answer = error.code
    assert answer == status


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_only_the_api_server_listens_and_only_on_loopback(plane):
    found = {name: listeners(pid) for name, pid in plane.pids().items()}
    port = int(plane.endpoint.rsplit(":", 1)[1])
    assert found.pop("kube-apiserver") == {("0100007F", port)}
    assert set().union(*found.values()) == set()


def test_stopping_leaves_no_process_and_starting_again_keeps_the_objects(tmp_path, binaries):
    first = start_control_plane(config(tmp_path, binaries), Silent())
    client = kubernetes.config.new_client_from_config(str(first.admin_kubeconfig))
    kubernetes.client.CoreV1Api(client).create_namespace({"metadata": {"name": "kept"}})
    pids = first.pids().values()
    assert first.is_alive()
    first.stop()
    assert not first.is_alive()
    assert not any(is_running(pid) for pid in pids)
    second = start_control_plane(config(tmp_path, binaries), Silent())
    try:
        status = _Client(int(second.endpoint.rsplit(":", 1)[1]), second.pki).status
        assert status("/api/v1/namespaces/kept") == 200
        assert second.ca_pem == first.ca_pem
    finally:
        second.stop()


def test_a_taken_port_is_replaced_by_another(tmp_path, binaries, plane, monkeypatch):
    taken = int(plane.endpoint.rsplit(":", 1)[1])
    ports = iter([taken, _free_port()])
    monkeypatch.setattr(
        "pytest_eksconform.emulation.control_plane.kwok._free_port", lambda: next(ports)
    )
    running = start_control_plane(config(tmp_path, binaries), Silent())
    running.stop()
    assert running.endpoint != plane.endpoint


def test_a_program_that_dies_at_the_start_is_one_line(tmp_path, binaries):
    broken = config(tmp_path, binaries)
    (tmp_path / "etcd").write_text("not a directory")
    with pytest.raises(EmulationError, match="etcd ended while starting") as caught:
        start_control_plane(broken, Silent())
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel kills orphans on Linux only")
def test_killing_the_owner_kills_the_control_plane(tmp_path, binaries):
    programs = (
        binaries.etcd,
        binaries.kube_apiserver,
        binaries.kube_controller_manager,
        binaries.kube_scheduler,
        binaries.kwok,
    )
    command = [sys.executable, "-c", OWNER, str(tmp_path / "plane"), *map(str, programs)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        owner.send_signal(signal.SIGKILL)
    assert len(pids) == 5
    deadline = time.monotonic() + 10
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(is_running, pids))


def create_ready_node(core: kubernetes.client.CoreV1Api, name: str) -> None:
    core.create_node({**NODE, "metadata": {**NODE["metadata"], "name": name}})
    watch = kubernetes.watch.Watch()
    selector = f"metadata.name={name}"
    for event in watch.stream(core.list_node, field_selector=selector, timeout_seconds=30):
        if conditions(event["object"]).get("Ready") == "True":
            return
    pytest.fail(f"{name} is not ready after 30 s")


def conditions(node: kubernetes.client.V1Node) -> dict[str, str]:
    return {c.type: c.status for c in node.status.conditions or ()}


def is_running(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")


def listeners(pid: int) -> set[tuple[str, int]]:
    """Addresses (as /proc has them) and ports that a process listens on."""
    links = [
        str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()
    ]
    sockets = {link[8:-1] for link in links if link.startswith("socket:[")}
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
    ]
    local = [row[1].split(":") for row in rows if row[3] == "0A" and row[9] in sockets]
    return {(address, int(port, 16)) for address, port in local}

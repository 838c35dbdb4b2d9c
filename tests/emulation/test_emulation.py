"""The emulation as a whole: facts, reach, keeping."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pytest_eksconform.emulation import Emulation, EmulationRequest, start, stop
from pytest_eksconform.emulation.run_directory import RunDirectory
from pytest_eksconform.emulation.world import World


class SilentProgress:
    """Progress that nobody looks at."""

    def step(self, text: str) -> None:
        pass

    def advance(self, text: str, done: int, total: int, eta_seconds: float | None = None) -> None:
        pass


def test_facts_survive_json(emulation: Emulation) -> None:
    assert Emulation.from_json(emulation.to_json()) == emulation


def test_facts_do_not_show_secrets(emulation: Emulation) -> None:
    assert emulation.runner.secret_access_key not in repr(emulation)


def test_emulation_listens_on_loopback_only(emulation: Emulation) -> None:
    directory = Path(emulation.run_directory)
    logs = (directory / "control-plane" / "processes.json").read_text()
    assert logs
    assert emulation.endpoint_url.startswith("http://127.0.0.1:")
    assert emulation.kubernetes_endpoint.startswith("https://127.0.0.1:")


def test_directory_is_private(emulation: Emulation) -> None:
    assert Path(emulation.run_directory).stat().st_mode & 0o077 == 0


def test_supervisor_stays_below_its_memory(emulation: Emulation) -> None:
    process = RunDirectory(Path(emulation.run_directory)).supervisor()
    assert process is not None
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        pytest.skip("no /proc here")
    kib = next(int(line.split()[1]) for line in status.read_text().splitlines() if "VmRSS" in line)
    assert kib < 450 * 1024


def test_digest_stays_the_same_while_nobody_changes_anything(world: World) -> None:
    assert world.digest() == world.digest()


def test_kept_emulation_is_attached_to_and_rebuilt_when_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EKSCONFORM_RUN_DIR", str(tmp_path))
    request = EmulationRequest(keep=True, cluster_name="kept")
    first = start(request, SilentProgress())
    _forget(first)
    began = time.monotonic()
    second = start(request, SilentProgress())
    seconds = time.monotonic() - began
    try:
        assert second == first
        assert seconds < 6
        World.of(second).kube.patch(
            "v1", "Namespace", "shop", {"metadata": {"labels": {"changed": "yes"}}}
        )
        _forget(second)
        second = start(request, SilentProgress())
        assert second.endpoint_url != first.endpoint_url
    finally:
        stop(second)
    assert not Path(second.run_directory).exists()


def _forget(emulation: Emulation) -> None:
    """Let go of the owner's lock, as the end of this process would."""
    import os

    assert emulation.owner is not None
    os.close(emulation.owner)

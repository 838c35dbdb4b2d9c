"""Nothing outlives its owner, and two runs never meet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_eksconform.emulation import Emulation, reap
from pytest_eksconform.emulation.run_directory import RunDirectory

OWNER = """
import sys, time
from pytest_eksconform.emulation import EmulationRequest, TerminalProgress, start
emulation = start(EmulationRequest(), TerminalProgress(lambda text: None, isatty=False))
print(emulation.run_directory, emulation.endpoint_url, flush=True)
time.sleep(600)
"""


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process with an emulation of its own."""
    monkeypatch.setenv("EKSCONFORM_RUN_DIR", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        yield process
        process.kill()


def told(owner: subprocess.Popen[str]) -> tuple[RunDirectory, str]:
    assert owner.stdout is not None
    directory, url = owner.stdout.readline().split()
    return RunDirectory(Path(directory)), url


def is_gone(directory: RunDirectory, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _processes(directory) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not _processes(directory)


def _processes(directory: RunDirectory) -> list[str]:
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in shown.stdout.splitlines() if str(directory.path) in line]


def test_killed_owner_takes_everything_with_it(
    owner: subprocess.Popen[str], emulation: Emulation, tmp_path: Path
) -> None:
    directory, url = told(owner)
    assert url != emulation.endpoint_url
    owner.kill()
    owner.wait()
    assert is_gone(directory, 15)
    reap(tmp_path)
    assert not directory.path.exists()


def test_killed_supervisor_leaves_no_process(owner: subprocess.Popen[str], tmp_path: Path) -> None:
    directory, _ = told(owner)
    supervisor = directory.supervisor()
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    assert is_gone(directory, 15)
    owner.kill()
    owner.wait()
    assert reap(tmp_path) == [directory.path]


def test_interrupt_during_start_leaves_nothing(
    owner: subprocess.Popen[str], tmp_path: Path
) -> None:
    deadline = time.monotonic() + 20
    while not list(tmp_path.glob("run-*/control-plane/processes.json")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    directory = RunDirectory(next(tmp_path.glob("run-*")))
    owner.send_signal(signal.SIGINT)
    owner.wait(20)
    assert is_gone(directory, 5)
    assert not directory.path.exists()


def test_reaping_spares_running_emulations(emulation: Emulation) -> None:
    directory = RunDirectory(Path(emulation.run_directory))
    assert directory.path not in reap(directory.path.parent)
    assert directory.supervisor() is not None

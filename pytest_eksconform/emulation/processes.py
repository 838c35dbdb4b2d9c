"""Processes by id *and* start time, so that a reused id is never taken for the process meant."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MARK = "EKSCONFORM_RUN_OF"
"""The environment variable that every process of a run carries: the run's directory."""

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process: ``started`` tells it from a later one with the same id."""

    pid: int
    started: str

    def is_alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        return start_time(self.pid) == self.started

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless the process is gone."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def this_process() -> Process:
    """The process that asks."""
    return Process(os.getpid(), start_time(os.getpid()) or "")


def start_time(pid: int) -> str | None:
    """When the process was started, in an unspecified unit; None if it does not run."""
    if sys.platform == "linux":
        return _start_time_in_proc(pid)
    shown = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() or None


def _start_time_in_proc(pid: int) -> str | None:
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def carrying(directory: Path) -> list[Process]:
    """The processes whose environment says that they belong to the run in ``directory``.

    Where there is no ``/proc`` the answer is empty: there a run's processes are its process group.
    """
    mark = f"{MARK}={directory}".encode()
    return [process for process, environment in _environments() if mark in environment]


def _environments() -> Iterator[tuple[Process, list[bytes]]]:
    for entry in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environment = (entry / "environ").read_bytes().split(b"\0")
            started = start_time(int(entry.name))
            if started is not None:
                yield Process(int(entry.name), started), environment


def end(processes: Iterable[Process], grace_seconds: float) -> None:
    """Ask the processes to end, and kill those that have not after the grace period."""
    left = list(processes)
    for process in left:
        process.send(signal.SIGTERM)
    _wait_gone(left, grace_seconds)
    for process in left:
        process.send(signal.SIGKILL)
    _wait_gone(left, 5.0)


def _wait_gone(processes: list[Process], timeout_seconds: float) -> None:
    # Neither child nor descriptor of ours: nothing to wait on but to look again.
    deadline = time.monotonic() + timeout_seconds
    while any(process.is_alive() for process in processes) and time.monotonic() < deadline:
        time.sleep(0.02)

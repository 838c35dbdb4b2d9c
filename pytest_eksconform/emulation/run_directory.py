"""One directory per emulation: all its state, and the locks that tell who is alive.

`owner.lock` is held by the process that asked for the emulation, `supervisor.lock` by the one
that runs it. The kernel lets go of both when their holder ends, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from pytest_eksconform.emulation import processes
from pytest_eksconform.emulation.processes import Process


@dataclass(frozen=True)
class RunDirectory:
    """The directory of one emulation; only its user can read it."""

    path: Path

    @property
    def log(self) -> Path:
        """What the supervisor and its controllers wrote."""
        return self.path / "supervisor.log"

    @property
    def progress(self) -> Path:
        """The progress of the start, one JSON line each."""
        return self.path / "progress.jsonl"

    @property
    def data(self) -> Path:
        """Files that replace the emulated AWS's dated data while they are there."""
        return self.path / "data"

    @property
    def owner_lock(self) -> Path:
        """Held by the owner as long as it lives."""
        return self.path / "owner.lock"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.path / "supervisor.lock"

    @property
    def control_plane(self) -> Path:
        """The state of the control plane."""
        return self.path / "control-plane"

    @property
    def failure(self) -> Path:
        """Why the supervisor gave up, in one line."""
        return self.path / "failure.txt"

    def write_json(self, name: str, values: Any) -> None:
        """Write a JSON file that readers see whole or not at all."""
        partial = self.path / f".{name}.partial"
        partial.write_text(json.dumps(values, indent=1))
        partial.replace(self.path / name)

    def read_json(self, name: str) -> Any:
        """Read a JSON file written by `write_json`; None if there is none."""
        try:
            return json.loads((self.path / name).read_text())
        except (OSError, ValueError):
            return None

    def write_pid(self) -> None:
        """Record the calling process as the supervisor."""
        me = processes.this_process()
        self.write_json("supervisor.pid", [me.pid, me.started])

    def supervisor(self) -> Process | None:
        """The recorded supervisor, if that very process still runs."""
        recorded = self.read_json("supervisor.pid")
        found = Process(int(recorded[0]), str(recorded[1])) if recorded else None
        return found if found and found.is_alive() else None

    def is_in_use(self, kept: bool = False) -> bool:
        """Whether somebody holds it: its owner, or, of a kept emulation, its supervisor."""
        return is_locked(self.supervisor_lock if kept else self.owner_lock)

    def destroy(self, grace_seconds: float = 8.0) -> None:
        """End every process of the run, the supervisor first, and remove the directory."""
        supervisor = self.supervisor()
        if supervisor is not None:
            processes.end([supervisor], grace_seconds)
            self._kill_group(supervisor.pid)
        processes.end(processes.carrying(self.path), 1.0)
        self._reap_control_plane()
        shutil.rmtree(self.path, ignore_errors=True)

    def _reap_control_plane(self) -> None:
        if any(self.control_plane.glob("*.json")):
            from pytest_eksconform.emulation.control_plane import reap

            reap(self.control_plane)

    def _kill_group(self, group: int) -> None:
        if sys.platform != "linux":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)


def runs_root(say: Callable[[str], None] | None = None) -> Path:
    """The folder of all runs: ``EKSCONFORM_RUN_DIR``, else the user's cache, else the temp dir.

    Args:
        say: told, in one line, when the user's cache cannot be written.
    """
    asked = os.environ.get("EKSCONFORM_RUN_DIR")
    wanted = Path(asked) if asked else user_cache_path("eksconform") / "runs"
    try:
        return _made(wanted)
    except OSError as error:
        if asked:
            raise
        fallback = Path(tempfile.gettempdir()) / f"eksconform-{os.getuid()}" / "runs"
        if say is not None:
            say(f"{wanted} cannot be written ({error.strerror}); runs are kept in {fallback}")
        return _made(fallback)


def _made(root: Path) -> Path:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if root.stat().st_uid != os.getuid() or not os.access(root, os.W_OK):
        raise PermissionError(13, "belongs to another user or is read-only", str(root))
    root.chmod(0o700)
    return root.resolve()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, waiting for it."""
    descriptor = acquire(path)
    try:
        yield
    finally:
        os.close(descriptor)


def acquire(path: Path) -> int:
    """Lock a file exclusively, waiting for it; the descriptor holds the lock until closed."""
    descriptor = _opened(path)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def try_acquire(path: Path) -> int | None:
    """Lock a file exclusively, or None if somebody else has it."""
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock."""
    if not path.exists():
        return False
    descriptor = try_acquire(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def create(root: Path, name: str | None = None) -> tuple[RunDirectory, int]:
    """Make a run's directory; returns it with the descriptor that makes the caller its owner.

    Args:
        root: the folder of all runs.
        name: a fixed name, or None for one that no other run has.
    """
    with locked(root / ".lock"):
        if name is None:
            path = Path(tempfile.mkdtemp(prefix="run-", dir=root))
        else:
            path = root / name
            path.mkdir(mode=0o700)
        directory = RunDirectory(path)
        return directory, acquire(directory.owner_lock)


def reap(root: Path | None = None) -> list[Path]:
    """End and remove every run whose owner or supervisor is gone; returns their directories."""
    root = root or runs_root()
    with locked(root / ".lock"):
        found = [RunDirectory(entry) for entry in sorted(root.iterdir()) if entry.is_dir()]
        dead = [directory for directory in found if _is_dead(directory)]
    for directory in dead:
        directory.destroy(grace_seconds=3.0)
    return [directory.path for directory in dead]


def _is_dead(directory: RunDirectory) -> bool:
    if directory.is_in_use():
        return False
    kept = bool((directory.read_json("request.json") or {}).get("keep"))
    return not (kept and directory.is_in_use(kept=True))

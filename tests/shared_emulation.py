"""One emulation for all tests of a run, under xdist for all its workers."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from filelock import FileLock

from pytest_eksconform.emulation import Emulation, EmulationRequest, TerminalProgress, start, stop
from pytest_eksconform.emulation.run_directory import RunDirectory


class SharedEmulation:
    """The emulation of a run: the first worker that asks owns it and ends it after all others.

    Args:
        directory: a folder that the workers of this run share.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self._files = RunDirectory(directory)
        self._guard = FileLock(directory / "guard.lock")
        # A lock and not a count: the kernel takes back what a killed worker held.
        self._users = os.open(directory / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._is_owner = False

    def join(self) -> Emulation:
        """The emulation, started if there is none."""
        with self._guard:
            fcntl.flock(self._users, fcntl.LOCK_SH)
            facts = self._files.read_json("facts.json")
            if facts is not None:
                found = Emulation.from_json(facts)
                if RunDirectory(Path(found.run_directory)).is_in_use():
                    return found
            return self._started()

    def _started(self) -> Emulation:
        try:
            found = start(EmulationRequest(), TerminalProgress(lambda text: None, isatty=False))
        except BaseException:
            # Whoever starts it instead must not wait for us.
            fcntl.flock(self._users, fcntl.LOCK_UN)
            raise
        self._is_owner = True
        self._files.write_json("facts.json", found.to_json())
        return found

    def leave(self, emulation: Emulation) -> None:
        """Let go of it; the owner waits for all others and ends it."""
        fcntl.flock(self._users, fcntl.LOCK_UN)
        if self._is_owner:
            with self._guard:
                fcntl.flock(self._users, fcntl.LOCK_EX)
                stop(emulation)
        os.close(self._users)

"""Child processes that log to files and never outlive the process that started them."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pytest_eksconform.errors import EmulationError

TERMINATION_SECONDS = 3.0
_PR_SET_PDEATHSIG = 1
_LOG_TAIL_BYTES = 8192
_RECORD = "processes.json"


@dataclass(frozen=True)
class Child:
    """One running program.

    Args:
        name: of the program.
        process: its handle.
        log: the file that both its outputs go to.
    """

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def last_words(self, lines: int = 3) -> str:
        """The last lines of its log, in one line."""
        with self.log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LOG_TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
        said = [line.strip() for line in text.splitlines() if line.strip()]
        return " | ".join(said[-lines:]) or "its log is empty"


@dataclass
class Children:
    """The child processes of one control plane; they die with this process.

    Args:
        directory: their working directory; logs go to ``logs`` in it, and ``processes.json``
            records them for :func:`reap`.
    """

    directory: Path
    _children: list[Child] = field(default_factory=list, init=False)
    # the kernel's death signal follows the thread that forked, not the process: all children are
    # started from one thread, which lives as long as they do
    _starter: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, "control-plane-starter"), init=False
    )

    def start(
        self, name: str, command: Sequence[str | Path], environment: Mapping[str, str]
    ) -> Child:
        """Start a program in its own process group, with an environment of its own.

        Raises:
            EmulationError: it cannot be executed.
        """
        log = self.directory / "logs" / f"{name}.log"
        log.parent.mkdir(mode=0o700, exist_ok=True)
        arguments = [str(part) for part in command]
        try:
            process = self._starter.submit(
                _spawn, arguments, self.directory, environment, log
            ).result()
        except OSError as error:
            raise EmulationError(f"{arguments[0]} cannot be run: {error.strerror}") from error
        child = Child(name, process, log)
        self._children.append(child)
        self._record()
        return child

    def pids(self) -> dict[str, int]:
        """The process ids by name."""
        return {child.name: child.process.pid for child in self._children}

    def first_dead(self) -> Child | None:
        """A child that has ended by itself, if there is one."""
        return next((child for child in self._children if not child.is_alive), None)

    def stop(self) -> None:
        """End all children, those started first last; returns when none is left."""
        storage, clients = self._children[:1], self._children[1:]
        for generation in (clients, storage):
            _end([child.process for child in generation])
        self._children.clear()
        self._starter.shutdown()
        (self.directory / _RECORD).unlink(missing_ok=True)

    def _record(self) -> None:
        unfinished = self.directory / f"{_RECORD}.new"
        unfinished.write_text(json.dumps(self.pids()), encoding="utf-8")
        unfinished.replace(self.directory / _RECORD)


def reap(directory: Path) -> list[int]:
    """Kill the recorded children of a control plane whose owner is gone.

    A recorded process id is killed only while its command line still names ``directory``.

    Returns:
        The process ids that were killed.
    """
    try:
        recorded = json.loads((directory / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    killed = [pid for pid in recorded.values() if _names(pid, directory) and _kill(pid)]
    (directory / _RECORD).unlink(missing_ok=True)
    return killed


def _names(pid: int, directory: Path) -> bool:
    if sys.platform == "linux":
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
    else:
        command = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False
        ).stdout
    return os.fsencode(directory) in command


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _spawn(
    arguments: list[str], directory: Path, environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            arguments,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # a terminal's Ctrl-C must reach only the owner, which then stops its children
            process_group=0,
            # a launcher program between would cost start-up time and could itself be killed; in
            # the forked child this takes no lock: it calls a library that is loaded already
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - see above
        )


def die_with_parent() -> Callable[[], None] | None:
    """What a forked child calls so that the kernel kills it when the thread that forked ends.

    Returns:
        A ``preexec_fn``; None where the kernel does not offer this.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # the parent may have died before the kernel was told
        if os.getppid() != parent:
            os._exit(1)

    return tie


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + TERMINATION_SECONDS
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

"""The process that is the emulated EKS: AWS, the control plane's parent, nodes and controllers.

Started by the launcher as ``python -m pytest_eksconform.emulation.supervisor DIRECTORY``. It ends
when it is told to (SIGTERM), or when its owner is gone, unless the emulation is to be kept.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path

from pytest_eksconform.emulation import processes, run_directory
from pytest_eksconform.emulation.facts import EmulationRequest
from pytest_eksconform.emulation.machine_room import MachineRoom
from pytest_eksconform.emulation.progress import FileProgress
from pytest_eksconform.emulation.run_directory import RunDirectory

_GRACE_SECONDS = 2.0

_LOG = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """Run the emulation of a run's directory until it is to end; returns the exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("pytest_eksconform").setLevel(logging.INFO)
    directory = RunDirectory(Path(arguments[0]))
    run_directory.acquire(directory.supervisor_lock)
    directory.write_pid()
    request = EmulationRequest.from_json(directory.read_json("request.json"))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if not request.keep:
        _watch_owner(directory, stop)
    return _supervise(directory, request, stop)


def _supervise(directory: RunDirectory, request: EmulationRequest, stop: threading.Event) -> int:
    progress = FileProgress(directory.progress)
    room = MachineRoom(directory, request, progress)
    # The start runs beside the main thread so that the end can come at any moment of it.
    starting = threading.Thread(target=_start, args=(room, directory, progress, stop), daemon=True)
    starting.start()
    stop.wait()
    room.stop()
    # What the start still has under way, a build above all, would keep this process for minutes.
    processes.end(_other_processes(directory), _GRACE_SECONDS)
    return int(directory.failure.exists())


def _other_processes(directory: RunDirectory) -> list[processes.Process]:
    return [p for p in processes.carrying(directory.path) if p.pid != os.getpid()]


def _start(
    room: MachineRoom, directory: RunDirectory, progress: FileProgress, stop: threading.Event
) -> None:
    try:
        emulation = room.start()
        directory.write_json("facts.json", emulation.to_json())
    except Exception as error:  # noqa: BLE001 - the launcher has to be told of any
        if not stop.is_set():
            _LOG.exception("the emulation did not start")
            text = " ".join(str(error).split()) or type(error).__name__
            directory.failure.write_text(f"the emulated EKS did not start: {text}\n")
        stop.set()
    finally:
        progress.close()


def _watch_owner(directory: RunDirectory, stop: threading.Event) -> None:
    def wait_for_its_end() -> None:
        # The kernel lets go of the owner's lock when it ends, however it ends.
        os.close(run_directory.acquire(directory.owner_lock))
        stop.set()

    threading.Thread(target=wait_for_its_end, name="owner", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Starts the supervisor as a process of its own, follows it, and hands over the facts."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO

from pytest_eksconform.emulation import health, processes, run_directory
from pytest_eksconform.emulation.facts import Emulation, EmulationRequest
from pytest_eksconform.emulation.progress import Progress, follow
from pytest_eksconform.emulation.run_directory import RunDirectory
from pytest_eksconform.errors import EmulationError

ENGINES = ("kwok",)
NEEDED_BYTES = 200_000_000
"""Free space that a start asks for; one run was seen to take 130 MB."""
_LOG_LINES = 4


def start(request: EmulationRequest, progress: Progress) -> Emulation:
    """Start an emulated EKS, or attach to the kept one; it ends with this process unless kept.

    Args:
        request: what to start.
        progress: told what is being done and how far it is.

    Raises:
        EmulationError: it did not start; one line with the end of its log and where that is.
    """
    _check(request)
    root = run_directory.runs_root(progress.step)
    run_directory.reap(root)
    _check_space(root)
    if not request.keep:
        return _launch(*run_directory.create(root), request, progress)
    name = kept_name(request)
    with run_directory.locked(root / f".{name}.lock"):
        return _kept(root, name, request, progress)


def _check(request: EmulationRequest) -> None:
    """See that there is what is asked for, before anything is started."""
    from pytest_eksconform.emulation.blueprints import blueprint
    from pytest_eksconform.emulation.control_plane.versions import patch_version

    if request.engine not in ENGINES:
        raise EmulationError(f"no engine {request.engine!r}; there is {', '.join(ENGINES)}")
    blueprint(request.blueprint)
    patch_version(request.kubernetes_version)
    if request.assets and not request.assets.is_dir():
        raise EmulationError(f"{request.assets}: no such folder (--eks-assets)")


def _check_space(root: Path) -> None:
    # etcd sets 64 MB aside at its start, and says little when it cannot.
    free = shutil.disk_usage(root).free
    if free < NEEDED_BYTES:
        raise EmulationError(
            f"{root}: {free // 1_000_000} MB are free, an emulated EKS takes "
            f"{NEEDED_BYTES // 1_000_000} MB; give another folder with EKSCONFORM_RUN_DIR"
        )


def attach(request: EmulationRequest) -> Emulation | None:
    """The kept emulation that fits the request, if it runs, is well and unchanged, else None."""
    directory = RunDirectory(run_directory.runs_root() / kept_name(request))
    owner = run_directory.try_acquire(directory.owner_lock) if directory.path.exists() else None
    if owner is None:
        return None
    facts = directory.read_json("facts.json")
    if facts and directory.supervisor() and health.is_as_built(directory):
        return Emulation.from_json(facts, owner)
    os.close(owner)
    return None


def stop(emulation: Emulation) -> None:
    """End the emulation with all its processes and files, kept or not."""
    RunDirectory(Path(emulation.run_directory)).destroy()
    if emulation.owner is not None:
        with contextlib.suppress(OSError):
            os.close(emulation.owner)


def kept_name(request: EmulationRequest) -> str:
    """The name of the directory of a kept emulation: one for each thing that can be asked for."""
    asked = (request.engine, request.blueprint, request.kubernetes_version, request.region)
    return "-".join(("kept", *asked, request.cluster_name, _package_version()))


def _package_version() -> str:
    try:
        return version("pytest-eksconform")
    except PackageNotFoundError:
        return "source"


def _kept(root: Path, name: str, request: EmulationRequest, progress: Progress) -> Emulation:
    found = attach(request)
    if found is not None:
        return found
    directory = RunDirectory(root / name)
    if directory.is_in_use():
        progress.step("the kept emulation is in use by another run: starting one of our own")
        return _launch(*run_directory.create(root), request_of_our_own(request), progress)
    directory.destroy()
    return _launch(*run_directory.create(root, name), request, progress)


def request_of_our_own(request: EmulationRequest) -> EmulationRequest:
    """The same request for an emulation that ends with its owner."""
    return EmulationRequest.from_json({**request.to_json(), "keep": False})


def _launch(
    directory: RunDirectory, owner: int, request: EmulationRequest, progress: Progress
) -> Emulation:
    try:
        directory.write_json("request.json", request.to_json())
        directory.progress.touch()
        with directory.log.open("wb") as log:
            process = _spawn(directory, log)
        # Somebody has to wait for it, or it would stay a zombie until this process ends.
        threading.Thread(target=process.wait, name="supervisor", daemon=True).start()
        follow(directory.progress, progress, lambda: process.poll() is None)
        facts = directory.read_json("facts.json")
        if facts is None:
            raise EmulationError(_why_it_failed(directory))
        return Emulation.from_json(facts, owner)
    except BaseException as error:
        _clear(directory, keep_log=isinstance(error, EmulationError))
        os.close(owner)
        raise


def _spawn(directory: RunDirectory, log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pytest_eksconform.emulation.supervisor", str(directory.path)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        env={**os.environ, processes.MARK: str(directory.path)},
    )


def _why_it_failed(directory: RunDirectory) -> str:
    with contextlib.suppress(OSError):
        return f"{directory.failure.read_text().strip()} (log: {_saved_log(directory)})"
    lines = directory.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    return f"the supervisor ended: {' | '.join(lines)} (log: {_saved_log(directory)})"


def _saved_log(directory: RunDirectory) -> Path:
    return directory.path.parent / f"{directory.path.name}.log"


def _clear(directory: RunDirectory, keep_log: bool) -> None:
    if keep_log:
        with contextlib.suppress(OSError):
            directory.log.replace(_saved_log(directory))
    directory.destroy()

"""The cache of control-plane binaries: each appears whole, at its version, or not at all."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock
import platformdirs

from pytest_eksconform.emulation.control_plane.versions import Component
from pytest_eksconform.emulation.progress import Progress
from pytest_eksconform.errors import EmulationError

CACHE_VARIABLE = "EKSCONFORM_CACHE_DIR"
_DISK_ERRORS = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EEXIST,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Platform:
    """This machine, in the words of Go: ``linux``/``darwin`` and ``amd64``/``arm64``."""

    os: str
    arch: str


def this_platform() -> Platform:
    """The platform that binaries are wanted for.

    Raises:
        EmulationError: the control plane is not made for this operating system or processor.
    """
    arch = _ARCHITECTURES.get(platform.machine().lower())
    if sys.platform not in ("linux", "darwin") or arch is None:
        raise EmulationError(
            f"no control plane for {sys.platform} on {platform.machine()}; "
            "use Linux or macOS on x86-64 or arm64"
        )
    return Platform(sys.platform, arch)


def cache_directory() -> Path:
    """``EKSCONFORM_CACHE_DIR``, else the user's cache directory of this platform."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen).expanduser().absolute() if chosen else _default_directory()


def _default_directory() -> Path:
    return Path(platformdirs.user_cache_dir("eksconform"))


@dataclass(frozen=True)
class BinaryCache:
    """Binaries by name and version under one directory, which need not exist yet."""

    directory: Path
    platform: Platform

    def path(self, component: Component) -> Path:
        """Where the binary of a component is, once it is there."""
        return self._bin / f"{component.name}-{component.version}"

    def install(self, component: Component, built: Path) -> Path:
        """Move a finished file, which must be on the same file system, into the cache.

        Raises:
            EmulationError: the cache cannot be written.
        """
        target = self.path(component)
        with _disk_errors(self.directory):
            self._bin.mkdir(parents=True, exist_ok=True)
            built.chmod(0o755)
            _sync(built)
            built.replace(target)
        return target

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A directory for unfinished files on the cache's file system; gone afterwards.

        Raises:
            EmulationError: the cache cannot be written, also from inside the block.
        """
        with _disk_errors(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
            directory = Path(tempfile.mkdtemp(prefix="unfinished-", dir=self.directory))
            try:
                yield directory
            finally:
                shutil.rmtree(directory, ignore_errors=True)

    @contextmanager
    def locked(self, progress: Progress) -> Iterator[None]:
        """Hold the cache for writing, so that two runs at once fetch or build once.

        Raises:
            EmulationError: the cache cannot be written.
        """
        with _disk_errors(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.directory / "writing.lock")
            _acquire(lock, progress)
        try:
            self._remove_leftovers()
            yield
        finally:
            lock.release()

    @property
    def _bin(self) -> Path:
        return self.directory / "bin" / f"{self.platform.os}-{self.platform.arch}"

    def _remove_leftovers(self) -> None:
        # only a killed run leaves these: whoever writes holds the lock
        for leftover in self.directory.glob("unfinished-*"):
            shutil.rmtree(leftover, ignore_errors=True)


def _acquire(lock: filelock.BaseFileLock, progress: Progress) -> None:
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        progress.step("waiting for another run that fetches or builds the control plane")
        lock.acquire()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _disk_errors(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        reason = error.strerror or str(error)
        raise EmulationError(
            f"cannot write the binary cache {directory}: {reason}; "
            f"set {CACHE_VARIABLE} to a writable directory with room"
        ) from error

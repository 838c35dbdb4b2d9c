"""Builds control-plane binaries from Go modules, with progress and without leftovers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_eksconform.emulation.control_plane.cache import CACHE_VARIABLE, BinaryCache
from pytest_eksconform.emulation.control_plane.gomodule import (
    BuildGroup,
    group_components,
    write_module,
)
from pytest_eksconform.emulation.control_plane.packages import PackageGraph
from pytest_eksconform.emulation.control_plane.processes import die_with_parent
from pytest_eksconform.emulation.control_plane.toolchain import GoTool, find_go
from pytest_eksconform.emulation.control_plane.versions import Component
from pytest_eksconform.emulation.progress import Progress
from pytest_eksconform.errors import EmulationError

# all five from nothing on 2 cores: 4 min 54 s
COLD_MINUTES = 5
# measured: modules 0.6 GB, compiled packages 2.8 GB, binaries 0.4 GB
DISK_BYTES = 4_000_000_000
_TERMINATION_SECONDS = 5.0
_PACE_SECONDS = 5.0
_LINK_WEIGHT = 20


def build(
    wanted: tuple[Component, ...], kubernetes_version: str, cache: BinaryCache, progress: Progress
) -> dict[str, Path]:
    """Build components into the cache; the caller holds the cache's lock.

    Returns:
        The path of each binary by component name.

    Raises:
        EmulationError: no Go, no room, or the build failed; the text says what to do.
    """
    go = find_go(cache.directory)
    _check_room(go, cache)
    names = ", ".join(f"{component.name} {component.version}" for component in wanted)
    progress.step(
        f"building the control plane, once: {COLD_MINUTES} min on 2 cores, "
        f"{DISK_BYTES / 1e9:.0f} GB of disk ({names})"
    )
    installed: dict[str, Path] = {}
    for group in group_components(wanted, kubernetes_version):
        with cache.staging() as directory:
            for component, binary in _GroupBuild(go, group, directory, progress).run():
                installed[component.name] = cache.install(component, binary)
    return installed


def _check_room(go: GoTool, cache: BinaryCache) -> None:
    for directory in (cache.directory, Path(go.environment["GOCACHE"])):
        existing = next(path for path in (directory, *directory.parents) if path.exists())
        free = shutil.disk_usage(existing).free
        if free < DISK_BYTES:
            raise EmulationError(
                f"building the control plane needs {DISK_BYTES / 1e9:.0f} GB, {existing} has "
                f"{free / 1e9:.1f} GB free; make room, or set {CACHE_VARIABLE} and GOCACHE"
            )


@dataclass(frozen=True)
class _GroupBuild:
    go: GoTool
    group: BuildGroup
    directory: Path
    progress: Progress

    def run(self) -> list[tuple[Component, Path]]:
        self.progress.step("fetching the source of the control plane")
        write_module(self.directory, self.group, self._output)
        graph = self._graph()
        self._compile(graph)
        return [(component, self._built(component)) for component in self.group.components]

    def _graph(self) -> PackageGraph:
        fetched = 0
        lines: list[str] = []
        with self._running(self._command("list", "-deps", "-f", PackageGraph.TEMPLATE)) as process:
            for line in process.stdout or ():
                lines.append(line)
                if line.startswith("go: downloading "):
                    fetched += 1
                    self.progress.step(f"fetching source, module {fetched}: {line.split()[2]}")
        self._check(process, lines)
        return PackageGraph.parse(lines)

    def _compile(self, graph: PackageGraph) -> None:
        roots = {c.package: c.name for c in self.group.components}
        owners = graph.owners(roots)
        meter = _Meter(graph.stale, len(roots))
        lines: list[str] = []
        arguments = ["-v", "-o", f"{self.directory}{os.sep}bin{os.sep}"]
        with self._running(self._command("build", *arguments)) as process:
            for line in process.stdout or ():
                lines.append(line)
                if (package := line.strip()) in graph.stale:
                    text = f"building {owners.get(package, 'the control plane')} (once)"
                    self.progress.advance(text, *meter.count(package))
        self._check(process, lines)

    def _built(self, component: Component) -> Path:
        # Go names a program after its import path, leaving out a major version
        name = re.sub(r"/v\d+$", "", component.package).rsplit("/", 1)[-1]
        return self.directory / "bin" / name

    def _command(self, verb: str, *arguments: str) -> list[str]:
        flags = [self.group.mod_flag, "-trimpath", "-ldflags", self.group.linker_flags]
        packages = [component.package for component in self.group.components]
        return [str(self.go.path), verb, *flags, *arguments, *packages]

    def _output(self, arguments: list[str]) -> str:
        lines: list[str] = []
        with self._running([str(self.go.path), *arguments], stderr=subprocess.PIPE) as process:
            output, errors = process.communicate()
            lines.append(errors)
        self._check(process, lines)
        return output

    @contextmanager
    def _running(
        self, command: list[str], stderr: int = subprocess.STDOUT
    ) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            command,
            cwd=self.directory,
            env=self.go.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            # compilers are grandchildren: only their group reaches them all
            process_group=0,
            # a killed run must not go on building; the reason for this form is in `processes`
            preexec_fn=die_with_parent(),  # noqa: PLW1509
        ) as process:
            try:
                yield process
                process.wait()
            finally:
                _end_group(process)

    def _check(self, process: subprocess.Popen[str], lines: list[str]) -> None:
        if process.returncode:
            said = [line.strip() for line in lines if line.strip() and "downloading" not in line]
            # Go repeats the failing package before the message, which comes last
            reason = " | ".join(said[-3:])
            raise EmulationError(
                f"`go` could not build the control plane (exit code {process.returncode}): "
                f"{reason}; check GOPROXY and the network, or give the binaries with --eks-assets"
            )


def _end_group(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_TERMINATION_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class _Meter:
    """Counts packages and estimates the seconds left from the pace so far."""

    def __init__(self, stale: frozenset[str], programs: int) -> None:
        self._packages = len(stale)
        self._count = 0
        self._work = sum(map(_weight, stale)) + programs * _LINK_WEIGHT
        self._done = 0
        self._started = time.monotonic()

    def count(self, package: str) -> tuple[int, int, float | None]:
        """One more package is being compiled: how many are, of how many, seconds left."""
        self._count += 1
        self._done += _weight(package)
        gone = time.monotonic() - self._started
        left = gone / self._done * (self._work - self._done)
        return self._count, self._packages, left if gone >= _PACE_SECONDS else None


def _weight(package: str) -> int:
    # the standard library comes first and its packages are small: counted like the others they
    # would promise half the time
    return 2 if "." in package.split("/", 1)[0] else 1

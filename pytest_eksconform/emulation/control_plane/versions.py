"""Which versions make up the control plane of each Kubernetes minor version."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_eksconform.errors import EmulationError

DEFAULT_KUBERNETES_VERSION = "1.35"
KUBERNETES_PATCHES = {"1.33": "1.33.13", "1.34": "1.34.4", "1.35": "1.35.4"}
ETCD_VERSION = "3.6.5"
KWOK_VERSION = "0.8.0"


@dataclass(frozen=True)
class Component:
    """One program of the control plane, at one version.

    Args:
        name: file name of the binary.
        version: without the leading ``v``.
        package: import path of its Go main package.
        version_arguments: what makes the program print its version.
    """

    name: str
    version: str
    package: str
    version_arguments: tuple[str, ...] = ("--version",)

    @property
    def is_kubernetes(self) -> bool:
        """Whether Kubernetes itself releases this program."""
        return self.package.startswith("k8s.io/kubernetes/")


def patch_version(kubernetes_version: str) -> str:
    """The patch version used for a minor version: ``1.35`` → ``1.35.4``.

    Raises:
        EmulationError: the emulation does not know that minor version.
    """
    try:
        return KUBERNETES_PATCHES[kubernetes_version]
    except KeyError:
        known = ", ".join(KUBERNETES_PATCHES)
        raise EmulationError(
            f"Kubernetes version {kubernetes_version!r} cannot be emulated; choose one of {known}"
        ) from None


def components(kubernetes_version: str) -> tuple[Component, ...]:
    """The five programs of a control plane, smallest first.

    Raises:
        EmulationError: the emulation does not know that minor version.
    """
    patch = patch_version(kubernetes_version)
    kubernetes = (
        Component(name, patch, f"k8s.io/kubernetes/cmd/{name}")
        for name in ("kube-scheduler", "kube-controller-manager", "kube-apiserver")
    )
    return (
        Component("etcd", ETCD_VERSION, "go.etcd.io/etcd/server/v3"),
        Component("kwok", KWOK_VERSION, "sigs.k8s.io/kwok/cmd/kwok"),
        *kubernetes,
    )


def kubectl(kubernetes_version: str) -> Component:
    """The command-line client of a minor version.

    Raises:
        EmulationError: the emulation does not know that minor version.
    """
    patch = patch_version(kubernetes_version)
    return Component("kubectl", patch, "k8s.io/kubernetes/cmd/kubectl", ("version", "--client"))

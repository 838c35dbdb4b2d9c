"""The control plane of the emulated EKS: its binaries, its keys, its processes."""

from __future__ import annotations

from pytest_eksconform.emulation.control_plane.binaries import (
    Binaries,
    find_binaries,
    find_kubectl,
)
from pytest_eksconform.emulation.control_plane.commands import ControlPlaneConfig
from pytest_eksconform.emulation.control_plane.kwok import ControlPlane, start_control_plane
from pytest_eksconform.emulation.control_plane.pki import (
    KeyPair,
    issue_client_certificate,
    issue_server_certificate,
    service_account_jwks,
)
from pytest_eksconform.emulation.control_plane.processes import reap

__all__ = [
    "Binaries",
    "ControlPlane",
    "ControlPlaneConfig",
    "KeyPair",
    "find_binaries",
    "find_kubectl",
    "issue_client_certificate",
    "issue_server_certificate",
    "reap",
    "service_account_jwks",
    "start_control_plane",
]

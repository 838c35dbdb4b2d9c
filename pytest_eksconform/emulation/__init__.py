"""An emulated EKS on this machine: a real Kubernetes control plane beside an emulated AWS."""

from __future__ import annotations

from pytest_eksconform.emulation.facts import Credentials, Emulation, EmulationRequest
from pytest_eksconform.emulation.launcher import attach, start, stop
from pytest_eksconform.emulation.progress import TerminalProgress
from pytest_eksconform.emulation.run_directory import reap

__all__ = [
    "Credentials",
    "Emulation",
    "EmulationRequest",
    "TerminalProgress",
    "attach",
    "reap",
    "start",
    "stop",
]

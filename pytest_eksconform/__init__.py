"""Conformance tests for Amazon EKS, as a pytest plugin.

These names are what users' own controls are written with; they follow semantic versioning.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_eksconform.errors import CouldNotRead, EksConformError, NotApplicable
    from pytest_eksconform.expectations import Expectation, Expectations
    from pytest_eksconform.findings import Finding, Findings
    from pytest_eksconform.snapshot import Rights, Section, Snapshot
    from pytest_eksconform.target import EksCluster
    from pytest_eksconform.verdicts import Result, Verdict

__all__ = [
    "CouldNotRead",
    "EksCluster",
    "EksConformError",
    "Expectation",
    "Expectations",
    "Finding",
    "Findings",
    "NotApplicable",
    "Result",
    "Rights",
    "Section",
    "Snapshot",
    "Verdict",
]

# Imported at first use: the emulation's own process would pay a second for clients it never uses.
_HOMES = {
    "errors": ("CouldNotRead", "EksConformError", "NotApplicable"),
    "expectations": ("Expectation", "Expectations"),
    "findings": ("Finding", "Findings"),
    "snapshot": ("Rights", "Section", "Snapshot"),
    "target": ("EksCluster",),
    "verdicts": ("Result", "Verdict"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

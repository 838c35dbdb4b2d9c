"""Conformance tests for Amazon EKS, as a pytest plugin.

These names are what users' own controls are written with; they follow semantic versioning.
"""

from __future__ import annotations

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

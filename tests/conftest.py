"""Fixtures that the emulation tests and the matrix of faults share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from pytest_eksconform.testing import EmulatedEks, emulated_eks, run_controls
from pytest_eksconform.verdicts import Result


@pytest.fixture
def eks(emulation, run_root: Path) -> Iterator[EmulatedEks]:
    """The shared emulation, for one test at a time: such tests break it and mend it."""
    with FileLock(run_root / "exclusive.lock"):
        yield emulated_eks(emulation)


@pytest.fixture
def healthy(eks: EmulatedEks, run_root: Path) -> dict[str, Result]:
    """What all controls say of the healthy blueprint; asked once a run."""
    file = run_root / "healthy.json"
    if not file.exists():
        results = run_controls(eks.target)
        file.write_text(json.dumps([result.as_dict() for result in results.values()]))
    return {r.control: r for r in map(Result.from_dict, json.loads(file.read_text()))}

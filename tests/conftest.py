"""Fixtures that the emulation tests and the matrix of faults share."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from pytest_eksconform.emulation import Emulation
from pytest_eksconform.emulation.aws_clients import AwsClients
from pytest_eksconform.emulation.world import World
from pytest_eksconform.testing import EmulatedEks, emulated_eks, run_controls
from pytest_eksconform.verdicts import Result
from tests.shared_emulation import SharedEmulation


@pytest.fixture(scope="session")
def run_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share, and no other run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def emulation(run_root: Path) -> Iterator[Emulation]:
    """The facts of the shared emulation."""
    shared = SharedEmulation(run_root / "emulation")
    found = shared.join()
    yield found
    shared.leave(found)


@pytest.fixture(scope="session")
def world(emulation: Emulation) -> World:
    """The administrator's view of the emulation."""
    return World.of(emulation)


@pytest.fixture(scope="session")
def runner(emulation: Emulation) -> AwsClients:
    """The AWS clients of the read-only runner."""
    return AwsClients(emulation.endpoint_url, emulation.region, emulation.runner)


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

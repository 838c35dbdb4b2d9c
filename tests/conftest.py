"""The emulated EKS of the tests: one for a whole run, under xdist one for each worker.

Tests break it and mend it, so that two of them must never use one at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_eksconform.emulation import Emulation, EmulationRequest, TerminalProgress, start, stop
from pytest_eksconform.emulation.aws_clients import AwsClients
from pytest_eksconform.emulation.world import World
from pytest_eksconform.testing import EmulatedEks, emulated_eks, run_controls
from pytest_eksconform.verdicts import Result


@pytest.fixture(scope="session")
def emulation() -> Iterator[Emulation]:
    """The facts of the emulation."""
    with TerminalProgress(lambda _text: None, isatty=False) as silent:
        started = start(EmulationRequest(), silent)
    yield started
    stop(started)


@pytest.fixture(scope="session")
def eks(emulation: Emulation) -> EmulatedEks:
    """The emulation, for running controls against it."""
    return emulated_eks(emulation)


@pytest.fixture(scope="session")
def world(emulation: Emulation) -> World:
    """The administrator's view of the emulation."""
    return World.of(emulation)


@pytest.fixture(scope="session")
def runner(emulation: Emulation) -> AwsClients:
    """The AWS clients of the read-only runner."""
    return AwsClients(emulation.endpoint_url, emulation.region, emulation.runner)


@pytest.fixture(scope="session")
def healthy(eks: EmulatedEks) -> dict[str, Result]:
    """What all controls say of the healthy blueprint."""
    return run_controls(eks.target)

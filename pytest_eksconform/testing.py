"""For those who write controls: run them against an emulated EKS, and see them fail.

A control that has never been seen to fail says nothing. `assert_caught` proves that it passes
on a healthy cluster and fails on its fault:

    @pytest.fixture(scope="module")
    def eks():
        with emulated() as eks:
            yield eks

    def test_nodes_labelled_is_caught(eks):
        assert_caught("acme/nodes-labelled", unlabelled_node, eks, paths=["test_acme.py"])
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_eksconform.errors import EksConformError
from pytest_eksconform.target import Target, applied_environment, target_of
from pytest_eksconform.verdicts import Result, Verdict

__all__ = ["EmulatedEks", "assert_caught", "emulated", "run_controls"]


@dataclass(frozen=True)
class EmulatedEks:
    """A running emulated EKS.

    Attributes:
        target: what controls run against.
        world: what faults act on: AWS and Kubernetes, as administrator.
    """

    target: Target
    world: Any


@contextmanager
def emulated(**request: Any) -> Iterator[EmulatedEks]:
    """An emulated EKS for as long as the block lasts.

    Args:
        request: fields of `pytest_eksconform.emulation.EmulationRequest`, for example
            ``blueprint="managed-nodes"``.

    Raises:
        EmulationError: it did not start.
    """
    from pytest_eksconform import emulation

    with emulation.TerminalProgress(lambda _text: None, False) as silent:
        started = emulation.start(emulation.EmulationRequest(**request), silent)
    try:
        yield emulated_eks(started)
    finally:
        emulation.stop(started)


def emulated_eks(started: Any) -> EmulatedEks:
    """An emulation that runs already, for `run_controls` and `assert_caught`."""
    from pytest_eksconform.emulation.world import World

    return EmulatedEks(target_of(started), World.of(started))


def run_controls(
    target: Target,
    *,
    select: Sequence[str] = (),
    paths: Iterable[str | Path] = (),
    expect: Path | None = None,
) -> dict[str, Result]:
    """Run controls in this process and give back their results by id.

    Args:
        target: what to check.
        select: ids, areas, globs; all when empty.
        paths: files or folders with controls; the shipped suites when empty.
        expect: an expectations file.

    Raises:
        EksConformError: the run could not start, for the reason that pytest gave.
    """
    listener = _Listener(target)
    with tempfile.TemporaryDirectory(prefix="eksconform-run-") as folder:
        empty = Path(folder) / "pytest.toml"
        empty.write_text("[pytest]\n", encoding="utf-8")
        options = ["-c", str(empty), "--rootdir", folder, "--capture=no"]
        options += ["-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:xdist"]
        options += [f"--eks-select={','.join(select)}"] if select else []
        options += [f"--eks-expect={expect}"] if expect else []
        # The caller's own options are not for this inner run.
        with applied_environment(_without_options()):
            status = pytest.main([*options, *map(str, paths)], plugins=[listener])
    if status not in (0, 1, 5) or not listener.results:
        raise EksConformError(f"the controls did not run: pytest ended with {status!r}")
    return listener.results


def _without_options() -> dict[str, str | None]:
    ours = [name for name in os.environ if name.startswith("EKSCONFORM_")]
    kept = {"EKSCONFORM_CACHE_DIR", "EKSCONFORM_RUN_DIR"}
    return dict.fromkeys([*(n for n in ours if n not in kept), "PYTEST_ADDOPTS"])


class _Listener:
    """A plugin that brings the target and takes the results."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.results: dict[str, Result] = {}

    def pytest_eksconform_target(self) -> Target:
        return self._target

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = getattr(report, "eks_result", None)
        if data is not None:
            self.results[data["control"]] = Result.from_dict(data)


def assert_caught(
    control: str, fault: Any, eks: EmulatedEks, *, paths: Iterable[str | Path] = ()
) -> Result:
    """See `control` pass on the healthy cluster and fail while `fault` is applied.

    Args:
        control: its id.
        fault: a function declared with `pytest_eksconform.emulation.faults.fault`.
        eks: where.
        paths: file with the control; the shipped suites when empty.

    Returns:
        The result with the findings.

    Raises:
        AssertionError: it did not pass before, did not fail, or the fault left something behind.
    """
    from pytest_eksconform.emulation.faults import applied, fault_of

    paths, broken = list(paths), fault_of(fault)
    before = run_controls(eks.target, select=[control], paths=paths)[control]
    if before.verdict is not Verdict.PASSED:
        raise AssertionError(
            f"{control} is {before.verdict.value} before the fault: {before.reason}"
        )
    with applied(broken, eks.world):
        after = run_controls(eks.target, select=[control], paths=paths)[control]
    if after.verdict is not Verdict.FAILED:
        raise AssertionError(
            f"{control} is {after.verdict.value} in spite of the fault {broken.name}"
        )
    return after

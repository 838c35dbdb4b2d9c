"""The matrix: each fault is caught by its controls, and no other verdict changes."""

from __future__ import annotations

import os
import subprocess

import pytest

from pytest_eksconform.catalogue import SHIPPED, read_catalogue
from pytest_eksconform.emulation.faults import Fault, all_faults, applied
from pytest_eksconform.testing import EmulatedEks, run_controls
from pytest_eksconform.verdicts import Result, Verdict

pytestmark = pytest.mark.emulation
FAULTS = all_faults()


def test_every_control_has_a_fault():
    caught = {control for fault in FAULTS for control in fault.breaks}
    assert set(read_catalogue([SHIPPED])) - caught == set(), "controls never seen to fail"


def test_faults_name_controls_that_exist():
    known = set(read_catalogue([SHIPPED]))
    for fault in FAULTS:
        assert set(fault.breaks) <= known, f"{fault.name} breaks unknown controls"


def test_healthy_blueprint_has_no_finding(healthy: dict[str, Result]):
    for result in healthy.values():
        assert not result.findings, f"{result.control}: {result.reason}"
        assert result.verdict in {Verdict.PASSED, Verdict.NOT_APPLICABLE}, result.reason


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_caught_and_nothing_else_changes(
    fault: Fault, eks: EmulatedEks, healthy: dict[str, Result], tmp_path
):
    expect = _expectations(fault, tmp_path)
    before = run_controls(eks.target, expect=expect) if expect else healthy
    for control in fault.breaks:
        assert before[control].verdict is Verdict.PASSED, f"{control}: {before[control].reason}"
    with applied(fault, eks.world):
        after = run_controls(eks.target, expect=expect)
        for control in fault.breaks:
            _assert_found(after[control], fault)
    changed = {c for c, result in after.items() if result.verdict is not before[c].verdict}
    assert changed == set(fault.breaks), "verdicts that changed"


def _expectations(fault: Fault, folder):
    if not fault.expects:
        return None
    file = folder / "eksconform.toml"
    file.write_text(fault.expects, encoding="utf-8")
    return file


def _assert_found(result: Result, fault: Fault) -> None:
    assert result.verdict is Verdict.FAILED, f"{result.control} on {fault.name}: {result.reason}"
    for finding in result.findings:
        for text in (finding.symptom, finding.cause, finding.fix, finding.confirm):
            assert text.strip(), f"{result.control}: an empty text"
            assert "\n" not in text, f"{result.control}: {text!r}"
    # One of each kind: seven instances with the same fault have the same command seven times.
    for finding in {finding.reason: finding for finding in result.findings}.values():
        _assert_pastes(finding.confirm)


def _assert_pastes(command: str) -> None:
    """The confirm command runs in a shell that knows nothing of the emulation."""
    kept = {"PATH", "HOME"}
    environment = {k: v for k, v in os.environ.items() if k in kept}
    done = subprocess.run(
        command,
        shell=True,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"

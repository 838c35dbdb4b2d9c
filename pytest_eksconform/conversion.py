"""From pytest's report of a test to the verdict of a control, and back into the report.

A verdict has the same form in terminal, JUnit and JSON because it is put into pytest's own
report once, here, on whichever process ran the test.
"""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform.errors import NotApplicable
from pytest_eksconform.findings import Finding, Findings
from pytest_eksconform.run import Run
from pytest_eksconform.verdicts import Result, Verdict

PROPERTY = "eks."


def judge_report(
    item: pytest.Item,
    call: pytest.CallInfo[None],
    report: pytest.TestReport,
    run: Run,
    control: Any,
    findings: Findings,
) -> None:
    """Put the verdict into `report`, if this phase of the test decides or changes it.

    A setup that works decides nothing; a teardown only when it fails.
    """
    error = _error_of(call)
    if error is None and call.when != "call":
        return
    result = run.judge.verdict(
        control,
        judged=findings.resources,
        findings=findings.findings,
        error=error,
        seconds=call.duration,
    )
    report.eks_result = result.as_dict()  # type: ignore[attr-defined]
    _set_outcome(item, report, result)
    _set_properties(item, result)
    report.user_properties = list(item.user_properties)


def _error_of(call: pytest.CallInfo[None]) -> BaseException | None:
    if call.excinfo is None:
        return None
    error = call.excinfo.value
    if isinstance(error, pytest.skip.Exception):
        return NotApplicable(error.msg or "skipped without a reason")
    return error


def _set_outcome(item: pytest.Item, report: pytest.TestReport, result: Result) -> None:
    if result.verdict is Verdict.PASSED:
        report.outcome = "passed"
    elif result.gating:
        report.outcome = "failed"
        asserted = result.verdict is Verdict.FAILED and not result.findings
        if not asserted:  # pytest's own account of a failed assert cannot be bettered
            report.longrepr = explain(result)
    else:
        report.outcome = "skipped"
        _set_skip(item, report, result)


def _set_skip(item: pytest.Item, report: pytest.TestReport, result: Result) -> None:
    if result.verdict is Verdict.NOT_APPLICABLE:
        path, line, _ = item.location
        report.longrepr = (path, line or 0, f"Skipped: not applicable: {result.reason}")
        return
    # What pytest calls xfail is a failure that is accepted: a waiver, or mere advice.
    word = "waived" if result.verdict is Verdict.WAIVED else "advice"
    report.wasxfail = f"{word}: {result.reason}"
    report.longrepr = explain(result)


def _set_properties(item: pytest.Item, result: Result) -> None:
    others = [p for p in item.user_properties if not p[0].startswith(PROPERTY)]
    item.user_properties[:] = [*others, *properties_of(result)]


def properties_of(result: Result) -> list[tuple[str, object]]:
    """The JUnit properties of `result`."""
    properties: list[tuple[str, object]] = [
        ("eks.control", result.control),
        ("eks.area", result.area),
        ("eks.severity", result.severity),
        ("eks.tier", result.tier),
        ("eks.verdict", result.verdict.value),
        ("eks.gating", str(result.gating).lower()),
        ("eks.judged", str(len(result.judged))),
    ]
    if result.permission:
        properties.append(("eks.missing-permission", result.permission))
    properties += [
        ("eks.finding", f"{f.fingerprint} {f.severity} {f.resource}: {f.symptom}")
        for f in result.findings
    ]
    return properties


def explain(result: Result) -> str:
    """The whole text of a verdict: what pytest shows under FAILURES."""
    head = f"{result.control}: {result.verdict.value}: {result.title}"
    if result.verdict is Verdict.UNKNOWN:
        return f"{head}\n\n  {result.reason}\n"
    return "\n\n".join([head, *(explain_finding(finding) for finding in result.findings)])


def explain_finding(finding: Finding) -> str:
    """One finding, ready to act on; the command stands on a line of its own, to be pasted."""
    return "\n".join(
        (
            f"  {finding.resource}  [{finding.severity}]",
            f"    symptom  {finding.symptom}",
            f"    cause    {finding.cause}",
            f"    fix      {finding.fix}",
            "    confirm",
            f"{finding.confirm}",
        )
    )

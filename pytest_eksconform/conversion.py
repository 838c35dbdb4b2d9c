"""From pytest's report of a test to the verdict of a control, and back into the report.

A verdict has the same form in terminal, JUnit and JSON because it is put into pytest's own
report once, here, on whichever process ran the test.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from pytest_eksconform.errors import CouldNotRead, EksConformError, NotApplicable
from pytest_eksconform.findings import Finding, Findings
from pytest_eksconform.run import Run
from pytest_eksconform.verdicts import Result, Verdict

PROPERTY = "eks."
TRACEBACK = "traceback"
"""Title of a report's section with pytest's own account of an unexpected error."""
WIDTH = 79
"""Columns of everything that is said, except commands: those must be pasted whole."""


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
    if result.verdict is Verdict.UNKNOWN and not isinstance(error, CouldNotRead | None):
        report.sections.append((TRACEBACK, str(report.longrepr)))
    _set_outcome(item, report, result)
    _set_properties(item, result)
    report.user_properties = list(item.user_properties)


def _error_of(call: pytest.CallInfo[None]) -> BaseException | None:
    if call.excinfo is None:
        return None
    error = call.excinfo.value
    if isinstance(error, pytest.skip.Exception):
        return NotApplicable(error.msg or "skipped without a reason")
    if call.when != "call" and isinstance(error, AssertionError):
        # Only the test function's asserts are about the property; here it was not yet tried.
        return EksConformError(f"an assert failed in {call.when}: {error}")
    if call.when == "call" and type(error) is pytest.fail.Exception:
        return AssertionError(error.msg)
    return error


def _set_outcome(item: pytest.Item, report: pytest.TestReport, result: Result) -> None:
    # A control is excused by a waiver, which ends one day; pytest's xfail has no say.
    report.__dict__.pop("wasxfail", None)
    if result.verdict is Verdict.PASSED:
        report.outcome, report.longrepr = "passed", None
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
    head = wrapped(f"{result.control}: {result.verdict.value}: {result.title}".removesuffix(": "))
    if result.verdict is Verdict.UNKNOWN:
        return f"{head}\n\n{wrapped(result.reason, '  ')}\n"
    told = explain_findings(result.findings)
    return f"{head}\n\n{told}\n" if told else f"{head}\n"


def wrapped(text: str, first: str = "") -> str:
    """`text` in lines of at most `WIDTH` columns, all as far in as `first`, which starts it."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def explain_findings(findings: Iterable[Finding]) -> str:
    """Findings ready to act on; those that differ in nothing but the resource are told once."""
    told: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.severity, finding.symptom, finding.cause, finding.fix)
        told.setdefault(key, []).append(finding)
    return "\n\n".join(_explain_alike(alike) for alike in told.values())


def _explain_alike(findings: Sequence[Finding]) -> str:
    first = findings[0]
    resources = [f"  {finding.resource}" for finding in findings]
    # Each has a command of its own, in report.json: one shows how to look.
    which = "" if len(findings) == 1 else f" (the first of {len(findings)})"
    return "\n".join(
        (
            *resources[:-1],
            f"{resources[-1]}  [{first.severity}]",
            wrapped(first.symptom, "    symptom  "),
            wrapped(first.cause, "    cause    "),
            wrapped(first.fix, "    fix      "),
            f"    confirm{which}",
            first.confirm,
        )
    )

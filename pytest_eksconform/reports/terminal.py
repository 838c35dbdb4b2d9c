"""What a person sees in the terminal: 80 columns, grouped by area."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import pytest

from pytest_eksconform.conversion import TRACEBACK, explain_findings, wrapped
from pytest_eksconform.run import Run
from pytest_eksconform.settings import Settings
from pytest_eksconform.verdicts import Result, Verdict
from pytest_eksconform.waivers import Waiver, WaiverReview

ADVICE = "advice"
_MARKUP = {
    "passed": "green",
    "failed": "red",
    "unknown": "red",
    "waived": "yellow",
    ADVICE: "yellow",
    "not applicable": "cyan",
}
_LETTERS = {
    "passed": ".",
    "failed": "F",
    "unknown": "?",
    "waived": "w",
    ADVICE: "a",
    "not applicable": "n",
}


def word(result: Result) -> str:
    """The verdict in a word; findings that do not fail the run are ``advice``."""
    if result.verdict is Verdict.FAILED and not result.gating:
        return ADVICE
    return result.verdict.value


def status(result: Result) -> tuple[str, str, str]:
    """Category, letter and word for pytest's progress."""
    name = word(result)
    return name, _LETTERS[name], name.upper()


def header(settings: Settings, run: Run | None) -> list[str]:
    """The lines about the cluster and the settings with their sources."""
    given = [f"{name}={_shown(s.value)} ({s.source})" for name, s in settings.given()]
    lines = _wrapped("eksconform: ", given)
    if run is not None:
        cluster = run.cluster
        facts = [
            f"cluster {cluster.name}",
            f"region {cluster.region}",
            f"account {cluster.account}",
            f"Kubernetes {cluster.version}",
            f"platform {cluster.platform_version}",
            f"tier {run.allowed_tier}",
            *(f"{name} {value}" for name, value in run.target.provenance.items()),
        ]
        lines += _wrapped("eksconform: ", facts)
        lines.append(f"eksconform: as {cluster.identity}")
        if run.expectations.source:
            lines.append(f"eksconform: expectations from {run.expectations.source}")
    return lines


def _shown(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _wrapped(prefix: str, parts: list[str]) -> list[str]:
    # Lines break between parts, never within one.
    whole = ", ".join(part.replace(" ", "\0") for part in parts)
    return wrapped(whole, prefix).replace("\0", " ").split("\n") if parts else []


def summary(
    reporter: pytest.TerminalReporter,
    results: Sequence[Result],
    review: WaiverReview,
    folder: Path | None,
) -> None:
    """Everything after pytest's own failures."""
    _unexpected(reporter)
    _advice(reporter, results)
    reporter.write_sep("=", "verdicts by area")
    for area, some in groupby(results, key=lambda result: result.area):
        reporter.write_line(area, bold=True)
        for result in some:
            _line(reporter, result)
    _waivers(reporter, review)
    counts = Counter(word(result) for result in results)
    total = ", ".join(f"{counts[name]} {name}" for name in _LETTERS if counts[name])
    reporter.write_line(wrapped(f"{len(results)} controls: {total}"), bold=True)
    if folder:
        reporter.write_line(f"reports: {folder}/junit.xml, {folder}/report.json")


def note(reporter: pytest.TerminalReporter, text: str) -> None:
    """What to know before a command is pasted, if anything."""
    if text:
        reporter.write_line(wrapped(text))


def _line(reporter: pytest.TerminalReporter, result: Result) -> None:
    name = word(result)
    reporter.write(f"  {name:<14} ", **{_MARKUP[name]: True})
    reporter.write_line(f"{result.control:<34} {_judged(result)}".rstrip())
    if result.reason:
        reporter.write_line(wrapped(result.reason, " " * 19), light=True)


def _judged(result: Result) -> str:
    if result.verdict in (Verdict.NOT_APPLICABLE, Verdict.UNKNOWN) or not result.judged:
        return ""
    return f"{len(result.judged)} judged"


def _unexpected(reporter: pytest.TerminalReporter) -> None:
    """Where controls broke; pytest itself shows no traceback but of what it calls a failure."""
    broken = [r for r in reporter.getreports("unknown") if TRACEBACK in dict(r.sections)]
    if not broken or reporter.config.option.tbstyle == "no":
        return
    reporter.write_sep("=", "errors in controls (they say nothing about the cluster)")
    for report in broken:
        reporter.write_sep("_", report.nodeid)
        for title, text in report.sections:
            reporter.write_line(text if title == TRACEBACK else f"-- {title}\n{text}")


def _advice(reporter: pytest.TerminalReporter, results: Iterable[Result]) -> None:
    advised = [r for r in results if word(r) in (ADVICE, Verdict.WAIVED.value)]
    if not advised:
        return
    reporter.write_sep("=", "advice and waived findings (they do not fail the run)")
    for result in advised:
        reporter.write_line(f"{result.control}: {result.title}", bold=True)
        reporter.write_line(explain_findings(result.findings))
        reporter.write_line("")


def _waivers(reporter: pytest.TerminalReporter, review: WaiverReview) -> None:
    for waiver in review.expired:
        end = f"ended on {waiver.expires}: renew it or remove it"
        reporter.write_line(wrapped(f"{_named(waiver)} {end}"), yellow=True)
    for waiver in review.unmatched:
        reporter.write_line(wrapped(f"{_named(waiver)} met no finding: remove it"), yellow=True)


def _named(waiver: Waiver) -> str:
    return f"waiver of {waiver.control} on {waiver.resource}"

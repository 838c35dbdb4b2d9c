"""report.json: the run as data, of the form that report.schema.json publishes."""

from __future__ import annotations

import datetime
import json
import os
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pytest_eksconform.run import Run
from pytest_eksconform.verdicts import Result, Verdict
from pytest_eksconform.waivers import Waiver, WaiverReview

FORMAT = 1
"""Raised when a reader of the report would have to change."""
SCHEMA = Path(__file__).with_name("report.schema.json")


def document(
    run: Run,
    results: Sequence[Result],
    review: WaiverReview,
    started: datetime.datetime,
    exit_code: int,
) -> dict[str, Any]:
    """The report of a run, as plain data."""
    finished = datetime.datetime.now(datetime.UTC)
    return {
        "format": FORMAT,
        "tool": {"name": "pytest-eksconform", "version": version("pytest-eksconform")},
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((finished - started).total_seconds(), 1),
        "exit_code": exit_code,
        "cluster": run.cluster.as_dict(),
        "provenance": dict(run.target.provenance),
        "lacks": dict(run.target.lacks),
        "tier": run.allowed_tier,
        "fail_on": run.judge.fail_on,
        "counts": {v.value: n for v, n in _counts(results).items()},
        "controls": [result.as_dict() for result in results],
        "waivers": {
            "expired": [_waiver(w) for w in review.expired],
            "unmatched": [_waiver(w) for w in review.unmatched],
        },
        "read": what_was_read(run),
    }


def _counts(results: Sequence[Result]) -> dict[Verdict, int]:
    counts = Counter(result.verdict for result in results)
    return {verdict: counts[verdict] for verdict in Verdict}


def _waiver(waiver: Waiver) -> dict[str, str]:
    return {name: str(value) for name, value in waiver.__dict__.items()}


def what_was_read(run: Run) -> dict[str, Any]:
    """The sections of the snapshot with what each cost, and the sums."""
    entries = run.store.read_so_far()
    sections = {
        name: {**entry.calls, "seconds": entry.seconds, "error": entry.error}
        for name, entry in sorted(entries.items())
    }
    sums = {
        key: sum(entry.calls[key] for entry in entries.values())
        for key in ("aws", "kubernetes", "bytes")
    }
    return {"totals": sums, "sections": sections}


def write(path: Path, report: dict[str, Any]) -> None:
    """Write `report` to `path`, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    temporary = path.with_suffix(".json.new")
    try:
        temporary.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise

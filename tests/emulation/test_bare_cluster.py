"""On a cluster where nothing runs, nothing passes that has nothing to judge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_eksconform.testing import emulated, run_controls
from pytest_eksconform.verdicts import Result, Verdict

pytestmark = pytest.mark.emulation
NEED_NODES_OR_WORKLOADS = {"addons", "autoscaling", "dns", "imds", "nodes"}
NOT_THERE = (
    "node",
    "instance",
    "launch template",
    "add-on",
    "deployment",
    "pod",
    "service account",
)


@pytest.fixture(scope="module")
def results() -> Iterator[dict[str, Result]]:
    with emulated(blueprint="bare") as eks:
        yield run_controls(eks.target)


def test_areas_without_anything_to_judge_do_not_pass(results: dict[str, Result]):
    passed = {r.area for r in results.values() if r.verdict is Verdict.PASSED}
    assert passed & NEED_NODES_OR_WORKLOADS == set()


def test_passes_judge_only_what_is_there(results: dict[str, Result]):
    judged = [name for r in results.values() if r.verdict is Verdict.PASSED for name in r.judged]
    assert judged
    assert [name for name in judged if name.startswith(NOT_THERE)] == []


def test_not_applicable_gives_its_reason(results: dict[str, Result]):
    reasons = {r.control: r.reason for r in results.values() if r.verdict is Verdict.NOT_APPLICABLE}
    assert reasons
    assert all(reasons.values())


def test_missing_is_no_reason_for_unknown(results: dict[str, Result]):
    unknown = {r.control: r.reason for r in results.values() if r.verdict is Verdict.UNKNOWN}
    assert unknown == {}

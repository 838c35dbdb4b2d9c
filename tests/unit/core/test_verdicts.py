from __future__ import annotations

import datetime
import json

import pytest

from pytest_eksconform import CouldNotRead, NotApplicable, Result, Verdict
from pytest_eksconform.catalogue import Control
from pytest_eksconform.findings import SEVERITIES
from pytest_eksconform.verdicts import Judge
from pytest_eksconform.waivers import Waiver

SHIPPED = Control("imds-x", "imds", severity="high")
OWN = Control("acme/x", "acme")
FOREVER = datetime.date(2999, 1, 1)


def verdict(control=OWN, judge=None, judged=("node a",), findings=(), error=None):
    judge = judge or Judge()
    return judge.verdict(control, judged=judged, findings=findings, error=error)


def test_judged_without_findings_is_passed():
    assert (verdict().verdict, verdict().gating) == (Verdict.PASSED, False)


def test_nothing_judged_is_unknown_and_no_pass():
    result = verdict(judged=())
    assert (result.verdict, result.gating) == (Verdict.UNKNOWN, True)
    assert "judged no resource" in result.reason


def test_findings_are_failed_and_counted_in_the_reason(finding):
    result = verdict(findings=[finding(resource="node a", symptom="is off"), finding()])
    assert result.verdict is Verdict.FAILED
    assert result.reason == "node a: is off (and 1 more)"


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("fail_on", SEVERITIES)
def test_finding_gates_from_the_asked_severity_on(finding, severity, fail_on):
    result = verdict(judge=Judge(fail_on), findings=[finding(severity=severity)])
    assert result.gating is (SEVERITIES.index(severity) >= SEVERITIES.index(fail_on))
    assert result.verdict is Verdict.FAILED


def test_failed_assert_is_failed_in_a_users_control_and_a_bug_in_a_shipped_one():
    error = AssertionError("assert 1 == 2\n  more")
    assert verdict(OWN, error=error).verdict is Verdict.FAILED
    assert verdict(OWN, error=error).reason == "assert 1 == 2"
    assert verdict(SHIPPED, error=error).verdict is Verdict.UNKNOWN


def test_any_other_error_is_unknown_whatever_was_found(finding):
    result = verdict(findings=[finding()], error=KeyError("x"))
    assert (result.verdict, result.gating) == (Verdict.UNKNOWN, True)
    assert result.reason == "KeyError: 'x'"


def test_missing_permission_is_named():
    error = CouldNotRead("the add-ons", "ListAddons answered AccessDenied", "eks:ListAddons")
    result = verdict(error=error)
    assert (result.verdict, result.permission) == (Verdict.UNKNOWN, "eks:ListAddons")
    assert result.reason == (
        "could not read the add-ons: ListAddons answered AccessDenied; "
        "missing permission: eks:ListAddons"
    )


def test_not_applicable_does_not_gate():
    result = verdict(error=NotApplicable("no nodes"))
    assert (result.verdict, result.reason, result.gating) == (
        Verdict.NOT_APPLICABLE,
        "no nodes",
        False,
    )


def test_waived_says_why_and_until_when_and_keeps_the_findings(finding):
    judge = Judge(waivers=(Waiver("acme/x", "*", "by choice", FOREVER),))
    result = verdict(judge=judge, findings=[finding(control="acme/x")])
    assert (result.verdict, result.gating) == (Verdict.WAIVED, False)
    assert result.reason == "by choice (until 2999-01-01)"
    assert len(result.findings) == 1


def test_unknown_is_never_waived(finding):
    judge = Judge(waivers=(Waiver("acme/x", "*", "by choice", FOREVER),))
    result = verdict(judge=judge, findings=[finding(control="acme/x")], error=OSError("x"))
    assert result.verdict is Verdict.UNKNOWN


def test_result_survives_the_way_through_json(finding):
    result = verdict(findings=[finding()])
    assert Result.from_dict(json.loads(json.dumps(result.as_dict()))) == result

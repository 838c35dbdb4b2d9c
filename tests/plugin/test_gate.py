"""When a run fails: severity, waivers, and pytest's exit codes."""

from __future__ import annotations

import pytest

ADVICE = """
import pytest

@pytest.mark.eks_control("acme/advised", severity="advice")
def test_advised(eks_findings):
    eks_findings.add(
        "node a", reason="old", symptom="s", cause="c", confirm="kubectl get nodes", fix="f"
    )
"""
SKIPPED = """
import pytest

@pytest.mark.eks_control("acme/skipped")
def test_skipped(eks_findings):
    eks_findings.not_applicable("nothing here")
"""
WAIVER = """
[[waivers]]
control = "acme/{control}"
reason = "by choice"
expires = 2999-01-01
"""


def test_run_of_passes_ends_with_0(aws, run, own_control, verdicts):
    own_control()
    result = run("--eks-report=report", "test_acme.py")
    assert result.ret == pytest.ExitCode.OK
    assert verdicts() == {"acme/nodes-exist": "passed"}


def test_run_of_nothing_applicable_ends_with_5(aws, run, own_control, report):
    own_control(SKIPPED)
    result = run("--eks-report=report", "test_acme.py")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert report()["exit_code"] == 5


def test_ordinary_test_that_passed_keeps_exit_code_0(aws, run, own_control):
    own_control(SKIPPED + "\n\ndef test_ordinary():\n    assert True\n")
    assert run("test_acme.py").ret == pytest.ExitCode.OK


def test_advice_does_not_fail_the_run(aws, run, own_control):
    own_control(ADVICE)
    result = run("test_acme.py")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["  advice         acme/advised*"])


def test_advice_fails_the_run_when_asked(aws, run, own_control, report):
    own_control(ADVICE)
    result = run("--eks-fail-on=advice", "--eks-report=report", "test_acme.py")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert report()["fail_on"] == "advice"
    assert report()["controls"][0]["gating"]


def test_finding_below_the_gate_does_not_fail_the_run(aws, run, own_control):
    own_control(ADVICE.replace("advice", "high"))
    assert run("--eks-fail-on=critical", "test_acme.py").ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    ("strict", "ends"), [("true", pytest.ExitCode.TESTS_FAILED), ("false", pytest.ExitCode.OK)]
)
def test_unmatched_waiver_fails_only_when_strict(aws, run, pytester, own_control, strict, ends):
    own_control()
    pytester.makeini(f"[pytest]\neks_strict_waivers = {strict}")
    pytester.makefile(".toml", eksconform=WAIVER.format(control="nodes-exist"))
    result = run("test_acme.py")
    assert result.ret == ends
    assert "waiver of acme/nodes-exist on * met no finding: remove it" in result.stdout.str()


def test_waiver_of_a_control_that_did_not_run_is_not_unmatched(aws, run, pytester, own_control):
    own_control()
    pytester.makeini("[pytest]\neks_strict_waivers = true")
    pytester.makefile(".toml", eksconform=WAIVER.format(control="elsewhere"))
    result = run("test_acme.py")
    assert result.ret == pytest.ExitCode.OK
    assert "met no finding" not in result.stdout.str()


def test_waiver_for_another_cluster_has_no_effect_here(aws, run, pytester, own_control, verdicts):
    own_control(ADVICE.replace("advice", "high"))
    table = WAIVER.format(control="advised").replace("waivers", "clusters.{}.waivers")
    pytester.makefile(".toml", eksconform=table.format("other"))
    assert run("test_acme.py").ret == pytest.ExitCode.TESTS_FAILED
    pytester.makefile(".toml", eksconform=table.format("prod"))
    assert run("--eks-report=report", "test_acme.py").ret == pytest.ExitCode.OK
    assert verdicts() == {"acme/advised": "waived"}

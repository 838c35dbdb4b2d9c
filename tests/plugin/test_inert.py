"""Without a target the plugin is not there; and looking around touches nothing."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import TARGET

SESSION_FIXTURES = ("eks_cluster", "eks_aws", "eks_kube", "eks_snapshot", "eks_expectations")


def test_without_target_tests_run_controls_are_skipped_and_nothing_is_said(
    aws, pytester, own_control, workers
):
    own_control()
    pytester.makepyfile("def test_ordinary(): pass")
    result = pytester.runpytest_inprocess("-rs", workers)
    result.assert_outcomes(passed=1, skipped=1)
    (reason,) = [x for x in result.outlines if "SKIPPED" in x]
    assert reason.endswith("no cluster to check: give --eks-cluster=NAME or --eks-emulate")
    said = [x for x in result.outlines if "eksconform" in x and not x.startswith("plugins:")]
    assert said == [reason]
    assert aws.requests == []


@pytest.mark.parametrize("fixture", SESSION_FIXTURES)
def test_without_target_a_test_with_our_fixtures_is_skipped(pytester, fixture):
    pytester.makepyfile(f"def test_x({fixture}): raise AssertionError('must not run')")
    pytester.runpytest_inprocess().assert_outcomes(skipped=1)


@pytest.mark.parametrize(
    "option", ["--collect-only", "--help", "--markers", "--fixtures", "--fixtures-per-test"]
)
@pytest.mark.parametrize("target", [(), (TARGET, "--eks-report=report")])
def test_looking_around_touches_nothing(aws, pytester, own_control, option, target):
    own_control()
    result = pytester.runpytest_inprocess(*target, option, "test_acme.py")
    assert result.ret == pytest.ExitCode.OK, result.stdout.str() + result.stderr.str()
    assert aws.requests == []
    assert not (pytester.path / "report").exists()


def test_collecting_with_xdist_touches_nothing(aws, run, own_control):
    own_control()
    run("--collect-only", "-n2", "test_acme.py")
    assert aws.requests == []


def test_help_names_every_option(pytester):
    result = pytester.runpytest_inprocess("--help")
    for option in ("--eks-cluster=NAME", "--eks-emulate=*", "--eks-fail-on=*", "--eks-report=DIR"):
        result.stdout.fnmatch_lines([f"*{option}*"])


def test_fixtures_are_documented(pytester):
    text = pytester.runpytest_inprocess("--fixtures").stdout.str()
    for fixture in (*SESSION_FIXTURES, "eks_findings"):
        assert f"{fixture} " in text or f"{fixture}\n" in text, fixture
    assert "_eks_run" not in text

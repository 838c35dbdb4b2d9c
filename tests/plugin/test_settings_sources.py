"""Command line before environment before ini, and the header says which it was."""

from __future__ import annotations

import pytest


def test_command_line_wins_over_environment_over_ini(aws, pytester, own_control, monkeypatch):
    own_control()
    pytester.makeini("[pytest]\neks_cluster = from-ini\neks_fail_on = critical\neks_tier = observe")
    monkeypatch.setenv("EKSCONFORM_CLUSTER", "from-environment")
    monkeypatch.setenv("EKSCONFORM_FAIL_ON", "high")
    result = pytester.runpytest_inprocess("--eks-cluster=prod", "test_acme.py")
    text = " ".join(result.stdout.str().split())
    assert "cluster=prod (command line)" in text
    assert "fail_on=high (environment)" in text
    assert "tier=observe (ini)" in text


def test_target_may_come_from_the_ini_file(aws, pytester, own_control):
    own_control()
    pytester.makeini("[pytest]\neks_cluster = prod")
    result = pytester.runpytest_inprocess("test_acme.py")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["eksconform: cluster=prod (ini)"])


def test_wrong_value_names_its_source(refused, monkeypatch):
    monkeypatch.setenv("EKSCONFORM_TIER", "harmless")
    assert refused().startswith("--eks-tier=harmless (from environment) is unknown")


def test_two_targets_name_their_sources(refused, pytester):
    pytester.makeini("[pytest]\neks_emulate = kwok")
    assert refused("--eks-cluster=prod").endswith("(from command line and ini)")


def test_profile_and_region_reach_the_commands(
    aws, run, pytester, own_control, report, monkeypatch
):
    own_control(
        "import pytest\n"
        "@pytest.mark.eks_control('acme/x')\n"
        "def test_x(eks_findings, eks_aws, eks_cluster):\n"
        "    assert eks_aws.region == eks_cluster.region == 'us-west-2'\n"
        "    eks_findings.add('a', reason='r', symptom='s', cause='c', fix='f',\n"
        "        confirm='aws eks list-clusters')\n"
    )
    config = "[profile team]\naws_access_key_id = a\naws_secret_access_key = b\n"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(pytester.makefile(".ini", aws=config)))
    options = ("--eks-aws-profile=team", "--eks-region=us-west-2", "--eks-report=report")
    run(*options, "test_acme.py")
    (finding,) = report()["controls"][0]["findings"]
    assert finding["confirm"] == "aws eks list-clusters --region us-west-2 --profile team"

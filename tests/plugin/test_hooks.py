"""Teams and plugins add to the project by hooks."""

from __future__ import annotations

import pytest

CONFTEST = """
from pathlib import Path
from pytest_eksconform import Expectation, Rights, Section

def pytest_eksconform_sections(config):
    return [Section("acme_tags", "Acme's tags", lambda reader: [reader.cluster], Rights())]

def pytest_eksconform_expectations(config):
    return [Expectation("acme.owner", str, "who is called")]

def pytest_eksconform_catalogues(config):
    return [Path(__file__).parent / "elsewhere"]
"""
CONTROL = """
import pytest

@pytest.mark.eks_control("acme/owned", reads=("acme_tags",))
def test_owned(eks_snapshot, eks_findings, eks_expectations, eks_cluster, eks_kube):
    assert eks_snapshot.read("acme_tags") == [eks_cluster.name]
    assert eks_expectations.get("acme.owner") == "platform"
    assert eks_kube.get("/version")["gitVersion"] == "v1.35.4"
    eks_findings.judged(f"cluster {eks_cluster.name}")
"""


def test_hooks_add_sections_expectations_and_catalogues(
    aws, run, pytester, own_control, verdicts, workers
):
    pytester.makeconftest(CONFTEST)
    pytester.makefile(".toml", eksconform='[acme]\nowner = "platform"')
    elsewhere = pytester.mkdir("elsewhere") / "test_more.py"
    elsewhere.write_text(CONTROL.replace("acme/owned", "acme/elsewhere"))
    own_control(CONTROL)
    # An id that only the added catalogue knows is no usage error.
    result = run("--eks-report=report", workers, "--eks-ignore=acme/elsewhere", "test_acme.py")
    assert result.ret == pytest.ExitCode.OK, result.stdout.str() + result.stderr.str()
    assert verdicts() == {"acme/owned": "passed"}


def test_hook_gives_the_target(aws, pytester, own_control):
    own_control()
    pytester.makeconftest(
        "from pytest_eksconform.target import Target\n"
        "def pytest_eksconform_target(config): return Target('prod')\n"
    )
    result = pytester.runpytest_inprocess("test_acme.py")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["eksconform: cluster prod*"])


def test_users_setup_hook_that_fails_first_is_unknown(aws, run, pytester, own_control, verdicts):
    own_control()
    pytester.makeconftest(
        "import pytest\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_runtest_setup(item): raise RuntimeError('not today')\n"
    )
    assert run("--eks-report=report", "test_acme.py").ret == pytest.ExitCode.TESTS_FAILED
    assert verdicts() == {"acme/nodes-exist": "unknown"}


def test_given_junit_file_wins(aws, run, pytester, own_control):
    own_control()
    run("--eks-report=report", "--junitxml=mine.xml", "test_acme.py")
    assert (pytester.path / "mine.xml").exists()
    assert sorted(p.name for p in (pytester.path / "report").iterdir()) == ["report.json"]

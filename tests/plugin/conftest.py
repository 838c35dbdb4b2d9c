"""Pytest in pytest, against a stub: what a user sees.

Inner runs without xdist are made in this process, which spares the imports; those with ``-n2``
start workers of their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3  # noqa: F401 - loaded once, not again by every inner run
import kubernetes.client  # noqa: F401
import pytest

from tests.plugin.stub_eks import REGION, StubEks

TARGET = "--eks-cluster=prod"
OWN_CONTROL = '''
import kubernetes.client  # noqa: F401
import pytest

@pytest.mark.eks_control("acme/nodes-exist", severity="high", reads=("nodes",))
def test_nodes_exist(eks_snapshot, eks_findings):
    """The cluster has nodes."""
    nodes = eks_snapshot.read("nodes")
    if not nodes:
        eks_findings.not_applicable("no nodes")
    for node in nodes:
        eks_findings.judged(f"node {node['metadata']['name']}")
'''
FOREIGN = ("PYTEST_ADDOPTS", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION")


@pytest.fixture
def stub() -> Iterator[StubEks]:
    """The scripted AWS and Kubernetes API."""
    server = StubEks()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the developer's own configuration takes part."""
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)
    nowhere = str(tmp_path / "no-aws-configuration")
    monkeypatch.setenv("AWS_CONFIG_FILE", nowhere)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def aws(stub: StubEks, monkeypatch: pytest.MonkeyPatch) -> StubEks:
    """The stub, with credentials and endpoint in the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stub.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stub-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "stub-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    return stub


@pytest.fixture
def own_control(pytester: pytest.Pytester) -> Callable[..., Path]:
    """Write a test file with controls of a user; by default one that passes."""

    def write(source: str = OWN_CONTROL) -> Path:
        return pytester.makepyfile(test_acme=source)

    return write


@pytest.fixture(params=["-n0", "-n2"])
def workers(request: pytest.FixtureRequest) -> str:
    """Without and with xdist."""
    return str(request.param)


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run pytest on the cluster ``prod``; give the options and paths."""

    def on_prod(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess(TARGET, *arguments)

    return on_prod


@pytest.fixture
def refused(pytester: pytest.Pytester) -> Callable[..., str]:
    """Run pytest, which must refuse in one line with exit code 4; gives the line."""

    def line_of(*arguments: str) -> str:
        result = pytester.runpytest_inprocess(*arguments)
        said = [line for line in result.errlines if line.strip()]
        assert result.ret == pytest.ExitCode.USAGE_ERROR, result.stdout.str()
        assert len(said) == 1, said
        assert "INTERNALERROR" not in result.stdout.str()
        assert "Traceback" not in result.stdout.str()
        return said[0].removeprefix("ERROR: ")

    return line_of


@pytest.fixture
def report(pytester: pytest.Pytester) -> Callable[[], Any]:
    """The JSON report that a run with ``--eks-report=report`` wrote."""
    return lambda: json.loads((pytester.path / "report" / "report.json").read_text())


@pytest.fixture
def verdicts(report: Callable[[], Any]) -> Callable[[], dict[str, str]]:
    """The verdicts in that report, by id."""
    return lambda: {c["control"]: c["verdict"] for c in report()["controls"]}

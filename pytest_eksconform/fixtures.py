"""The fixtures for controls; their docstrings are what ``pytest --fixtures`` shows."""

from __future__ import annotations

import pytest

from pytest_eksconform.clients.aws import AwsClients
from pytest_eksconform.clients.kubernetes import KubernetesApi
from pytest_eksconform.expectations import Expectations
from pytest_eksconform.findings import Findings
from pytest_eksconform.run import Run
from pytest_eksconform.snapshot import Snapshot
from pytest_eksconform.state import CONTROL, FINDINGS, RUN
from pytest_eksconform.target import EksCluster

NO_TARGET = "no cluster to check: give --eks-cluster=NAME or --eks-emulate"


@pytest.fixture(scope="session")
def _eks_run(pytestconfig: pytest.Config) -> Run:
    run = pytestconfig.stash.get(RUN, None)
    if run is None:
        pytest.skip(NO_TARGET)
    return run


@pytest.fixture(scope="session")
def eks_cluster(_eks_run: Run) -> EksCluster:
    """Facts of the cluster: name, ARN, region, account, Kubernetes version."""
    return _eks_run.cluster


@pytest.fixture(scope="session")
def eks_aws(_eks_run: Run) -> AwsClients:
    """Factory of boto3 clients for the cluster's account: ``eks_aws("ec2")``."""
    return _eks_run.aws


@pytest.fixture(scope="session")
def eks_kube(_eks_run: Run) -> KubernetesApi:
    """The cluster's Kubernetes API, read-only: ``eks_kube.list("/api/v1/nodes")``."""
    return _eks_run.kube


@pytest.fixture(scope="session")
def eks_expectations(_eks_run: Run) -> Expectations:
    """What the team expects of this cluster (eksconform.toml)."""
    return _eks_run.expectations


@pytest.fixture
def eks_snapshot(_eks_run: Run, request: pytest.FixtureRequest) -> Snapshot:
    """All that is read of the cluster, at most once a run: ``eks_snapshot.read("nodes")``."""
    return _eks_run.snapshot_for(request.node.stash.get(CONTROL, None))


@pytest.fixture
def eks_findings(_eks_run: Run, request: pytest.FixtureRequest) -> Findings:
    """Where a control says what it judged and what it found."""
    control = request.node.stash.get(CONTROL, None)
    if control is None:
        pytest.fail("eks_findings needs @pytest.mark.eks_control(…) on the test", pytrace=False)
    findings: Findings = request.node.stash[FINDINGS]
    return findings

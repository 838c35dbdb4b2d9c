"""In an emulated run nothing that speaks AWS can reach the real one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import boto3
import pytest

from pytest_eksconform.target import applied_environment
from pytest_eksconform.testing import EmulatedEks, target_of

pytestmark = pytest.mark.emulation
SERVICES = ("autoscaling", "ec2", "eks", "iam", "kms", "logs", "s3", "sqs", "sts")


@pytest.fixture
def users_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a shell that is logged in to the real AWS may carry."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.eu-west-1.amazonaws.com")


def test_clients_of_a_users_own_tests_stay_on_loopback(users_environment, emulation):
    with applied_environment(target_of(emulation).environment):
        urls = {s: boto3.Session().client(s).meta.endpoint_url for s in SERVICES}
        identity = boto3.Session().client("sts").get_caller_identity()
    assert {s: u for s, u in urls.items() if not u.startswith("http://127.0.0.1:")} == {}
    assert identity["Arn"].endswith(":user/eksconform-runner")


def test_the_environment_is_the_users_again_afterwards(users_environment, emulation):
    with applied_environment(target_of(emulation).environment):
        assert os.environ["AWS_PROFILE"] == "eksconform"
    assert os.environ["AWS_PROFILE"] == "production"
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == "real"


def test_no_key_is_in_a_variable_of_the_run(eks: EmulatedEks, emulation):
    secrets = {emulation.runner.secret_access_key, emulation.admin.secret_access_key}
    assert secrets.isdisjoint(eks.target.environment.values())
    assert secrets.isdisjoint(v for tool in eks.target.variables.values() for v in tool.values())


def test_kubectl_and_the_aws_cli_work_from_the_run_s_files(eks: EmulatedEks):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    config = eks.target.variables["kubectl"]["KUBECONFIG"]
    assert Path(config).stat().st_mode & 0o077 == 0
    done = subprocess.run(
        ["kubectl", "--kubeconfig", config, "get", "nodes", "-o", "name"],
        env=kept,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.startswith("node/"), done.stderr
